//! Python's log handlers and Node's ways of appending: which ones grow.

use crate::harness::{self, Files};
use std::path::Path;
use std::process::Command;

fn run(directory: &Path, program: &str, file: &str) {
    let output = Command::new(program).arg(file).current_dir(directory).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The bytes of all files whose names begin with `prefix`, and their number.
fn size(directory: &Path, prefix: &str) -> (u64, usize) {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let logs: Vec<_> = entries.filter(|entry| entry.file_name().to_str().unwrap().starts_with(prefix)).collect();
    (logs.iter().map(|entry| entry.metadata().unwrap().len()).sum(), logs.len())
}

/// How many findings the lint has in a repository of one file.
fn findings(path: &str, text: &str) -> usize {
    let files = Files::from([(path.to_owned(), text.to_owned())]);
    let repo = harness::repo(&files);
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "unbounded-log").unwrap();
    harness::report_of(&repo, &lint).diagnostics.len()
}

#[test]
fn a_rotating_handler_with_one_of_its_two_numbers_never_rotates() {
    // The arguments, and whether 2 MB in a file of 100 kB are kept.
    let handlers = [
        ("RotatingFileHandler('py.log')", true),
        ("RotatingFileHandler('py.log', backupCount=3)", true),
        ("RotatingFileHandler('py.log', maxBytes=100000)", true),
        ("RotatingFileHandler('py.log', maxBytes=100000, backupCount=3)", false),
        ("RotatingFileHandler('py.log', 'a', 100000, 3)", false),
    ];
    for (handler, grows) in handlers {
        let directory = tempfile::tempdir().unwrap();
        let program = format!(
            "import logging\nfrom logging.handlers import RotatingFileHandler\nhandler = {handler}\n\
             log = logging.getLogger('x')\nlog.addHandler(handler)\nlog.setLevel(logging.INFO)\n\
             for _ in range(20000):\n    log.info('x' * 100)\n"
        );
        std::fs::write(directory.path().join("app.py"), &program).unwrap();
        run(directory.path(), "python3", "app.py");
        let (bytes, _) = size(directory.path(), "py.log");
        assert_eq!(bytes >= 2_000_000, grows, "{handler}: {bytes} bytes");
        assert_eq!(findings("app.py", &program) == 1, grows, "{handler}");
    }
}

#[test]
fn a_timed_handler_without_a_count_keeps_every_file() {
    for (handler, keeps) in [("'t.log', when='S'", true), ("'t.log', when='S', backupCount=1", false)] {
        let directory = tempfile::tempdir().unwrap();
        // The clock is turned forward instead of waiting for it.
        let program = format!(
            "import logging, time\nfrom logging.handlers import TimedRotatingFileHandler\nnow = time.time()\n\
             handler = TimedRotatingFileHandler({handler})\nlog = logging.getLogger('x')\nlog.addHandler(handler)\n\
             for second in range(6):\n    time.time = lambda: now + 2 * second\n    log.warning('x')\n"
        );
        std::fs::write(directory.path().join("app.py"), &program).unwrap();
        run(directory.path(), "python3", "app.py");
        let (_, files) = size(directory.path(), "t.log");
        assert_eq!(files > 2, keeps, "{handler}: {files} files");
        assert_eq!(findings("app.py", &program) == 1, keeps, "{handler}");
    }
}

#[test]
fn what_node_appends_stays_and_what_it_opens_anew_does_not() {
    let ways = [
        ("fs.appendFileSync(LOG, line)", true),
        ("fs.writeFileSync(LOG, line, { flag: 'a' })", true),
        ("fs.writeFileSync(LOG, line)", false),
        (
            "if (fs.existsSync(LOG) && fs.statSync(LOG).size > 50000) fs.renameSync(LOG, LOG + '.1'); fs.appendFileSync(LOG, line)",
            false,
        ),
    ];
    for (way, grows) in ways {
        let directory = tempfile::tempdir().unwrap();
        let program = format!(
            "const fs = require('fs');\nconst LOG = 'events.log';\nconst line = 'x'.repeat(99) + '\\n';\n\
             function note() {{ {way}; }}\nfor (let i = 0; i < 5000; i++) note();\n\
             const timer = setInterval(note, 1000);\nclearInterval(timer);\n"
        );
        std::fs::write(directory.path().join("app.js"), &program).unwrap();
        run(directory.path(), "node", "app.js");
        let (bytes, _) = size(directory.path(), "events.log");
        assert_eq!(bytes == 500_000, grows, "{way}: {bytes} bytes");
        assert_eq!(findings("app.js", &program) == 1, grows, "{way}");
    }
}

#[test]
fn a_stream_that_is_opened_once_for_appending_keeps_what_earlier_runs_wrote_and_all_that_it_writes() {
    let directory = tempfile::tempdir().unwrap();
    let program = "const fs = require('fs');\nconst out = fs.createWriteStream('events.log', { flags: 'a' });\n\
                   const timer = setInterval(() => {}, 1000);\nclearInterval(timer);\n\
                   for (let i = 0; i < 5000; i++) out.write('x'.repeat(99) + '\\n');\n";
    std::fs::write(directory.path().join("app.js"), program).unwrap();
    for runs in 1..=2 {
        run(directory.path(), "node", "app.js");
        assert_eq!(size(directory.path(), "events.log").0, runs * 500_000);
    }
    assert_eq!(findings("app.js", program), 1);
}

#[test]
fn basic_config_with_a_file_name_makes_a_file_handler() {
    let directory = tempfile::tempdir().unwrap();
    let program = "import logging\nlogging.basicConfig(filename='events.log')\n\
                   assert [type(handler) for handler in logging.root.handlers] == [logging.FileHandler]\n";
    std::fs::write(directory.path().join("app.py"), program).unwrap();
    run(directory.path(), "python3", "app.py");
}
