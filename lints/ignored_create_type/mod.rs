//! Finds enumerations that `op.create_table` creates although an earlier revision has created them.

use serde::Deserialize;
use twiceshy_lint::{Finding, Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, EnumAgain, EnumType, Place, Repo, Requirement, Version};

/// It has no options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct IgnoredCreateType {}

/// From this version on `sa.Enum` knows `create_type`, and creates a type with its metadata.
const HONOURS: Version = [2, 1, 0];

/// A revision with this many after it has run wherever it will run, but for installations that lie that far behind.
const HISTORY: usize = 20;

impl Lint for IgnoredCreateType {
    type Subject = Repo;
    const META: Meta = meta!(Error, Deploy, Python, from Python | Requirements);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let again = repo.enums_met_again();
        for it in &again {
            let file = it.migration.file;
            if !speaks_postgres(repo, it) {
                continue;
            }
            let sqlalchemy = repo.python_package(file, "sqlalchemy");
            let Some(verdict) = verdict(it.enumeration, sqlalchemy) else { continue };
            let name = &it.name;
            let is_here = std::ptr::eq(it.creator, it.migration);
            let who = if is_here { "this revision".to_owned() } else { format!("revision {}", it.creator.revision) };
            let message =
                format!("`upgrade` fails here with DuplicateObject: {who} has created the type `{name}` by then");
            let finding = found.at(it.enumeration.place, message);
            finding.label(format!("sends CREATE TYPE {name} once more"));
            finding.related(
                it.created,
                if is_here { "created here".to_owned() } else { format!("created here, in {}", it.creator.revision) },
            );
            explain(finding, it, verdict, sqlalchemy);
            if let Some(edits) = edits(it) {
                finding.suggest("use the type that is there", edits);
            }
        }
    }
}

/// Why the type is created again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing says that it should not be.
    Asked,
    /// `create_type=False` is not heard.
    Ignored,
    /// It is heard from 2.1 on, and the version is not known.
    Depends,
    /// `metadata=` keeps it away up to 2.0, and this is 2.1.
    Metadata,
}

fn verdict(it: &EnumType, sqlalchemy: Option<&Requirement>) -> Option<Verdict> {
    let is_old = sqlalchemy.is_some_and(|need| need.is_below(HONOURS));
    let is_new = sqlalchemy.is_some_and(|need| need.is_from(HONOURS));
    let declines = it.create_type.is_some_and(|(create, _)| !create);
    match (it.is_varchar, it.is_postgres, declines, it.has_metadata) {
        (true, ..) | (_, true, true, _) => None,
        (_, true, ..) => Some(Verdict::Asked),
        (_, false, _, true) => (is_new && !declines).then_some(Verdict::Metadata),
        (_, false, false, false) => Some(Verdict::Asked),
        (_, false, true, false) if is_old => Some(Verdict::Ignored),
        (_, false, true, false) if is_new => None,
        (_, false, true, false) => Some(Verdict::Depends),
    }
}

fn explain(finding: &mut Finding, it: &EnumAgain<'_>, verdict: Verdict, sqlalchemy: Option<&Requirement>) {
    match verdict {
        Verdict::Asked => {}
        Verdict::Ignored => {
            finding.note("`sa.Enum` drops `create_type=False` without a word up to SQLAlchemy 2.0; only `postgresql.ENUM` hears it");
        }
        Verdict::Depends => {
            finding.level(Level::Warn);
            finding.note(
                "SQLAlchemy up to 2.0 drops `create_type=False` of `sa.Enum` without a word, 2.1 hears it; which one runs here is not pinned",
            );
        }
        Verdict::Metadata => {
            finding.note("`metadata=` kept the type from being created up to SQLAlchemy 2.0; from 2.1 on it does not");
        }
    }
    if let Some(need) = sqlalchemy.filter(|_| verdict != Verdict::Asked) {
        let version = need.exact().map_or_else(|| "needed".to_owned(), |version| format!("{version} is installed"));
        finding.related(need.place, format!("SQLAlchemy: {version}"));
    }
    if it.later >= HISTORY {
        finding.level(Level::Pedantic);
        finding.note(format!("{} revisions follow: it fails only where a database stands before this one", it.later));
    }
    if it.with_table {
        finding.note(
            "an empty database (CI) passes: one run remembers the types that it has created; a database that stopped between the two revisions does not",
        );
    }
}

/// Whether PostgreSQL is meant at all: elsewhere an enumeration is no type of its own.
fn speaks_postgres(repo: &Repo, it: &EnumAgain<'_>) -> bool {
    let drivers = ["psycopg2", "psycopg2-binary", "psycopg", "psycopg-binary", "asyncpg", "pg8000"];
    let file = it.migration.file;
    it.migration.postgresql.is_some()
        || it.enumeration.is_postgres
        || drivers.iter().any(|driver| repo.python_package(file, driver).is_some())
}

/// `postgresql.ENUM(…, create_type=False)` and its import; `None` where the name of the import cannot be told.
fn edits(it: &EnumAgain<'_>) -> Option<Vec<Edit>> {
    let enumeration = it.enumeration;
    let mut edits = Vec::new();
    match enumeration.create_type {
        Some((true, place)) => edits.push(Edit { place, text: "False".into() }),
        Some((false, _)) => {}
        None => edits.push(Edit { place: enumeration.end_of_args, text: ", create_type=False".into() }),
    }
    if !enumeration.is_postgres {
        let module = match &it.migration.postgresql {
            Some(name) => name.clone(),
            None => {
                let after: Place = it.migration.imports_end?.after();
                edits.push(Edit { place: after, text: "\nfrom sqlalchemy.dialects import postgresql".into() });
                "postgresql".to_owned()
            }
        };
        edits.push(Edit { place: enumeration.callee, text: format!("{module}.ENUM") });
    }
    Some(edits)
}
