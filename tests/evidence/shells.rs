//! The shells of this machine.

use std::path::Path;
use std::process::Command;
use twiceshy_repo::script::Dialect;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    Bash,
    Dash,
    Ash,
}

pub struct Outcome {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Shell {
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Bash => Dialect::Bash,
            Self::Dash => Dialect::Dash,
            Self::Ash => Dialect::Ash,
        }
    }

    fn command(self) -> Command {
        match self {
            Self::Bash => Command::new("bash"),
            Self::Dash => Command::new("dash"),
            Self::Ash => {
                let mut command = Command::new("busybox");
                command.arg("ash");
                command
            }
        }
    }
}

/// Runs a script in an empty directory.
pub fn run(shell: Shell, script: &str) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    run_in(shell, script, directory.path())
}

/// Runs a script in `directory`, whose `bin` comes first in `PATH`.
pub fn run_in(shell: Shell, script: &str, directory: &Path) -> Outcome {
    let path = format!("{}:{}", directory.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    let file = directory.join("script");
    std::fs::write(&file, script).unwrap();
    let output = shell
        .command()
        .arg(&file)
        .current_dir(directory)
        .env("PATH", path)
        .env_remove("BASH_ENV")
        .env_remove("ENV")
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{shell:?} is needed for this test (`tests/run` installs it): {error}"));
    Outcome {
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        code: output.status.code(),
    }
}
