//! A lint as a SARIF rule: its README is the help.

use super::model::{Configuration, Level, Message, Rule, RuleProperties};
use twiceshy_lint::{Entry, Level as LintLevel};

pub(super) fn of(lint: &Entry) -> Rule {
    let meta = &lint.meta;
    let summary = plain(&meta.summary());
    let (precision, problem_severity) = match meta.level {
        LintLevel::Error => ("very-high", "error"),
        LintLevel::Warn => ("high", "warning"),
        LintLevel::Pedantic => ("medium", "recommendation"),
    };
    Rule {
        id: lint.name.clone(),
        name: pascal_case(&lint.name),
        full_description: Message::text(introduction(meta.readme).map_or_else(|| summary.clone(), |text| plain(&text))),
        short_description: Message::text(summary),
        help: Message { text: plain(meta.readme), markdown: Some(meta.readme.to_owned()) },
        default_configuration: Configuration {
            level: Level::of(meta.level),
            enabled: meta.level != LintLevel::Pedantic,
        },
        properties: RuleProperties {
            tags: vec![meta.group.name()],
            group: meta.group.name(),
            precision,
            problem_severity,
        },
    }
}

/// The text between a README's title and its first section, as one paragraph.
fn introduction(readme: &str) -> Option<String> {
    let lines = readme.lines().skip_while(|line| line.is_empty() || line.starts_with("# "));
    let text: Vec<&str> = lines.take_while(|line| !line.starts_with('#') && !line.starts_with("```")).collect();
    let text = text.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// Markdown for where none is understood: without backticks around words and emphasis.
fn plain(markdown: &str) -> String {
    let lines = markdown
        .lines()
        .map(|line| if line.starts_with("```") { line.to_owned() } else { line.replace(['`'], "").replace("**", "") });
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

fn pascal_case(name: &str) -> String {
    let word = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + chars.as_str())
    };
    name.split('-').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readme_introduces_its_lint() {
        let readme = "# x-y\n\nIt *fails*. It\nstays `down`.\n\nAnd more.\n\n## Example\n";
        assert_eq!(introduction(readme).as_deref(), Some("It *fails*. It stays `down`. And more."));
        assert_eq!(introduction("# x\n\n## Example\n"), None);
        assert_eq!(pascal_case("loop-ends-script"), "LoopEndsScript");
    }
}
