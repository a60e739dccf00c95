//! Where what stands at a mark is declared.

use crate::{Repo, Tree};

/// Where what stands at `|` of a file is declared: each as `path:line: text of that line`.
fn declared(files: &[(&str, &str)]) -> Vec<String> {
    let (path, text) = files.iter().find(|(_, text)| text.contains('|')).unwrap();
    let offset = text.find('|').unwrap() as u32;
    let tree = Tree::memory(files.iter().map(|(path, text)| (*path, text.replacen('|', "", 1))));
    let repo = Repo::of(tree);
    let found = repo.declared(repo.tree.file(path).unwrap(), offset);
    let say = |place: &crate::Place| {
        let source = repo.tree.source(place.file).unwrap();
        let line = source.line_of(place.start);
        format!("{}:{}: {}", repo.tree.path(place.file), line + 1, source.line(line).trim())
    };
    found.iter().flat_map(|found| &found.at).map(say).collect()
}

#[test]
fn names_of_services() {
    let db = ("compose.yml", "services:\n  web:\n    image: x\n    depends_on: [d|b]\n  db:\n    image: y\n");
    assert_eq!(declared(&[db]), ["compose.yml:5: db:"]);
    let long = (
        "compose.yml",
        "services:\n  web:\n    image: x\n    depends_on:\n      |db:\n        condition: service_started\n  db:\n    image: y\n",
    );
    assert_eq!(declared(&[long]), ["compose.yml:7: db:"]);
    let link = ("compose.yml", "services:\n  web:\n    image: x\n    links: [\"d|b:database\"]\n  db:\n    image: y\n");
    assert_eq!(declared(&[link]), ["compose.yml:5: db:"]);
    let base = ("compose.yml", "services:\n  db:\n    image: y\n");
    let other = ("compose.override.yml", "services:\n  web:\n    image: x\n    depends_on: [db|]\n");
    assert_eq!(declared(&[base, other]), ["compose.yml:2: db:"]);
    assert!(declared(&[("compose.yml", "services:\n  web:\n    image: x\n    depends_on: [no|body]\n")]).is_empty());
}

#[test]
fn hosts_in_what_a_service_is_told() {
    let url = "services:\n  web:\n    image: x\n    environment:\n      DATABASE_URL: postgres://u:p@d|b:5432/x\n  db:\n    image: postgres:17\n";
    assert_eq!(declared(&[("compose.yml", url)]), ["compose.yml:6: db:"]);
    let compose = "services:\n  web:\n    image: x\n    env_file: web.env\n  db:\n    image: postgres:17\n";
    let env = "DATABASE_URL=postgres://u:p@|db:5432/x\n";
    assert_eq!(declared(&[("compose.yml", compose), ("web.env", env)]), ["compose.yml:5: db:"]);
}

#[test]
fn variables_from_the_compose_file_to_the_env_file_to_the_code_and_back() {
    let compose = "services:\n  web:\n    build: .\n    environment:\n      API_KEY: ${API_KEY}\n";
    let code = "const key = process.env.API_KEY;\nuse(key);\n";
    let files = |compose: &'static str, env: &'static str, code: &'static str| {
        let dockerfile = "FROM node:22\nCOPY . .\nCMD [\"node\", \"server.js\"]\n";
        declared(&[("compose.yml", compose), (".env", env), ("server.js", code), ("Dockerfile", dockerfile)])
    };
    let in_compose = "services:\n  web:\n    build: .\n    environment:\n      API_KEY: ${API_|KEY}\n";
    assert_eq!(files(in_compose, "API_KEY=1\n", code), [".env:1: API_KEY=1"]);
    let key = "services:\n  web:\n    build: .\n    environment:\n      AP|I_KEY: ${API_KEY}\n";
    assert_eq!(files(key, "API_KEY=1\n", code), ["server.js:1: const key = process.env.API_KEY;"]);
    assert_eq!(files(compose, "API|_KEY=1\n", code), ["compose.yml:5: API_KEY: ${API_KEY}"]);
    let read = "const key = process.env.API_K|EY;\nuse(key);\n";
    assert_eq!(files(compose, "API_KEY=1\n", read), ["compose.yml:5: API_KEY: ${API_KEY}"]);
    let given = "services:\n  web:\n    build: .\n    env_file: .env\n";
    assert_eq!(files(given, "|API_KEY=1\n", code), ["server.js:1: const key = process.env.API_KEY;"]);
    assert_eq!(files(given, "API_KEY=1\n", read), [".env:1: API_KEY=1"]);
}

#[test]
fn what_a_copy_takes_and_what_a_command_names() {
    let compose = ("compose.yml", "services:\n  web:\n    build:\n      context: app\n");
    let files = |dockerfile| {
        declared(&[compose, ("app/Dockerfile", dockerfile), ("app/src/a.js", "1\n"), ("app/run.sh", "true\n")])
    };
    assert_eq!(files("FROM node:22\nCOPY run.|sh /\n"), ["app/run.sh:1: true"]);
    assert_eq!(files("FROM node:22\nCOPY s|rc/ /app/\n"), ["app/src/a.js:1: 1"]);
    assert_eq!(files("FROM node:22\nCOPY . .\nCMD [\"./run|.sh\"]\n"), ["app/run.sh:1: true"]);
    assert_eq!(files("FROM node:22\nCOPY . .\nRUN sh /app/run.s|h\n"), ["app/run.sh:1: true"]);
    let script = ("deploy/all.sh", "cd \"$(dirname \"$0\")\"\n. ./lib|.sh\n");
    assert_eq!(declared(&[script, ("deploy/lib.sh", "a=1\n")]), ["deploy/lib.sh:1: a=1"]);
    let step = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: bash scripts/tes|t.sh\n";
    assert_eq!(
        declared(&[(".github/workflows/a.yml", step), ("scripts/test.sh", "true\n")]),
        ["scripts/test.sh:1: true"]
    );
}

#[test]
fn workflows_jobs_and_actions() {
    let build = (
        ".github/workflows/build.yml",
        "name: Build\non: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: true\n",
    );
    let after = |text| {
        declared(&[
            build,
            (".github/actions/x/action.yml", "name: X\nruns:\n  using: composite\n  steps: []\n"),
            (".github/workflows/b.yml", text),
        ])
    };
    assert_eq!(
        after("on:\n  workflow_run:\n    workflows: [Bui|ld]\njobs: {}\n"),
        [".github/workflows/build.yml:1: name: Build"]
    );
    let jobs = "on: push\njobs:\n  one:\n    runs-on: x\n    steps: [{run: a}]\n  two:\n    needs: [o|ne]\n    runs-on: x\n    steps: [{run: a}]\n";
    assert_eq!(after(jobs), [".github/workflows/b.yml:3: one:"]);
    let called = "on: push\njobs:\n  one:\n    uses: ./.github/work|flows/build.yml\n";
    assert_eq!(after(called), [".github/workflows/build.yml:1: name: Build"]);
    let action = "on: push\njobs:\n  one:\n    runs-on: x\n    steps:\n      - uses: ./.github/act|ions/x\n";
    assert_eq!(after(action), [".github/actions/x/action.yml:1: name: X"]);
}

#[test]
fn revisions() {
    let first = "from alembic import op\nrevision = \"aaa\"\ndown_revision = None\ndef upgrade():\n    pass\n";
    let second = "from alembic import op\nrevision = \"bbb\"\ndown_revision = \"a|aa\"\ndef upgrade():\n    pass\n";
    let found = declared(&[("alembic/versions/a.py", first), ("alembic/versions/b.py", second)]);
    assert_eq!(found, ["alembic/versions/a.py:2: revision = \"aaa\""]);
    let first = "from alembic import op\nrevision = \"a|aa\"\ndown_revision = None\ndef upgrade():\n    pass\n";
    let found = declared(&[("alembic/versions/a.py", first), ("alembic/versions/b.py", &second.replace('|', ""))]);
    assert_eq!(found, ["alembic/versions/b.py:3: down_revision = \"aaa\""]);
}
