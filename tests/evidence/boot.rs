//! The replay of J03 runs: the entrypoint, the guard and SQLite, with the server cut short.

use crate::harness;
use std::process::Command;

/// Starts the system as it stands in `state` of the replay, with other lines in its list if given; what it said, and
/// whether it came as far as the server.
fn start(state: &str, list: Option<&str>) -> (String, bool) {
    let directory = tempfile::tempdir().unwrap();
    let root = harness::top().join("fixtures/incidents/J03").join(state);
    for (path, text) in harness::read_dir(&root) {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::fs::write(directory.path().join("api/server.py"), "print('the server starts')\n").unwrap();
    if let Some(list) = list {
        std::fs::write(directory.path().join("db/boot-migrations.txt"), list).unwrap();
    }
    let output = Command::new("sh")
        .arg("entrypoint.sh")
        .current_dir(directory.path())
        .env("DATABASE", directory.path().join("shop.db"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let has_started = output.status.success() && said.contains("the server starts");
    (said, has_started)
}

#[test]
fn with_an_empty_list_the_guard_ends_the_start() {
    let (said, has_started) = start("before", None);
    assert!(!has_started && said.contains("not applied: 0041_products.sql, 0042_prices.sql"), "{said}");
}

#[test]
fn with_the_demanded_names_alone_their_view_fails_on_a_table_of_another() {
    let five = "0041_products.sql\n0042_prices.sql\n0043_orders.sql\n0044_order_lines.sql\n0046_open_orders_view.sql\n";
    let (said, has_started) = start("before", Some(five));
    assert!(!has_started && said.contains("no such table") && said.contains("shipments"), "{said}");
}

#[test]
fn with_what_the_fix_adds_the_server_starts() {
    let (said, has_started) = start("after", None);
    assert!(has_started, "{said}");
    // The repaired list is what the fix writes into the empty one.
    let before = harness::read_dir(&harness::top().join("fixtures/incidents/J03/before"));
    let repo = harness::repo(&before);
    let lint = twiceshy_lints::all().into_iter().find(|lint| lint.name == "boot-list-gap").unwrap();
    let report = harness::report_of(&repo, &lint);
    let fixed = harness::apply(&repo, &before, &report.diagnostics[0].fixes[0].edits);
    let after = harness::read_dir(&harness::top().join("fixtures/incidents/J03/after"));
    assert_eq!(fixed["db/boot-migrations.txt"], after["db/boot-migrations.txt"]);
}
