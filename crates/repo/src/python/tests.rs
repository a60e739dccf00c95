//! What a module says about itself, and where its imports lead.

use super::*;
use crate::Repo;
use twiceshy_source::Tree;

fn repo(files: &[(&str, &str)]) -> Repo {
    Repo::of(Tree::memory(files.iter().map(|(path, text)| (*path, *text))))
}

#[test]
fn imports_know_whether_they_may_fail() {
    // What is written to a column makes a module worth parsing.
    let text = "row.d = json.dumps(x)\nimport a.b, c as d\nfrom ..x import y as z, w\ntry:\n    import fast\nexcept ImportError:\n    import slow\n\
                def f():\n    from . import late\nif TYPE_CHECKING:\n    import types_only\n\
                with suppress(ImportError):\n    import perhaps\ntry:\n    import sure\nfinally:\n    pass\n";
    let repo = repo(&[("m.py", text)]);
    let seen: Vec<_> = repo.python[0]
        .imports
        .iter()
        .map(|it| {
            let names: Vec<_> = it.names.iter().map(|(name, local)| format!("{name}={local}")).collect();
            let mut notes = String::new();
            notes += if it.is_optional { " optional" } else { "" };
            notes += if it.is_type_only { " types" } else { "" };
            format!("{}{} [{}]{notes}", ".".repeat(it.dots as usize), it.module, names.join(" "))
        })
        .collect();
    assert_eq!(
        seen,
        [
            "a.b []",
            "c []",
            "..x [y=z w=w]",
            "fast [] optional",
            "slow [] optional",
            ". [late=late]",
            "types_only [] types",
            "perhaps [] optional",
            "sure []",
        ]
    );
}

#[test]
fn an_import_leads_to_a_file_or_is_missing_only_where_nothing_else_can_be_meant() {
    let repo = repo(&[
        ("server/app/__init__.py", ""),
        ("server/app/main.py", ""),
        ("server/app/models/__init__.py", ""),
        ("server/app/models/user.py", ""),
        ("server/app/redis/__init__.py", ""),
        ("server/app/redis/client.py", ""),
        ("server/app/fast.pyx", ""),
        ("server/scripts/run.py", ""),
        ("server/scripts/near.py", ""),
        ("packages/shared/pyproject.toml", "[project]\nname = 'shared'\n"),
        ("packages/shared/src/shared/__init__.py", ""),
        ("packages/one/tools/__init__.py", ""),
        ("packages/two/tools/__init__.py", ""),
    ]);
    let check = |from: &str, import: &str, expected: &str| {
        let module = import.trim_start_matches('.');
        let import = PythonImport {
            module: module.into(),
            dots: (import.len() - module.len()) as u32,
            names: Box::default(),
            place: crate::Place { file: FileId(0), start: 0, end: 0 },
            is_type_only: false,
            is_optional: false,
        };
        let found = match repo.resolve_python(repo.tree.file(from).unwrap(), &import) {
            ImportTarget::File(file) => repo.tree.path(file).to_owned(),
            ImportTarget::Namespace(path) => format!("{path}/"),
            ImportTarget::Missing(path) => format!("missing {path}"),
            ImportTarget::External => "external".into(),
        };
        assert_eq!(found, expected, "{} in {from}", import.module);
    };
    let main = "server/app/main.py";
    check(main, "app.models.user", "server/app/models/user.py");
    check(main, ".models", "server/app/models/__init__.py");
    check(main, ".", "server/app/__init__.py");
    check("server/app/models/user.py", "..main", main);
    check(main, ".models.group", "missing server/app/models/group");
    check(main, "app.models.group", "missing server/app/models/group");
    check("server/scripts/run.py", "near", "server/scripts/near.py");
    check(main, "shared", "packages/shared/src/shared/__init__.py");
    // Somebody else's, though a directory has the name.
    check("server/app/redis/client.py", "redis.asyncio", "external");
    check(main, "requests", "external");
    // Of two packages of a name, either may be meant.
    check("packages/one/tools/__init__.py", "tools.cli", "external");
    // Compiled, generated, or out of the repository.
    check(main, ".fast", "external");
    check(main, "app.api_pb2", "external");
    check(main, ".....x", "external");
    check(main, ".gone.deep", "external");
}
