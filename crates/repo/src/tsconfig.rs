//! A tsconfig.json: where TypeScript and the bundlers that read it look for modules.

use crate::{Input, Lowered};
use twiceshy_source::{FileId, Place};
use twiceshy_syntax::json::{self, Value};

/// A `tsconfig.json`, `jsconfig.json` or `tsconfig.NAME.json`.
#[derive(Debug)]
pub struct TsConfig {
    /// The file.
    pub file: FileId,
    /// What it builds on, as written.
    pub extends: Vec<String>,
    /// Where names that are not relative are looked for first, as written.
    pub base_url: Option<String>,
    /// Patterns of module names and where they lead.
    pub paths: Vec<Alias>,
    /// Whether several directories count as one (`rootDirs`): a relative import may lead to another of them.
    pub has_root_dirs: bool,
    /// Whether imports stay as written, also those of types (`verbatimModuleSyntax` and what it replaced).
    pub keeps_imports: bool,
    /// Other configurations that are part of this one, as written.
    pub references: Vec<String>,
    /// Where the compiled files go, as written.
    pub out_dir: Option<String>,
}

/// A pattern of module names (`@/*`) and the paths that it stands for.
#[derive(Debug)]
pub struct Alias {
    /// The pattern; at most one `*`.
    pub pattern: String,
    /// Where its key stands.
    pub place: Place,
    /// Paths, tried in order; a `*` is what the pattern's `*` matched.
    pub targets: Vec<String>,
}

pub(crate) fn lower(input: Input<'_>, out: &mut Lowered) {
    let json = json::parse(input.text());
    let is_template = input.text().contains("{{");
    out.flaws.extend(json.flaws.into_iter().filter(|_| !is_template));
    let options = json.root.get("compilerOptions");
    let option = |name: &str| options.and_then(|options| options.get(name));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let paths = option("paths").map_or(&[][..], Value::entries).iter().map(|(pattern, targets)| Alias {
        pattern: pattern.text.clone(),
        place: Place::new(input.file, pattern.span),
        targets: targets.strings().map(str::to_owned).collect(),
    });
    let references = json.root.get("references").map_or(&[][..], Value::items);
    out.tsconfigs.push(TsConfig {
        file: input.file,
        extends: json.root.get("extends").into_iter().flat_map(Value::strings).map(str::to_owned).collect(),
        base_url: text(option("baseUrl")),
        paths: paths.collect(),
        has_root_dirs: option("rootDirs").is_some(),
        keeps_imports: ["verbatimModuleSyntax", "preserveValueImports"]
            .iter()
            .any(|name| option(name).and_then(Value::as_bool) == Some(true)),
        references: references.iter().filter_map(|reference| text(reference.get("path"))).collect(),
        out_dir: text(option("outDir")),
    });
}
