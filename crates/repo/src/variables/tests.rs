//! What modules read, in one line for each variable.

use crate::{Moment, Need, Reaction, Repo, VariableRead};
use twiceshy_source::Tree;

/// What the one module of a service reads: each variable with the need in a few words.
fn reads(path: &str, code: &str) -> Vec<String> {
    many(&[(path, code)])
}

fn many(files: &[(&str, &str)]) -> Vec<String> {
    let mut all = vec![
        ("compose.yml", "services:\n  web:\n    build: app\n"),
        ("app/Dockerfile", "FROM base\nCOPY . .\n"),
        ("app/package.json", "{}"),
        ("app/pyproject.toml", ""),
    ];
    all.extend_from_slice(files);
    let repo = Repo::of(Tree::memory(all));
    let service = repo.projects[0].service("web").unwrap();
    let source = |read: &VariableRead| repo.tree.source(read.place.file).unwrap();
    service
        .variables_read(&repo)
        .into_iter()
        .map(|read| {
            let text = source(read);
            let stands = read.place.span().of(text.text());
            assert!(
                stands.eq_ignore_ascii_case(&read.name) || !stands.contains(['"', '\'']),
                "{stands} for {}",
                read.name
            );
            let need = match &read.need {
                Need::Required => "required".to_owned(),
                Need::Guarded { reaction: Reaction::Throws, .. } => "throws".to_owned(),
                Need::Guarded { reaction: Reaction::Exits, .. } => "exits".to_owned(),
                Need::Guarded { reaction: Reaction::Answers(status), .. } => format!("answers {status}"),
                Need::Defaulted { value: Some(value), .. } => format!("or '{value}'"),
                Need::Defaulted { .. } => "or something".to_owned(),
                Need::Optional => "optional".to_owned(),
                Need::Asserted => "asserted".to_owned(),
                Need::Plain => "plain".to_owned(),
            };
            let others = read.alternatives.join(" ");
            let moment = match read.moment {
                Moment::Build => " at build",
                Moment::Start => "",
                Moment::Use => " in use",
            };
            let condition = if read.is_conditional { " perhaps" } else { "" };
            let others = if others.is_empty() { others } else { format!(" ({others})") };
            format!("{} {need}{others}{moment}{condition}", read.name)
        })
        .collect()
}

#[track_caller]
fn js(code: &str, expected: &[&str]) {
    assert_eq!(reads("app/src/a.ts", code), expected, "{code}");
}

#[track_caller]
fn py(code: &str, expected: &[&str]) {
    assert_eq!(reads("app/a.py", code), expected, "{code}");
}

#[test]
fn node_says_what_it_does_without_a_variable() {
    js("const a = process.env.A", &["A plain"]);
    js("const a = process.env['A']!", &["A asserted"]);
    js("const a = process.env.A as string", &["A plain"]);
    js("const a = process.env.A || 'x'", &["A or 'x'"]);
    js("const D = 'x'; const a = process.env.A ?? D", &["A or 'x'"]);
    js("const a = process.env.A ?? null", &["A optional"]);
    js("const a = parseInt(process.env.A || '1', 10)", &["A or '1'"]);
    js("const a = Number(process.env.A) || 3", &["A or something"]);
    js("const a = process.env.A?.split(',') ?? []", &["A or something"]);
    js("const a = process.env.A || process.env.B", &["B plain (A)", "A plain (B)"]);
    js("const a = process.env.A || process.env.B || 'x'", &["A or 'x' (B)", "B or 'x' (A)"]);
    js("const a = process.env.A ?? (() => { throw new Error('A') })()", &["A throws"]);
    js("const { A, B = 'x', C: c } = process.env", &["A plain", "B or 'x'", "C plain"]);
    js("const env = process.env; f(env.A)", &["A plain"]);
    js("import { env } from 'node:process'; f(env.A)", &["A plain"]);
    js("if (process.env.NODE_ENV === 'production') f()", &["NODE_ENV optional"]);
    js("if (process.env.A) f(process.env.A)", &["A optional", "A optional perhaps"]);
    js("process.env.A && f(process.env.A)", &["A optional", "A optional perhaps"]);
    js("const a = process.env.A ? f(process.env.A) : g()", &["A optional", "A optional perhaps"]);
    js("const a = process.env.A; if (!a) return; f(a)", &["A optional"]);
    js("if (mode) f(process.env.A!)", &["A asserted perhaps"]);
    js("switch (mode) { case 's3': f(process.env.A!) }", &["A asserted perhaps"]);
    js("f(process.env.NEXT_PUBLIC_A)", &["NEXT_PUBLIC_A plain at build"]);
    js("f(import.meta.env.VITE_A, import.meta.env.DEV)", &["VITE_A plain at build"]);
    js("process.env.A = 'x'", &[]);
}

#[test]
fn guards_are_found_where_they_stand() {
    js("if (!process.env.A) throw new Error('A')", &["A throws"]);
    js("const a = process.env.A; if (!a) { console.error('A'); process.exit(1) }", &["A exits"]);
    js("const a = process.env.A; if (a === undefined) throw 1", &["A throws"]);
    js("if (!process.env.A || !process.env.B) throw 1", &["A throws", "B throws"]);
    js("const a = process.env.A || process.env.B; if (!a) throw 1", &["B throws (A)", "A throws (B)"]);
    js("const a = process.env.A; if (!a && !process.env.B) throw 1", &["A throws (B)", "B throws (A)"]);
    js("const { A } = process.env; if (!A) throw 1", &["A throws"]);
    js("invariant(process.env.A, 'A')", &["A throws"]);
    js("if (!process.env.A) { if (x) throw 1 }", &["A optional"]);
    js("if (!process.env.A) console.warn('no A')", &["A optional"]);
    js("if (!process.env.A) process.exit(0)", &["A optional"]);
    js("for (const name of ['A', 'B']) { if (!process.env[name]) throw new Error(name) }", &["A throws", "B throws"]);
    js(
        "const required = ['A', 'B']; const missing = required.filter((name) => !process.env[name]); if (missing.length > 0) process.exit(1)",
        &["A exits", "B exits"],
    );
    js(
        "import { env } from '$env/dynamic/private';\nexport const POST = async () => {\n  const url = env.A;\n  if (!url) return json({ error: 'no' }, { status: 503 });\n}",
        &["A answers 503 in use"],
    );
    js("app.get('/', (c) => { if (!process.env.A) return c.json({}, 500) })", &["A answers 500 in use"]);
    js("app.get('/', (q, r) => { if (!process.env.A) { return r.status(503).end() } })", &["A answers 503 in use"]);
    js("function f() { if (dev) return; if (!process.env.A) throw 1 }", &["A throws in use perhaps"]);
}

#[test]
fn a_function_that_the_module_calls_runs_at_start() {
    js("function check() { if (!process.env.A) throw 1 }\ncheck()", &["A throws"]);
    js(
        "const check = () => z.object({ A: z.string() }).parse(process.env);\nexport const env = check()",
        &["A required"],
    );
}

#[test]
fn svelte_knows_build_and_run_time() {
    js("import { A } from '$env/static/private'", &["A required at build"]);
    js("import { env } from '$env/dynamic/public'; f(env.PUBLIC_A)", &["PUBLIC_A plain"]);
}

#[test]
fn functions_that_read_for_others_are_followed() {
    js("const env = (k, d) => process.env[k] ?? d; env('A', 'x'); env('B')", &["A or 'x'", "B plain"]);
    js(
        "function must(name) { const v = process.env[name]; if (!v) throw new Error(name); return v }\nmust('A')",
        &["A throws"],
    );
    js("must('A'); function must(n) { return process.env[n] ?? fail(n) }", &["A throws"]);
    js("function opt(n) { return process.env[n] || '' } opt('A')", &["A or ''"]);
    js(
        "const env = (k, d) => process.env[k] ?? d; const int = (k, d) => parseInt(env(k, d)); int('A', '1')",
        &["A or '1'"],
    );
    assert_eq!(
        many(&[
            ("app/src/env.ts", "export function must(n) { const v = process.env[n]; if (!v) throw 1; return v }"),
            ("app/src/a.ts", "import { must as need } from './env.js'; need('A')"),
        ]),
        ["A throws"]
    );
    assert_eq!(
        many(&[
            ("app/lib/env.py", "import os\ndef need(name, default=None):\n    return os.environ.get(name, default)\n"),
            ("app/lib/__init__.py", ""),
            ("app/a.py", "from lib.env import need\nneed('A')\nneed('B', 'x')\n"),
        ]),
        ["A optional", "B or 'x'"]
    );
}

#[test]
fn schemas_say_what_is_demanded() {
    js(
        "const s = z.object({ A: z.string().url(), B: z.string().optional(), C: z.string().default('x'), D: own(z) }); export const env = s.parse(process.env)",
        &["A required", "B optional", "C or 'x'", "D optional"],
    );
    js("z.object({ A: z.string() }).parse({ ...process.env })", &["A required"]);
    js(
        "const r = z.object({ A: z.string() }).safeParse(process.env); if (!r.success) process.exit(1)",
        &["A required"],
    );
    js("const r = z.object({ A: z.string() }).safeParse(process.env)", &["A optional"]);
    js("z.object({ A: z.string() }).parse(body); process.env", &[]);
    js(
        "createEnv({ server: { A: z.string() }, client: { NEXT_PUBLIC_B: z.string() }, runtimeEnv: process.env })",
        &["A required", "NEXT_PUBLIC_B required at build"],
    );
    js("cleanEnv(process.env, { A: str(), B: port({ default: 1 }) })", &["A required", "B or something"]);
}

#[test]
fn python_says_what_it_does_without_a_variable() {
    py("import os\na = os.environ['A']\n", &["A required"]);
    py("import os\na = os.environ.get('A')\n", &["A plain"]);
    py("import os\na = os.getenv('A', 'x')\n", &["A or 'x'"]);
    py("import os\na = os.getenv('A') or 'x'\n", &["A or 'x'"]);
    py("import os\na = os.environ.get('A', os.environ.get('B'))\n", &["A or something (B)", "B plain (A)"]);
    py("from os import environ, getenv\na = environ['A']\nb = getenv('B')\n", &["A required", "B plain"]);
    py("import os\na = os.environ.get('A')\nif not a:\n    raise RuntimeError('A')\n", &["A throws"]);
    py("import os\nif 'A' not in os.environ:\n    sys.exit('A')\n", &["A exits"]);
    py("import os\nif 'A' in os.environ:\n    f(os.environ['A'])\n", &["A optional", "A optional perhaps"]);
    py("import os\ntry:\n    a = os.environ['A']\nexcept KeyError:\n    a = None\n", &["A optional"]);
    py("import os\ntry:\n    a = os.environ['A']\nexcept KeyError:\n    sys.exit(1)\n", &["A exits"]);
    py("import os\nassert os.environ.get('A'), 'A'\n", &["A throws"]);
    py("import os\ndef f():\n    return os.environ['A']\n", &["A required in use"]);
    py(
        "import os\nREQUIRED = ['A', 'B']\nmissing = [n for n in REQUIRED if not os.environ.get(n)]\nif missing:\n    raise SystemExit(missing)\n",
        &["A throws", "B throws"],
    );
    py("from decouple import config\na = config('A')\nb = config('B', default='x')\n", &["A required", "B or 'x'"]);
    py(
        "import environ\nenv = environ.Env()\na = env('A')\nb = env.bool('B', default=False)\n",
        &["A required", "B optional"],
    );
}

#[test]
fn settings_classes_have_a_variable_for_each_field() {
    py(
        "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='APP_')\n    url: str\n    port: int = 80\n    name: str = 'x'\n    key: str = Field(..., alias='THE_KEY')\n    token: str | None = None\n    log: LogConfig\nsettings = S()\n",
        &[
            "APP_URL required",
            "APP_PORT or something",
            "APP_NAME or 'x'",
            "THE_KEY required",
            "APP_TOKEN optional",
            "APP_LOG plain",
        ],
    );
    py(
        "class S(BaseSettings):\n    a: str = Field(validation_alias=AliasChoices('A', 'B'))\n\n    class Config:\n        env_prefix = 'X_'\ns = S()\n",
        &["A required (B)"],
    );
    py("class Base(BaseSettings):\n    a: str\n", &["A required in use perhaps"]);
}

#[test]
fn rust_says_what_it_does_without_a_variable() {
    assert_eq!(
        reads(
            "app/src/main.rs",
            "fn main() { let a = std::env::var(\"A\").unwrap(); }\nfn b() -> R { let b = env::var(\"B\")?; let c = env::var(\"C\").unwrap_or(\"x\".into()); let d = env!(\"D\"); }",
        ),
        ["A required", "B throws in use", "C or 'x' in use", "D required at build"]
    );
}
