//! Which code services run.

use super::*;
use twiceshy_source::Tree;

/// The application of the one service `web`: its directory, its entries, what runs.
fn web(files: &[(&str, &str)]) -> (String, Vec<String>, Vec<String>) {
    let repo = Repo::of(Tree::memory(files.iter().copied()));
    let service = repo.projects[0].service("web").unwrap();
    let application = service.application(&repo).unwrap();
    let paths = |files: &[FileId]| files.iter().map(|file| repo.tree.path(*file).to_owned()).collect();
    (application.dir.clone(), paths(&application.entries), paths(&application.modules))
}

const MONOREPO: [(&str, &str); 7] = [
    ("pnpm-workspace.yaml", "packages: [apps/*, packages/*]\n"),
    ("apps/web/package.json", r#"{"name": "@acme/web", "scripts": {"start": "node dist/server.js"}}"#),
    ("apps/web/src/server.ts", "import { db } from '@acme/db';\nimport './routes.js';\n"),
    ("apps/web/src/routes.ts", ""),
    ("apps/web/src/unused.ts", ""),
    ("apps/api/package.json", r#"{"name": "@acme/api"}"#),
    ("packages/db/package.json", r#"{"name": "@acme/db", "main": "dist/index.js"}"#),
];

fn monorepo(dockerfile: &str, args: &str) -> (String, Vec<String>, Vec<String>) {
    let compose =
        format!("services:\n  web:\n    build:\n      context: .\n      dockerfile: docker/app.Dockerfile\n{args}");
    let mut files = MONOREPO.to_vec();
    files.extend([("packages/db/src/index.ts", ""), ("docker/app.Dockerfile", dockerfile), ("compose.yml", &compose)]);
    web(&files)
}

#[test]
fn a_workspace_package_is_told_by_filters_paths_and_arguments() {
    let start = "FROM node:22\nWORKDIR /app\nCOPY . .\n";
    for (end, args) in [
        ("RUN pnpm --filter web build\nCMD [\"pnpm\", \"--filter\", \"web\", \"start\"]\n", ""),
        ("RUN turbo prune @acme/web --docker\nCMD npm start\n", ""),
        ("WORKDIR /app/apps/web\nCMD [\"npm\", \"start\"]\n", ""),
        ("CMD [\"node\", \"apps/web/dist/server.js\"]\n", ""),
        ("ARG APP\nWORKDIR /app/apps/${APP}\nCMD npm start\n", "      args:\n        APP: web\n"),
    ] {
        let (dir, entries, modules) = monorepo(&format!("{start}{end}"), args);
        assert_eq!(dir, "apps/web", "{end}");
        assert_eq!(entries, ["apps/web/src/server.ts"], "{end}");
        assert_eq!(
            modules,
            ["apps/web/src/routes.ts", "apps/web/src/server.ts", "packages/db/src/index.ts"],
            "what the entry reaches: {end}"
        );
    }
    let (dir, ..) = monorepo("FROM node:22\nCOPY apps/web ./\nCOPY packages ./packages\n", "");
    assert_eq!(dir, "apps/web");
}

#[test]
fn python_servers_name_their_module() {
    for (command, entry) in [
        ("uvicorn app.main:app --host 0.0.0.0", "api/app/main.py"),
        ("gunicorn -k uvicorn.workers.UvicornWorker app.main:app", "api/app/main.py"),
        ("python -m app.main", "api/app/main.py"),
        ("celery -A app.work worker", "api/app/work.py"),
        ("fastapi run --workers 4", "api/app/main.py"),
        ("sh -c 'python migrate.py && exec python app/main.py'", "api/app/main.py"),
        ("./start.sh", "api/app/work.py"),
    ] {
        let compose = format!("services:\n  web:\n    build: ./api\n    command: {command}\n");
        let (dir, entries, modules) = web(&[
            ("compose.yml", &compose),
            ("api/Dockerfile", "FROM python:3.13\nWORKDIR /app\nCOPY . .\n"),
            ("api/start.sh", "#!/bin/sh\nexec celery --app=app.work worker\n"),
            ("api/app/__init__.py", ""),
            ("api/app/main.py", "from . import settings\nfrom app.work import run\n"),
            ("api/app/settings.py", ""),
            ("api/app/work.py", ""),
            ("api/app/unused.py", ""),
        ]);
        assert_eq!(dir, "api");
        assert_eq!(entries, [entry], "{command}");
        assert!(modules.contains(&"api/app/__init__.py".to_owned()), "the package's own module runs: {command}");
        assert!(!modules.contains(&"api/app/unused.py".to_owned()), "{command}");
    }
}

#[test]
fn what_an_image_does_not_get_is_not_part_of_it() {
    let (_, _, modules) = web(&[
        ("compose.yml", "services:\n  web:\n    build: .\n"),
        ("Dockerfile", "FROM node:22\nCOPY src ./src\n"),
        (".dockerignore", "src/local.js\n"),
        ("package.json", "{}"),
        ("src/a.js", ""),
        ("src/a.test.js", ""),
        ("src/local.js", ""),
        ("other/b.js", ""),
    ]);
    assert_eq!(modules, ["src/a.js"]);
}

#[test]
fn code_may_be_mounted() {
    let (dir, entries, _) = web(&[
        (
            "compose.yml",
            "services:\n  web:\n    image: node:22\n    working_dir: /app\n    command: node index.js\n    volumes: [./site:/app]\n",
        ),
        ("site/package.json", "{}"),
        ("site/index.js", ""),
    ]);
    assert_eq!((dir.as_str(), entries.as_slice()), ("site", &["site/index.js".to_owned()][..]));
}
