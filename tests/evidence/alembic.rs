//! SQLAlchemy, Alembic and PostgreSQL: enumerations that are created twice.

use super::postgres::{Postgres, must, python};
use crate::harness::{self, Files};
use std::collections::BTreeMap;
use std::path::Path;

/// The first revision's ways to create the type.
const WITH_TABLE: &str = "op.create_table('t1', sa.Column('s', sa.Enum('a', 'b', name='status')))";
const BY_ITSELF: &str = "sa.Enum('a', 'b', name='status').create(op.get_bind(), checkfirst=True)";
const BY_SQL: &str = "op.execute(\"CREATE TYPE status AS ENUM ('a', 'b')\")";
const GUARDED: &str = "op.execute('''DO $$ BEGIN CREATE TYPE status AS ENUM ('a', 'b'); \
                       EXCEPTION WHEN duplicate_object THEN null; END $$''')";

/// What the two revisions do, and whether the second fails on SQLAlchemy 2.0 and 2.1.
const CASES: &[(&str, &str, &str, bool, bool)] = &[
    ("plain", WITH_TABLE, "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status')))", true, true),
    (
        "create_type",
        WITH_TABLE,
        "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status', create_type=False)))",
        true,
        false,
    ),
    (
        "metadata",
        WITH_TABLE,
        "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status', metadata=sa.MetaData())))",
        false,
        true,
    ),
    (
        "postgres",
        WITH_TABLE,
        "op.create_table('t2', sa.Column('s', postgresql.ENUM('a', 'b', name='status')))",
        true,
        true,
    ),
    (
        "postgres_create_type",
        WITH_TABLE,
        "op.create_table('t2', sa.Column('s', postgresql.ENUM('a', 'b', name='status', create_type=False)))",
        false,
        false,
    ),
    (
        "varchar",
        WITH_TABLE,
        "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status', native_enum=False)))",
        false,
        false,
    ),
    (
        "variant",
        WITH_TABLE,
        "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status').with_variant(\
         postgresql.ENUM('a', 'b', name='status', create_type=False), 'postgresql')))",
        false,
        false,
    ),
    (
        "array",
        WITH_TABLE,
        "op.create_table('t2', sa.Column('s', postgresql.ARRAY(sa.Enum('a', 'b', name='status', create_type=False))))",
        true,
        false,
    ),
    ("add_column", WITH_TABLE, "op.add_column('t1', sa.Column('r', sa.Enum('a', 'b', name='status')))", false, false),
    (
        "dropped",
        "t1 = op.create_table('t1', sa.Column('s', sa.Enum('a', 'b', name='status')))",
        "op.drop_table('t1')\n    op.execute('DROP TYPE status')\n    \
         op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status')))",
        false,
        false,
    ),
    (
        "table_dropped",
        WITH_TABLE,
        "op.drop_table('t1')\n    op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status')))",
        true,
        true,
    ),
    (
        "renamed",
        WITH_TABLE,
        "op.execute('ALTER TYPE status RENAME TO old_status')\n    \
         op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status')))",
        false,
        false,
    ),
    (
        "twice_in_one_revision",
        "pass",
        "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status')))\n    \
         op.create_table('t3', sa.Column('s', sa.Enum('a', 'b', name='status')))",
        false,
        false,
    ),
    (
        "by_itself",
        BY_ITSELF,
        "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status', create_type=False)))",
        true,
        false,
    ),
    (
        "same_revision",
        "pass",
        "status = sa.Enum('a', 'b', name='status', create_type=False)\n    status.create(op.get_bind(), checkfirst=True)\n    \
         op.create_table('t2', sa.Column('s', status))",
        true,
        false,
    ),
    (
        "same_revision_postgres",
        "pass",
        "status = postgresql.ENUM('a', 'b', name='status', create_type=False)\n    \
         status.create(op.get_bind(), checkfirst=True)\n    op.create_table('t2', sa.Column('s', status))",
        false,
        false,
    ),
    ("by_sql", BY_SQL, "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status')))", true, true),
    (
        "guarded",
        GUARDED,
        "op.create_table('t2', sa.Column('s', sa.Enum('a', 'b', name='status', create_type=False)))",
        true,
        false,
    ),
];

fn revisions(first: &str, second: &str, sqlalchemy: &str) -> Files {
    let revision = |id: &str, down: &str, body: &str| {
        format!(
            "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n\n\
             revision = {id:?}\ndown_revision = {down}\n\n\ndef upgrade():\n    {body}\n"
        )
    };
    Files::from([
        ("versions/a1.py".to_owned(), revision("a1", "None", first)),
        ("versions/b1.py".to_owned(), revision("b1", "'a1'", second)),
        ("requirements.txt".to_owned(), format!("sqlalchemy=={sqlalchemy}\npsycopg2-binary==2.9.13\n")),
    ])
}

/// Case and way to what came of it.
fn upgrade(
    server: &Postgres,
    environment: &str,
    cases: &BTreeMap<String, Files>,
) -> BTreeMap<(String, String), String> {
    let home = tempfile::tempdir().unwrap();
    for (case, files) in cases {
        for (path, text) in files {
            let path = home.path().join(case).join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let script = harness::top().join("tests/evidence/python/upgrade_cases.py");
    let output = must(python(&harness::top(), environment).arg(script).arg(server.socket()).arg(home.path()));
    let lines = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        ((parts.next().unwrap(), parts.next().unwrap()), parts.next().unwrap())
    };
    lines.lines().map(line).collect()
}

#[test]
fn an_enumeration_that_is_created_twice_fails_where_the_lint_says_so_and_its_fix_heals_it() {
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "ignored-create-type").unwrap();
    let server = Postgres::start();
    for (environment, version, is_new) in [("venv", "2.0.58", false), ("venv-2.1", "2.1.9", true)] {
        let mut all = BTreeMap::new();
        for (case, first, second, old, new) in CASES {
            let files = revisions(first, second, version);
            let repo = harness::repo(&files);
            let found = harness::report_of(&repo, &lint).diagnostics;
            assert_eq!(!found.is_empty(), if is_new { *new } else { *old }, "the lint on {case} with {version}");
            if let Some(fix) = found.first().and_then(|found| found.fixes.first()) {
                all.insert(format!("{case} fixed"), harness::apply(&repo, &files, &fix.edits));
            }
            all.insert((*case).to_owned(), files);
        }
        let outcomes = upgrade(&server, environment, &all);
        for ((case, way), outcome) in &outcomes {
            let Some((_, first, second, old, new)) = CASES.iter().find(|known| known.0 == case) else {
                assert_eq!(outcome, "ok", "{case}, {way}, {version}");
                continue;
            };
            let fails = if is_new { *new } else { *old };
            // One run remembers what it created with a table, so that an empty database hides the failure.
            let is_hidden = way == "in one run" && *first == WITH_TABLE;
            // It remembers it even when the type was dropped since: the other way round, and seen on any empty database.
            let is_forgotten = way == "in one run" && matches!(case.as_str(), "dropped" | "renamed");
            let expected = match fails && !is_hidden {
                true => "DuplicateObject",
                false if is_forgotten => "UndefinedObject",
                false => "ok",
            };
            assert_eq!(outcome, expected, "{case}, {way}, {version}: {second}");
        }
    }
}

#[test]
fn json_dumps_is_stored_as_a_string_where_the_lint_says_so_and_its_fix_stores_an_object() {
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "json-dumps-in-json-column").unwrap();
    let server = Postgres::start();
    let text = std::fs::read_to_string(harness::top().join("tests/evidence/python/json_cases.py")).unwrap();
    // Case to its module and to what is stored.
    let mut cases: BTreeMap<String, (String, &str)> = BTreeMap::new();
    // `# case NAME` begins one; what stands before the first is common to all.
    let mut parts = text.split("\n# case ");
    let common = parts.next().unwrap();
    for part in parts {
        let (case, body) = part.split_once('\n').unwrap();
        let files = Files::from([("app.py".to_owned(), format!("{common}\n{body}"))]);
        let repo = harness::repo(&files);
        let found = harness::report_of(&repo, &lint).diagnostics;
        let is_found = !found.is_empty();
        let stored = if is_found { "string" } else { "object" };
        cases.insert(case.to_owned(), (files["app.py"].clone(), stored));
        if let Some(fix) = found.first().and_then(|found| found.fixes.first()) {
            let fixed = harness::apply(&repo, &files, &fix.edits);
            cases.insert(format!("{case}_fixed"), (fixed["app.py"].clone(), "object"));
        }
    }
    let count = |wanted: &str| cases.values().filter(|(_, stored)| *stored == wanted).count();
    assert!(count("string") >= 18 && count("object") >= 24, "{} and {}", count("string"), count("object"));
    let environments: [(&str, &[&str]); 2] =
        [("venv", &["psycopg2", "psycopg", "asyncpg"]), ("venv-2.1", &["psycopg2"])];
    for (environment, drivers) in environments {
        let home = tempfile::tempdir().unwrap();
        // The environment with the newest SQLAlchemy has no other libraries: not all allow it yet.
        let runs =
            |text: &str| environment == "venv" || !["flask_sqlalchemy", "sqlmodel"].iter().any(|it| text.contains(it));
        let cases: Vec<_> = cases.iter().filter(|(_, (text, _))| runs(text)).collect();
        for (case, (text, _)) in &cases {
            std::fs::write(home.path().join(format!("{case}.py")), text).unwrap();
        }
        for driver in drivers {
            let outcomes = stored(&server, environment, driver, home.path());
            for (case, (_, stored)) in &cases {
                assert_eq!(
                    outcomes.get(*case).map(String::as_str),
                    Some(*stored),
                    "{case} with {driver} in {environment}"
                );
            }
        }
    }
}

/// Case to what PostgreSQL calls the stored value.
fn stored(server: &Postgres, environment: &str, driver: &str, cases: &Path) -> BTreeMap<String, String> {
    let script = harness::top().join("tests/evidence/python/stored_json.py");
    let mut command = python(&harness::top(), environment);
    let output = must(command.arg(script).arg(server.socket()).arg(driver).arg(cases));
    let lines = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| line.split_once('\t').map(|(case, stored)| (case.to_owned(), stored.to_owned())).unwrap();
    lines.lines().map(line).collect()
}
