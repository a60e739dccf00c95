//! What revisions do, and in which order.

use super::*;
use crate::Repo;
use twiceshy_source::Tree;

fn repo(files: &[(&str, &str)]) -> Repo {
    Repo::of(Tree::memory(files.iter().map(|(path, text)| (*path, *text))))
}

fn revision(id: &str, down: &str, upgrade: &str) -> String {
    format!(
        "from alembic import op\nimport sqlalchemy as sa\nrevision = {id:?}\ndown_revision = {down}\n\
         def upgrade():\n{upgrade}"
    )
}

/// The operations of an `upgrade`, each as one word with its parts.
fn operations(upgrade: &str) -> Vec<String> {
    let repo = repo(&[("versions/a.py", &revision("a", "None", upgrade))]);
    let word = |operation: &Operation| {
        let what = match &operation.kind {
            OperationKind::CreateTable { table, columns } => {
                let columns: Vec<_> = columns.iter().map(|column| column.name.clone().unwrap_or_default()).collect();
                format!("create {} ({})", table.as_deref().unwrap_or("?"), columns.join(" "))
            }
            OperationKind::DropTable { table } => format!("drop {}", table.as_deref().unwrap_or("?")),
            OperationKind::AddColumn { table, column } => {
                let nullable = if column.is_nullable { "" } else { " not null" };
                let filled = if column.is_filled { " filled" } else { "" };
                format!(
                    "add {}.{}{nullable}{filled}",
                    table.as_deref().unwrap_or("?"),
                    column.name.as_deref().unwrap_or("?")
                )
            }
            OperationKind::DropColumn { table, column } => {
                format!("remove {}.{}", table.as_deref().unwrap_or("?"), column.as_deref().unwrap_or("?"))
            }
            OperationKind::CreateType(it) => format!("type {}", it.full_name().unwrap_or_default()),
            OperationKind::DropType(it) => format!("no type {}", it.full_name().unwrap_or_default()),
            OperationKind::Sql(sql) => format!("sql {sql}"),
            OperationKind::Foreign(strings) => format!("foreign {}", strings.join(" ")),
        };
        let maybe = if operation.maybe { " maybe" } else { "" };
        let alone = if operation.autocommits { " alone" } else { "" };
        format!("{what}{maybe}{alone}")
    };
    repo.migrations[0].upgrade.iter().map(word).collect()
}

#[test]
fn upgrades_are_run_on_paper() {
    for (upgrade, expected) in [
        ("  op.create_table('t', sa.Column('a', sa.Text), schema='s')\n", &["create s.t (a)"][..]),
        ("  for n in ['a', 'b']:\n    op.drop_table(f't_{n}')\n", &["drop t_a", "drop t_b"]),
        ("  for n in names():\n    op.drop_table('t_' + n)\n", &["drop ? maybe"]),
        (
            "  with op.batch_alter_table('t') as b:\n    b.add_column(sa.Column('a', sa.Text, nullable=False, server_default='x'))\n    \
             b.drop_column('c')\n",
            &["add t.a not null filled", "remove t.c"],
        ),
        ("  make('x')\ndef make(name, column='c'):\n  op.drop_column(name, column)\n", &["remove x.c"]),
        (
            "  if op.get_bind().dialect.name == 'postgresql':\n    op.execute('A')\n  else:\n    op.execute('B')\n",
            &["sql A"],
        ),
        ("  if unknown():\n    return\n  op.execute('A')\n", &["sql A maybe"]),
        ("  try:\n    op.execute('A')\n  except Exception:\n    pass\n  op.execute('B')\n", &["sql A maybe", "sql B"]),
        (
            "  with op.get_context().autocommit_block():\n    op.execute('A')\n  op.execute('B')\n",
            &["sql A alone", "sql B"],
        ),
        (
            "  bind = op.get_bind()\n  bind.execute(sa.text('A :x').bindparams(x=1))\n  op.execute('B %s' % x)\n",
            &["sql A :x", "sql B \u{fffc}"],
        ),
        (
            "  e = sa.Enum('a', name='e', schema='s')\n  e.create(op.get_bind())\n  sa.Enum(name='f').drop(op.get_bind())\n",
            &["type s.e", "no type f"],
        ),
        ("  upgrade()\n  helper()\n", &[]),
    ] {
        assert_eq!(operations(upgrade), expected, "{upgrade}");
    }
}

#[test]
fn revisions_stand_after_those_they_follow() {
    let merge = revision("e", "('c', 'd')", "  pass\n");
    let repo = repo(&[
        ("one/versions/5.py", &revision("a", "None", "  pass\n")),
        ("one/versions/4.py", &revision("b", "'a'", "  pass\n")),
        ("one/versions/3.py", &revision("c", "'b'", "  pass\n")),
        ("one/versions/2.py", &revision("d", "'b'", "  pass\n")),
        ("one/versions/1.py", &merge),
        ("two/versions/1.py", &revision("a", "None", "  pass\n")),
        ("two/versions/2.py", &revision("f", "'gone'", "  pass\n")),
        ("not/a/revision.py", "def upgrade():\n    down_revision = 1\n"),
    ]);
    let chains = repo.migration_chains();
    let ids =
        |migrations: &[&Migration]| migrations.iter().map(|it| it.revision.as_str()).collect::<Vec<_>>().join(" ");
    let seen: Vec<_> = chains.iter().map(|chain| (ids(&chain.migrations), ids(&chain.heads()))).collect();
    assert_eq!(seen, [("a b c d e".into(), "e".into()), ("a f".into(), "a f".to_owned())]);
    assert_eq!(ids(&chains[0].ancestors_of("c")), "a b");
    assert_eq!((chains[0].descendants_of("b"), chains[0].descendants_of("e")), (3, 0));
    assert_eq!(ids(&chains[1].ancestors_of("f")), "");
}

#[test]
fn a_cycle_and_a_function_that_calls_itself_come_to_an_end() {
    let endless = "  again()\ndef again():\n  for n in [1, 2, 3, 4, 5, 6, 7, 8, 9]:\n    again()\n  op.execute('A')\n";
    let repo = repo(&[
        ("versions/a.py", &revision("a", "'b'", endless)),
        ("versions/b.py", &revision("b", "'a'", "  op.create_table('t', sa.Column('s', sa.Enum('x', name='e')))\n")),
    ]);
    assert_eq!(repo.migration_chains()[0].ancestors_of("a").len(), 2);
    assert_eq!(repo.enums_met_again().len(), 0);
}
