//! Real editors against the real server, and what stands in `editors/`.

use crate::harness;
use std::path::{Path, PathBuf};
use std::process::Command;

const COMPOSE: &str = "services:\n  web:\n    image: nginx:1.27\n    depends_on: [dbb]\n  db:\n    image: redis:7\n";
const MENDED: &str = "services:\n  web:\n    image: nginx:1.27\n    depends_on: [db]\n  db:\n    image: redis:7\n";

fn editors() -> PathBuf {
    harness::top().join("editors")
}

/// A directory in which the binary has the name that editors start it by.
fn bin() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_twiceshy-under-test"), dir.path().join("twiceshy")).unwrap();
    dir
}

/// A Neovim with nothing but what we give it, on a system with one compose file, at home in `home`.
fn neovim(system: &Path, home: &Path, path: &str) -> Command {
    std::fs::write(system.join("compose.yml"), COMPOSE).unwrap();
    let mut nvim = Command::new("nvim");
    nvim.args(["--headless", "-n", "-i", "NONE", "-u"]).arg(harness::top().join("tests/editors/init.lua"));
    nvim.arg("compose.yml").current_dir(system).env("TWICESHY_NVIM", editors().join("nvim")).env("PATH", path);
    for home_of in ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        nvim.env(home_of, home);
    }
    nvim
}

#[test]
fn neovim_says_once_that_the_binary_is_missing_and_what_to_do() {
    let (system, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Neovim is found here, and nothing beside it.
    let nvim = Command::new("sh").args(["-c", "command -v nvim"]).output().unwrap().stdout;
    let nvim = String::from_utf8(nvim).unwrap();
    let path = home.path().join("bin");
    std::fs::create_dir(&path).unwrap();
    std::os::unix::fs::symlink(nvim.trim(), path.join("nvim")).unwrap();
    std::fs::write(system.path().join("run.sh"), "true\n").unwrap();
    let mut nvim = neovim(system.path(), home.path(), path.to_str().unwrap());
    let run = nvim.args(["-c", "edit run.sh", "-c", "qall!"]).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert_eq!(said.trim(), "twiceshy is not on PATH: install it (pip install twiceshy)");
}

#[test]
fn neovim_shows_the_finding_and_applies_the_fix() {
    let (system, bin) = (tempfile::tempdir().unwrap(), bin());
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let mends = format!("luafile {}", harness::top().join("tests/editors/mends.lua").display());
    let run = neovim(system.path(), bin.path(), &path)
        .args(["-c", &mends])
        .output()
        .expect("Neovim: tests/evidence/setup.sh installs it");
    let err = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{err}");
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), "twiceshy undefined-service 4:18", "{err}");
    assert_eq!(std::fs::read_to_string(system.path().join("compose.yml")).unwrap(), MENDED, "{err}");
}

#[test]
fn configurations_are_what_their_editors_read() {
    let read = |path: &str| std::fs::read_to_string(editors().join(path)).unwrap();
    let python = harness::top().join("target/evidence/venv/bin/python");
    let script = "import json, re, sys, tomllib\n\
        helix = tomllib.loads(open(sys.argv[1]).read())\n\
        assert helix['language-server']['twiceshy'] == {'command': 'twiceshy', 'args': ['lsp']}, helix\n\
        assert all('twiceshy' in one['language-servers'] for one in helix['language']), helix\n\
        zed = json.loads(re.sub(r'^//.*$', '', open(sys.argv[2]).read(), flags=re.M))\n\
        assert zed['lsp']['docker-compose']['binary'] == {'path': 'twiceshy', 'arguments': ['lsp']}, zed\n";
    let status = Command::new(python)
        .args(["-c", script])
        .args([editors().join("helix/languages.toml"), editors().join("zed/settings.json")])
        .status()
        .expect("tests/evidence/setup.sh makes the environment");
    assert!(status.success());
    // Parentheses of a program without strings that hold any.
    let lisp: String = read("emacs/twiceshy.el").lines().filter(|line| !line.starts_with(';')).collect();
    assert_eq!(lisp.matches('(').count(), lisp.matches(')').count());
    assert!(lisp.contains("\"twiceshy\" \"lsp\""));
}

#[test]
fn every_editor_on_the_page_has_its_folder() {
    let page = std::fs::read_to_string(editors().join("README.md")).unwrap();
    for entry in std::fs::read_dir(editors()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(!entry.path().is_dir() || page.contains(&format!("`{name}/")), "{name} is not on the page");
    }
}
