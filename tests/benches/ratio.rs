//! How long a run takes, as a multiple of the time that ripgrep takes to read the same files, and how much memory.
//!
//! `tests/benches/ratio.sh [DIR] [--program OTHER]`, or without a directory over a synthetic repository (`--files N`, default 5,000).
//! Ripgrep is given by name the very files that we read, with a pattern that matches nothing, so that it reads them whole
//! and need not look for them; it also runs as people run it, where it walks the tree itself and reads what we pass over
//! (pictures, data). Everything runs in turn, in the same run, warm, on as many threads; the best counts.
//!
//! With `--cold` nothing of the files is in memory before each run, as after a clone on another machine or on a CI runner's first
//! step: Linux is told to forget its page cache, which only root may. Then each runs with the threads that it takes by itself,
//! and ripgrep also with eight, since it takes no more than there are cores, and all of them wait for the disk.

#![allow(clippy::unwrap_used, reason = "a bench that cannot run should say where")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use twiceshy_source::{Limits, Tree};

const ROUNDS: usize = 7;

fn main() -> ExitCode {
    let mut directory = None;
    let mut files = 5000;
    let mut most = None;
    let mut is_cold = false;
    let mut program = env!("CARGO_BIN_EXE_twiceshy-under-test").to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo says so to every bench.
            "--bench" => {}
            "--cold" => is_cold = true,
            "--files" => files = number(&mut arguments).unwrap_or(5000.0) as usize,
            "--max-seconds" => most = number(&mut arguments),
            "--program" => program = arguments.next().unwrap_or(program),
            path => directory = Some(PathBuf::from(path)),
        }
    }
    let synthetic = tempfile::tempdir().unwrap();
    let directory = directory.unwrap_or_else(|| {
        write_repository(synthetic.path(), files);
        synthetic.path().to_owned()
    });
    let files = read_files(&directory);
    let pattern = "qzxjkvbpwyfg";
    let mut modes: Vec<Mode> = Vec::new();
    let threads: [&[&str]; 2] = if is_cold { [&[], &["-j8"]] } else { [&["-j1"], &["-j2"]] };
    for threads in threads {
        let mut add = |name: &str, program: &str, args: &[&str], files: &[String]| {
            // Ours is measured as people run it.
            let threads = if is_cold && name == "twiceshy" { &[] } else { threads };
            let (words, name) = (threads.iter().chain(args), format!("{name} {}", threads.concat()));
            let args = words.copied().map(str::to_owned).chain(files.iter().cloned()).collect();
            modes.push(Mode { name, program: program.to_owned(), args, best: Sample { wall: Duration::MAX, rss: 0 } });
        };
        add("twiceshy", &program, &["--exit-zero", "--format", "json"], &[]);
        add("ripgrep, the same files", "rg", &["--no-config", "--", pattern], &files);
        let walk = ["--no-config", "--hidden", "--no-ignore-dot", "--no-require-git", "--glob=!.git", pattern, "."];
        add("ripgrep, its own walk", "rg", &walk, &[]);
    }
    for _ in 0..ROUNDS {
        for mode in &mut modes {
            if is_cold {
                forget(&mode.program);
            }
            let sample = measure(&directory, &mode.program, &mode.args);
            mode.best = Sample { wall: mode.best.wall.min(sample.wall), rss: mode.best.rss.max(sample.rss) };
        }
    }
    println!("{} files, {:.1} MB", files.len(), size(&directory, &files) as f64 / 1e6);
    for mode in &modes {
        println!("{:30} {:.3} s, {} MiB at most", mode.name, mode.best.wall.as_secs_f64(), mode.best.rss / 1024);
    }
    for (threads, [ours, same, walk]) in threads.iter().zip(modes.as_chunks().0) {
        let ratio = |floor: &Mode| ours.best.wall.as_secs_f64() / floor.best.wall.as_secs_f64();
        println!(
            "ratio{}: {:.2} × the same files, {:.2} × its own walk",
            threads.iter().map(|it| format!(" {it}")).collect::<String>(),
            ratio(same),
            ratio(walk)
        );
    }
    let seconds = modes.iter().filter(|mode| mode.program == program).map(|mode| mode.best.wall.as_secs_f64());
    let seconds = seconds.fold(f64::MAX, f64::min);
    if most.is_some_and(|most| seconds > most) {
        println!("slower than allowed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn number(arguments: &mut impl Iterator<Item = String>) -> Option<f64> {
    arguments.next().and_then(|number| number.parse().ok())
}

/// Takes everything that was read from disk out of memory, but for the program that is about to run.
fn forget(program: &str) {
    let dropped = Command::new("sh").args(["-c", "sync; echo 3 > /proc/sys/vm/drop_caches"]).status();
    assert!(dropped.is_ok_and(|status| status.success()), "--cold needs Linux and root");
    let _ = Command::new("sh").args(["-c", "cat \"$(command -v \"$0\")\" > /dev/null", program]).status();
}

/// One of the programs, and how it is run.
struct Mode {
    name: String,
    program: String,
    args: Vec<String>,
    best: Sample,
}

/// The files that a check of `directory` reads, by the same rules.
fn read_files(directory: &Path) -> Vec<String> {
    let tree = Tree::disk(directory, Limits::default()).unwrap();
    let files = tree.files().filter(|file| *tree.kind(*file) == twiceshy_source::Kind::File);
    // A file without an extension is read to see its first line.
    let is_read = |path: &str| {
        let mut looked_inside = false;
        let kind = twiceshy_repo::Kind::of(path, || {
            looked_inside = true;
            None
        });
        looked_inside || kind.is_some()
    };
    files.map(|file| tree.path(file).to_owned()).filter(|path| is_read(path)).collect()
}

fn size(directory: &Path, files: &[String]) -> u64 {
    files.iter().filter_map(|file| directory.join(file).metadata().ok()).map(|meta| meta.len()).sum()
}

struct Sample {
    wall: Duration,
    /// In KiB.
    rss: u64,
}

fn measure(directory: &Path, program: &str, args: &[String]) -> Sample {
    let started = Instant::now();
    let mut command = Command::new(program);
    command.args(args).current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{program}: {error}"));
    let status = format!("/proc/{}/status", child.id());
    let watcher = std::thread::spawn(move || {
        // The peak so far, until the process is gone.
        let mut peak = 0;
        while let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(now) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()) else {
                break;
            };
            peak = peak.max(now);
            std::thread::sleep(Duration::from_millis(3));
        }
        peak
    });
    child.wait().unwrap();
    let wall = started.elapsed();
    Sample { wall, rss: watcher.join().unwrap_or(0) }
}

/// A repository of about `files` files in the proportions of a real one: mostly code, some of everything else.
fn write_repository(root: &Path, files: usize) {
    let write = |path: String, text: String| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    std::fs::create_dir_all(root.join(".git")).unwrap();
    write(".gitignore".into(), "node_modules/\n*.log\ndata/\n".into());
    write("compose.yml".into(), compose(files / 100));
    for at in 0..files {
        let folder = format!("part{}", at / 40);
        match at % 20 {
            0..7 => write(format!("{folder}/src/module{at}.ts"), typescript(at)),
            7..14 => write(format!("{folder}/app/module{at}.py"), python(at)),
            14 => write(format!("{folder}/migrations/versions/{at:05}.py"), migration(at)),
            15 => write(format!("{folder}/ops/task{at}.sh"), shell(at)),
            16 => write(format!("{folder}/docs/page{at}.md"), markdown(at)),
            17 => write(format!("{folder}/Dockerfile"), dockerfile(at)),
            18 => write(format!(".github/workflows/flow{at}.yml"), workflow(at)),
            _ => write(format!("{folder}/data/rows{at}.json"), format!("[{}]\n", vec!["{\"a\": 1}"; 500].join(",\n"))),
        }
    }
}

fn compose(services: usize) -> String {
    let service = |at: usize| {
        format!(
            "  s{at}:\n    build: ./part{at}\n    environment:\n      URL: http://s{}:80{at:02}\n      TOKEN: ${{TOKEN_{at}:?}}\n    ports: [\"127.0.0.1:{}:80\"]\n    volumes: [\"./data/{at}:/data\"]\n    healthcheck:\n      test: [CMD, curl, -f, \"http://127.0.0.1:80/health\"]\n",
            at / 2,
            10_000 + at
        )
    };
    format!("services:\n{}", (0..services).map(service).collect::<String>())
}

fn typescript(at: usize) -> String {
    let mut text = format!("import {{ f{} }} from './module{}';\n\n", at / 2, at / 2);
    for part in 0..25 {
        text.push_str(&format!(
            "export async function f{at}_{part}(id: string, options: {{ limit?: number }} = {{}}): Promise<number> {{\n  const url = process.env.URL_{part} ?? `http://localhost:${{id}}`;\n  const response = await fetch(`${{url}}/items/${{id}}`, {{ method: 'GET' }});\n  if (!response.ok) throw new Error('no');\n  return (await response.json()).items.slice(0, options.limit ?? {part}).length;\n}}\n\n"
        ));
    }
    text
}

fn python(at: usize) -> String {
    let mut text = format!(
        "import os\nimport logging\nfrom app.module{} import f{}\n\nlog = logging.getLogger(__name__)\n\n",
        at / 2,
        at / 2
    );
    for part in 0..25 {
        text.push_str(&format!(
            "def f{at}_{part}(items: list[str], limit: int = {part}) -> dict:\n    url = os.environ.get('URL_{part}', 'http://localhost')\n    result = {{}}\n    for item in items[:limit]:\n        try:\n            result[item] = len(f'{{url}}/{{item}}')\n        except ValueError as error:\n            log.warning('skipped %s: %s', item, error)\n    return result\n\n\n"
        ));
    }
    text
}

fn migration(at: usize) -> String {
    format!(
        "from alembic import op\nimport sqlalchemy as sa\n\nrevision = '{at:05}'\ndown_revision = {}\n\n\ndef upgrade():\n    op.create_table('t{at}', sa.Column('id', sa.Integer, primary_key=True), sa.Column('value', sa.JSON))\n    op.create_index('i{at}', 't{at}', ['value'])\n\n\ndef downgrade():\n    op.drop_table('t{at}')\n",
        if at < 20 { "None".to_owned() } else { format!("'{:05}'", at - 20) }
    )
}

fn shell(at: usize) -> String {
    let part = "if ! pg_dump \"$URL\" > \"$target.tmp\"; then\n  echo \"no dump\" >&2\n  exit 1\nfi\nmv \"$target.tmp\" \"$target\"\nfind \"$directory\" -name '*.old' -mtime +7 -print\nfor file in \"$directory\"/*.sql; do\n  gzip -k \"$file\" | tee -a log\ndone\n";
    format!(
        "#!/usr/bin/env bash\nset -euo pipefail\ndirectory=/var/backups/{at}\ntarget=\"$directory/$(date +%F).sql\"\n{}",
        part.repeat(8)
    )
}

fn markdown(at: usize) -> String {
    format!(
        "# Page {at}\n\n{}```sh\ndocker compose up -d s{at}\n```\n",
        "Some words about what it does, and why.\n\n".repeat(40)
    )
}

fn dockerfile(at: usize) -> String {
    format!(
        "FROM node:22-slim AS build\nWORKDIR /app\nCOPY package.json ./\nRUN npm ci \\\n && npm cache clean --force\nCOPY src src\nRUN npm run build\n\nFROM node:22-slim\nCOPY --from=build /app/dist /app\nENV PORT={at}\nHEALTHCHECK CMD node -e 'process.exit(0)'\nCMD [\"node\", \"/app/index.js\"]\n"
    )
}

fn workflow(at: usize) -> String {
    let step = "      - name: Check\n        run: |\n          set -e\n          npm ci\n          npm test -- --ci | tee out.txt\n";
    format!(
        "name: Flow {at}\non: [push]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n{}",
        step.repeat(8)
    )
}
