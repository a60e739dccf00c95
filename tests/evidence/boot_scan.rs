//! What SQLite and a hash read of a file: all of it, whatever its size.

use std::process::Command;

/// Makes two databases, one eight times the other, and reads each in a process of its own: what is done, the size of
/// the file, the bytes read.
const PROGRAM: &str = r#"
import os, sqlite3, subprocess, sys

READ = """
import hashlib, sqlite3, sys
path, work = sys.argv[1:]
def read():
    with open("/proc/self/io") as io:
        return int(io.readline().split()[1])
connection = sqlite3.connect(path)
before = read()
if work == "sha256":
    with open(path, "rb") as file:
        hashlib.file_digest(file, "sha256")
else:
    connection.execute("PRAGMA " + work).fetchall()
print(read() - before)
"""

for rows in (20_000, 160_000):
    path = f"{rows}.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, name TEXT, body TEXT)")
    connection.execute("CREATE INDEX entry_name ON entry (name)")
    texts = ((f"{n * 7919 % rows:012}", "x" * 200) for n in range(rows))
    connection.executemany("INSERT INTO entry (name, body) VALUES (?, ?)", texts)
    connection.commit()
    connection.close()
    for work in ("integrity_check", "integrity_check(1)", "quick_check", "sha256", "page_count", "user_version"):
        out = subprocess.run([sys.executable, "-c", READ, path, work], check=True, capture_output=True, text=True)
        print(work, os.path.getsize(path), out.stdout.strip())
"#;

#[test]
fn checks_and_hashes_read_all_of_a_file_and_their_work_grows_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new("python3").args(["-c", PROGRAM]).current_dir(directory.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut seen = 0;
    for line in text.lines() {
        let mut words = line.rsplitn(3, ' ');
        let read: u64 = words.next().unwrap().parse().unwrap();
        let size: u64 = words.next().unwrap().parse().unwrap();
        let work = words.next().unwrap();
        if matches!(work, "page_count" | "user_version") {
            assert!(read < 100_000, "{line}");
        } else {
            assert!(read >= size * 9 / 10, "{line}");
        }
        seen += 1;
    }
    assert_eq!(seen, 12, "{text}");
    let size = |line: usize| -> u64 { text.lines().nth(line).unwrap().rsplit(' ').nth(1).unwrap().parse().unwrap() };
    assert!(size(6) > 7 * size(0), "the second is eight times the first: {text}");
}
