//! A PostgreSQL server of this machine, on a cluster of its own that goes away with it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A running server; it listens on a socket in its directory only.
pub struct Postgres {
    home: tempfile::TempDir,
    programs: PathBuf,
}

impl Postgres {
    /// Makes a cluster and starts its server. Panics with what to install where there is none.
    pub fn start() -> Self {
        let programs = programs().expect("PostgreSQL's initdb was not found: apt-get install postgresql");
        let home = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        if is_root() {
            must(Command::new("chown").arg("postgres").arg(home.path()));
        }
        let server = Self { home, programs };
        let data = server.path("data");
        let socket = server.socket();
        must(server.program("initdb").args(["--auth=trust", "--username=postgres", "--no-sync", "-D"]).arg(&data));
        let options = format!("-c listen_addresses= -c unix_socket_directories={socket} -c fsync=off");
        let log = server.path("log");
        must(server.program("pg_ctl").args(["-w", "-s", "-o", &options, "-l", &log, "-D", &data, "start"]));
        server
    }

    /// The directory of its socket: the `host` of a connection as `postgres`.
    pub fn socket(&self) -> String {
        self.home.path().display().to_string()
    }

    /// Starts it again, listening on `port` of the loopback, too.
    pub fn restart_on(&self, port: u16) {
        self.stop();
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c fsync=off",
            self.socket()
        );
        let (log, data) = (self.path("log"), self.path("data"));
        must(self.program("pg_ctl").args(["-w", "-s", "-o", &options, "-l", &log, "-D", &data, "start"]));
    }

    /// Where its data is.
    pub fn data(&self) -> String {
        self.path("data")
    }

    /// The number of its first process, while it runs.
    pub fn process(&self) -> String {
        let file = std::fs::read_to_string(self.path("data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    /// Starts it again as it was; whether it does.
    pub fn starts_again(&self) -> bool {
        let options = format!("-c listen_addresses= -c unix_socket_directories={} -c fsync=off", self.socket());
        let (log, data) = (self.path("log"), self.path("data"));
        let mut start = self.program("pg_ctl");
        start.args(["-w", "-s", "-o", &options, "-l", &log, "-D", &data, "start"]).status().unwrap().success()
    }

    /// Whether the tests run as root, and servers as `postgres`.
    pub fn runs_as_root() -> bool {
        is_root()
    }

    /// Stops it.
    pub fn stop(&self) {
        let _ = self.program("pg_ctl").args(["-w", "-s", "-m", "fast", "-D", &self.path("data"), "stop"]).output();
    }

    /// One of PostgreSQL's clients.
    pub fn client(&self, name: &str) -> Command {
        Command::new(self.client_path(name))
    }

    /// Where one of PostgreSQL's clients is.
    pub fn client_path(&self, name: &str) -> String {
        self.programs.join(name).display().to_string()
    }

    /// Its major version.
    pub fn version(&self) -> u32 {
        std::fs::read_to_string(self.path("data/PG_VERSION")).unwrap().trim().parse().unwrap()
    }

    /// Stops it, and writes another major version where a server writes the one that made its data.
    pub fn pretend_version(&self, major: &str) {
        self.stop();
        std::fs::write(self.path("data/PG_VERSION"), format!("{major}\n")).unwrap();
    }

    /// Tries to start it in vain: what it says.
    pub fn fails_to_start(&self) -> String {
        let options = format!("-c listen_addresses= -c unix_socket_directories={}", self.socket());
        let (log, data) = (self.path("refusal"), self.path("data"));
        let tried = self
            .program("pg_ctl")
            .args(["-w", "-s", "-o", &options, "-l", &log, "-D", &data, "start"])
            .output()
            .unwrap();
        assert!(!tried.status.success(), "it started");
        // What keeps the server from reading its directory may keep it from writing a log.
        let said = String::from_utf8_lossy(&tried.stderr).into_owned();
        said + &std::fs::read_to_string(log).unwrap_or_default()
    }

    fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    /// One of PostgreSQL's programs; it refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(self.home.path());
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.path("data");
        let _ = self.program("pg_ctl").args(["-s", "-m", "immediate", "-D", &data, "stop"]).output();
    }
}

/// Where Debian and others put the programs: those of the newest version.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    found.sort();
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).find(|dir| dir.join("initdb").exists() && dir.join("pg_ctl").exists())
    });
    found.pop().or(on_path)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// Runs a command that has to succeed.
pub fn must(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    output
}

/// The Python of an environment that `tests/evidence/setup.sh` makes.
pub fn python(top: &Path, environment: &str) -> Command {
    let python = top.join("target/evidence").join(environment).join("bin/python");
    assert!(python.exists(), "{} is missing: run tests/evidence/setup.sh", python.display());
    Command::new(python)
}
