//! SARIF against the standard's own schema.

use crate::harness::{self, top};
use crate::program::{place, twiceshy};
use serde_json::Value;

/// Every way in which `log` is not SARIF 2.1.0, by Python's `jsonschema` (it comes with `tests/evidence/setup.sh`: the Rust
/// one costs a minute of every build).
fn errors(log: &Value) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.sarif");
    std::fs::write(&path, log.to_string()).unwrap();
    let python = top().join("target/evidence/venv/bin/python");
    let output = std::process::Command::new(&python)
        .arg(top().join("tests/schema/validate.py"))
        .args([top().join("tests/schema/sarif-schema-2.1.0.json"), path])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/evidence/setup.sh", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// What Microsoft's validator says of a log, with the rules that GitHub's code scanning asks for.
fn complaints(log: &Value) -> Vec<String> {
    let validator =
        top().join("target/evidence/sarif-multitool/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool");
    if !validator.exists() && !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Vec::new();
    }
    let folder = tempfile::tempdir().unwrap();
    let [path, said] = ["log.sarif", "said.sarif"].map(|name| folder.path().join(name));
    std::fs::write(&path, log.to_string()).unwrap();
    let output = std::process::Command::new(&validator)
        // Its other notes are taste: names of rules like CS2001, messages by number, a schema fetched from the network.
        .args(["validate", "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning", "--quiet", "true", "--output"])
        .args([&said, &path])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/evidence/setup.sh", validator.display()));
    let said = std::fs::read(&said).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let said: Value = serde_json::from_slice(&said).unwrap();
    let results = said["runs"][0]["results"].as_array().cloned().unwrap_or_default();
    results
        .iter()
        .map(|result| {
            format!("{} {} {}", result["ruleId"], result["message"], result["locations"][0]["logicalLocations"])
        })
        .collect()
}

#[test]
fn every_report_is_what_the_schema_says() {
    // Every example of every lint in one tree: results, related locations and fixes of all kinds.
    let examples = tempfile::tempdir().unwrap();
    for lint in twiceshy_lints::all() {
        for (at, case) in harness::cases(&lint.name, lint.meta.readme).iter().enumerate() {
            for (path, text) in &case.files {
                let path = examples.path().join(&lint.name).join(at.to_string()).join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
        }
    }
    let broken = place(&[("a b/compose.yml", b"a: [\n"), ("\u{1b}\n%.sh", b"\xff"), ("x.py", b"\0")]);
    for directory in [examples.path(), broken.path(), &top().join("fixtures/shop/repo")] {
        let run = twiceshy(directory, &["check", ".", "--format", "sarif", "--pedantic"]);
        let log = run.json();
        assert_eq!(errors(&log), [""; 0]);
        let mut spoilt = log.clone();
        spoilt["runs"][0]["columnKind"] = "bytes".into();
        assert_eq!(errors(&spoilt).len(), 1, "the schema is not asked");
        assert_eq!(complaints(&log), [""; 0]);
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), twiceshy_lints::all().len());
        for result in log["runs"][0]["results"].as_array().unwrap() {
            let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
        }
        // docs.github.com, "SARIF support for code scanning".
        for rule in rules {
            for (field, most) in [("shortDescription", 1024), ("fullDescription", 1024)] {
                let text = rule[field]["text"].as_str().unwrap();
                assert!(text.chars().count() <= most, "{}: {field} has {}", rule["id"], text.chars().count());
            }
            assert!(rule["name"].as_str().unwrap().len() <= 255);
            assert!(rule["properties"]["tags"].as_array().unwrap().len() <= 10);
        }
    }
}

#[test]
fn paths_are_those_of_the_repository_whatever_part_of_it_is_checked() {
    let repository = place(&[(".git/HEAD", b""), ("deploy/a b/run.sh", b"echo \xff\n")]);
    let run = twiceshy(repository.path(), &["check", "deploy", "--format", "sarif"]);
    let notification = &run.json()["runs"][0]["invocations"][0]["toolExecutionNotifications"][0];
    let location = &notification["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "deploy/a%20b/run.sh");
    assert_eq!(location["uriBaseId"], "%SRCROOT%");
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_validator_is_asked() {
    let directory = place(&[("run.sh", b"echo \xff\n")]);
    let mut log = twiceshy(directory.path(), &["check", ".", "--format", "sarif"]).json();
    log["runs"][0]["results"] = serde_json::json!([{ "ruleId": "x", "message": { "text": "" } }]);
    assert!(complaints(&log).len() > 2);
}
