//! Processes that are ended by their name or command line: whom it meets besides.

use crate::program::copy_program;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Shells, as they are given a text.
const SHELLS: &[&[&str]] = &[&["bash", "-c"], &["dash", "-c"], &["busybox", "sh", "-c"]];
/// The status of a shell that SIGTERM ended.
const TERMINATED: i32 = 15;

/// A word that stands on no other command line of this machine.
fn word(test: &str) -> String {
    format!("twiceshy{test}{}", std::process::id())
}

fn shell(shell: &[&str], text: &str) -> Output {
    Command::new(shell[0]).args(&shell[1..]).arg(text).stdin(Stdio::null()).output().unwrap()
}

fn signal(output: &Output) -> Option<i32> {
    output.status.signal()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Whether a process ends soon.
fn ends(child: &mut Child) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    false
}

/// Asks until the answer is yes; fails if it never is.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a program and waits until its name and command line are its own.
fn start(program: &std::path::Path, args: &[&str]) -> Child {
    let child = Command::new(program).args(args).stdout(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
    let line = format!("/proc/{}/cmdline", child.id());
    let program = program.to_str().unwrap();
    wait_until(&line, || std::fs::read(&line).unwrap().starts_with(program.as_bytes()));
    child
}

#[test]
fn a_shell_that_is_given_the_pattern_as_text_ends_before_its_next_command() {
    for (number, name) in SHELLS.iter().enumerate() {
        let word = word(&format!("own{number}x"));
        let bad = shell(name, &format!("pkill -f {word}; echo went on"));
        assert_eq!((signal(&bad), said(&bad).as_str()), (Some(TERMINATED), ""), "{name:?}");
        let or_true = shell(name, &format!("pkill -f {word} || true; echo went on"));
        assert_eq!(signal(&or_true), Some(TERMINATED), "{name:?}");
        let (first, rest) = word.split_at(1);
        let good = shell(name, &format!("pkill -f '[{first}]{rest}'; echo went on"));
        assert_eq!((signal(&good), said(&good).as_str()), (None, "went on"), "{name:?}");
    }
}

#[test]
fn what_a_shell_reads_stands_on_no_command_line() {
    for program in ["bash", "dash"] {
        let text = format!("{program} -s <<'EOF'\npkill -f {}\necho went on\nEOF\n", word("heredoc"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("script");
        std::fs::write(&file, text).unwrap();
        let output = Command::new(program).arg(&file).stdin(Stdio::null()).output().unwrap();
        assert_eq!(said(&output), "went on", "{program}");
    }
}

#[test]
fn a_script_whose_path_has_the_word_ends_itself() {
    let directory = tempfile::tempdir().unwrap();
    let word = word("path");
    let file = directory.path().join(format!("restart-{word}.sh"));
    std::fs::write(&file, format!("pkill -f {word}\necho went on\n")).unwrap();
    let bad = Command::new("bash").arg(&file).output().unwrap();
    assert_eq!((signal(&bad), said(&bad).as_str()), (Some(TERMINATED), ""));
    let other = directory.path().join("restart.sh");
    std::fs::copy(&file, &other).unwrap();
    let good = Command::new("bash").arg(&other).output().unwrap();
    assert_eq!(said(&good), "went on");
}

#[test]
fn a_word_meets_whoever_has_it_on_the_command_line() {
    let directory = tempfile::tempdir().unwrap();
    let word = word("log");
    let log = directory.path().join(format!("{word}.log"));
    std::fs::write(&log, "").unwrap();
    let tail = || start(std::path::Path::new("tail"), &["-f", log.to_str().unwrap()]);
    let mut ended = tail();
    shell(&["bash", "-c"], &format!("pkill -f '[{}]{}'", &word[..1], &word[1..]));
    assert!(ends(&mut ended), "`tail -f` is ended by a pattern that its file's name has");
    let mut spared = tail();
    shell(&["bash", "-c"], &format!("pkill -f '^/srv/{word}'"));
    assert!(spared.try_wait().unwrap().is_none());
    let _ = spared.kill();
    let _ = spared.wait();
}

#[test]
fn a_name_is_compared_in_part_by_pkill_and_whole_by_killall() {
    let directory = tempfile::tempdir().unwrap();
    // A program's name is cut after 15 characters.
    let name = format!("ts{}", std::process::id());
    let longer = directory.path().join(format!("{name}_exp"));
    copy_program("/bin/sleep".as_ref(), &longer);
    let mut exporter = start(&longer, &["60"]);
    let killall = Command::new("killall").arg(&name).output().unwrap();
    assert!(!killall.status.success() && exporter.try_wait().unwrap().is_none(), "killall wants the whole name");
    assert!(Command::new("pkill").arg(&name).status().unwrap().success());
    assert!(ends(&mut exporter), "`pkill NAME` ends `NAME_exp`");
}

#[test]
fn a_process_in_a_namespace_of_its_own_is_one_of_its_host() {
    let directory = tempfile::tempdir().unwrap();
    let name = format!("tc{}", std::process::id());
    let program = directory.path().join(&name);
    copy_program("/bin/sleep".as_ref(), &program);
    let isolated = ["--user", "--map-root-user", "--fork", "--pid", "--mount-proc"];
    if !Command::new("unshare").args(isolated).arg("true").output().is_ok_and(|output| output.status.success()) {
        return;
    }
    let mut contained =
        Command::new("unshare").args(isolated).arg(&program).arg("60").stderr(Stdio::null()).spawn().unwrap();
    // The first process of a namespace takes signals from outside as any other does, if it is SIGKILL.
    let killall = || Command::new("killall").args(["-9", &name]).stderr(Stdio::null()).status().unwrap();
    wait_until("`killall` finds what runs in a container", || killall().success());
    assert!(ends(&mut contained), "what runs in a container is ended from outside");
}
