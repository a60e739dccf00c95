//! From `initialize` to `exit`, and what happens in between.

use super::client::{Client, capabilities, folder, uri};
use serde_json::{Value, json};

const COMPOSE: &str = "services:\n  web:\n    image: nginx:1.27\n    depends_on: [dbb]\n  db:\n    image: redis:7\n";
const MENDED: &str = "services:\n  web:\n    image: nginx:1.27\n    depends_on: [db]\n  db:\n    image: redis:7\n";

#[test]
fn findings_are_published_for_files_that_are_not_open_and_taken_back() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
    let file = path.join("compose.yml");
    let mut client = Client::on(&[&path], capabilities());
    client.settle();
    assert_eq!(client.findings(&file), ["4:18 undefined-service"]);
    let found = &client.published[&uri(&file)][0];
    assert_eq!((&found["source"], &found["severity"]), (&json!("twiceshy"), &json!(1)));
    assert!(found["codeDescription"]["href"].as_str().unwrap().ends_with("/lints/undefined_service/README.md"));
    client.open(&file, COMPOSE);
    client.replace(&file, 2, MENDED);
    client.settle();
    assert!(client.findings(&file).is_empty());
    let last = client.wait(|message| message["params"]["version"] == 2);
    assert_eq!(last["params"]["diagnostics"], json!([]), "a file without findings gets an empty list");
    client.close(&file);
    client.settle();
    assert_eq!(client.findings(&file), ["4:18 undefined-service"], "what is closed is what stands on the disk");
    client.request("shutdown", Value::Null).unwrap();
    client.notify("exit", Value::Null);
    assert_eq!(client.code(), 0);
}

#[test]
fn editing_an_env_file_changes_what_is_said_about_the_compose_file() {
    let compose = "services:\n  a:\n    image: nginx:1.27\n    restart: always\n    ports: [\"${A}:80\"]\n  b:\n    image: nginx:1.27\n    restart: always\n    ports: [\"${B}:80\"]\n";
    let (_directory, path) = folder(&[("compose.yml", compose), (".env", "A=8080\nB=8081\n")]);
    let (compose, env) = (path.join("compose.yml"), path.join(".env"));
    let mut client = Client::on(&[&path], capabilities());
    client.settle();
    assert!(client.findings(&compose).is_empty(), "{:?}", client.published);
    client.open(&env, "A=8080\nB=8081\n");
    client.replace(&env, 2, "A=8080\nB=8080\n");
    client.settle();
    let found = client.findings(&compose);
    assert!(found.iter().any(|it| it.ends_with("duplicate-host-port")), "{:?}", client.published);
    client.replace(&env, 3, "A=8080\nB=8081\n");
    client.settle();
    assert!(client.findings(&compose).is_empty(), "{:?}", client.published);
}

#[test]
fn changes_are_applied_where_the_client_counts_them() {
    for (encoding, column) in [("utf-8", 9), ("utf-16", 7), ("utf-32", 6)] {
        let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
        let file = path.join("compose.yml");
        let mut capabilities = capabilities();
        capabilities["general"]["positionEncodings"] = json!([encoding]);
        let mut client = Client::start();
        let result = client.initialize(&[&path], capabilities);
        assert_eq!(result["capabilities"]["positionEncoding"], encoding);
        let text = COMPOSE.replace("[dbb]", "[\"😀\", dbb]");
        client.open(&file, &text);
        client.settle();
        // Behind `    depends_on: ["😀", `.
        let (smile, name) = (18, 12 + column + 4);
        let found = client.findings(&file);
        assert!(found.contains(&format!("4:{} undefined-service", name + 1)), "{encoding}: {found:?}");
        let range = json!({"start": {"line": 3, "character": smile - 1}, "end": {"line": 3, "character": name}});
        let change = json!({
            "textDocument": {"uri": uri(&file), "version": 2},
            "contentChanges": [{"range": range, "text": ""}],
        });
        client.notify("textDocument/didChange", change);
        client.settle();
        assert_eq!(client.findings(&file), ["4:18 undefined-service"], "{encoding}");
    }
}

#[test]
fn what_happens_on_the_disk_is_seen_when_the_client_tells_of_it() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
    let file = path.join("compose.yml");
    let mut client = Client::on(&[&path], capabilities());
    let watch = client.wait(|message| message["method"] == "client/registerCapability");
    assert_eq!(watch["params"]["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
    client.settle();
    std::fs::write(&file, MENDED).unwrap();
    client.watched(&[(&file, 2)]);
    client.settle();
    assert!(client.published.is_empty());
    let other = path.join("deploy/compose.yml");
    std::fs::create_dir(path.join("deploy")).unwrap();
    std::fs::write(&other, COMPOSE).unwrap();
    client.watched(&[(&other, 1)]);
    client.settle();
    assert!(client.findings(&other).contains(&"4:18 undefined-service".into()));
    std::fs::remove_dir_all(path.join("deploy")).unwrap();
    client.watched(&[(&path.join("deploy"), 3)]);
    client.settle();
    assert!(client.published.is_empty());
}

#[test]
fn what_happens_on_the_disk_is_seen_when_the_client_tells_nothing() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
    let file = path.join("compose.yml");
    let mut capabilities = capabilities();
    capabilities["workspace"]["didChangeWatchedFiles"] = json!({});
    let mut client = Client::on(&[&path], capabilities);
    client.settle();
    assert_eq!(client.findings(&file).len(), 1);
    std::fs::write(&file, MENDED).unwrap();
    client.wait(|message| message["params"]["diagnostics"] == json!([]));
    assert!(client.published.is_empty());
}

#[test]
fn folders_come_and_go() {
    let (_first, one) = folder(&[("compose.yml", COMPOSE)]);
    let (_second, two) = folder(&[("compose.yml", COMPOSE)]);
    let mut client = Client::on(&[&one], capabilities());
    let change = |added: Value, removed: Value| json!({"event": {"added": added, "removed": removed}});
    let named = |path| json!([{"uri": uri(path), "name": "x"}]);
    client.notify("workspace/didChangeWorkspaceFolders", change(named(&two), json!([])));
    client.settle();
    assert_eq!(client.published.len(), 2);
    client.notify("workspace/didChangeWorkspaceFolders", change(json!([]), named(&one)));
    client.settle();
    assert_eq!(client.published.keys().collect::<Vec<_>>(), [&uri(&two.join("compose.yml"))]);
}

#[test]
fn a_file_of_no_folder_is_seen_with_the_repository_around_it_or_with_what_stands_beside_it() {
    let (_directory, path) =
        folder(&[("repo/.git/HEAD", ""), ("repo/deploy/compose.yml", COMPOSE), ("repo/compose.yml", COMPOSE)]);
    let mut client = Client::on(&[], capabilities());
    client.settle();
    assert!(client.published.is_empty());
    let file = path.join("repo/deploy/compose.yml");
    client.open(&file, COMPOSE);
    client.settle();
    assert_eq!(client.published.len(), 2);
    client.close(&file);
    client.settle();
    assert!(client.published.is_empty(), "it is left when nothing of it is open");

    let (_directory, path) = folder(&[("compose.yml", COMPOSE), ("deep/compose.yml", COMPOSE)]);
    client.open(&path.join("compose.yml"), COMPOSE);
    client.open(&path.join("new.compose.yml"), COMPOSE);
    client.notify(
        "textDocument/didOpen",
        json!({"textDocument": {"uri": "untitled:1", "languageId": "x", "version": 1, "text": ""}}),
    );
    client.settle();
    let uris: Vec<_> = client.published.keys().cloned().collect();
    assert_eq!(uris, [uri(&path.join("compose.yml")), uri(&path.join("new.compose.yml"))]);
    assert_eq!(
        client.request(
            "textDocument/hover",
            json!({"textDocument": {"uri": "untitled:1"}, "position": {"line": 0, "character": 0}})
        ),
        Ok(Value::Null)
    );
}

#[test]
fn findings_can_be_pulled_and_those_that_are_known_are_not_sent_again() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE), ("b.compose.yml", COMPOSE)]);
    let file = path.join("compose.yml");
    let mut client = Client::start();
    let result = client.initialize(
        &[&path],
        json!({"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": true}}}),
    );
    assert_eq!(result["capabilities"]["diagnosticProvider"]["interFileDependencies"], true);
    let one = |previous: Value| json!({"textDocument": {"uri": uri(&file)}, "previousResultId": previous});
    let full = client.request("textDocument/diagnostic", one(Value::Null)).unwrap();
    assert_eq!((&full["kind"], &full["items"][0]["code"]), (&json!("full"), &json!("undefined-service")));
    let again = client.request("textDocument/diagnostic", one(full["resultId"].clone())).unwrap();
    assert_eq!(again, json!({"kind": "unchanged", "resultId": full["resultId"]}));
    let all = client.request("workspace/diagnostic", json!({"previousResultIds": []})).unwrap();
    let ids: Vec<Value> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| json!({"uri": item["uri"], "value": item["resultId"]}))
        .collect();
    assert_eq!(ids.len(), 2);
    client.open(&file, MENDED);
    let all = client.request("workspace/diagnostic", json!({"previousResultIds": ids})).unwrap();
    let mut kinds: Vec<(String, usize)> = Vec::new();
    for item in all["items"].as_array().unwrap() {
        kinds.push((item["kind"].as_str().unwrap().into(), item["items"].as_array().map_or(9, Vec::len)));
    }
    kinds.sort();
    assert_eq!(kinds, [("full".into(), 0), ("unchanged".into(), 9)]);
    client.wait(|message| message["method"] == "workspace/diagnostic/refresh");
    assert_eq!(client.publications, 0, "what is pulled is not pushed as well");
}

#[test]
fn the_first_check_shows_its_progress() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
    let mut client = Client::on(&[&path], capabilities());
    let create = client.wait(|message| message["method"] == "window/workDoneProgress/create");
    let token = create["params"]["token"].clone();
    client.settle();
    // The check of so small a folder may be over before anybody was asked.
    client.listen();
    let said = client.take(|message| message["method"] == "$/progress");
    let kinds: Vec<&str> = said.iter().map(|it| it["params"]["value"]["kind"].as_str().unwrap()).collect();
    assert!(kinds.is_empty() || (kinds[0] == "begin" && kinds.last() == Some(&"end")), "{kinds:?}");
    assert!(said.iter().all(|it| it["params"]["token"] == token));
}

#[test]
fn a_request_that_is_taken_back_is_answered_once() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
    let mut client = Client::on(&[&path], capabilities());
    let params =
        json!({"textDocument": {"uri": uri(&path.join("compose.yml"))}, "position": {"line": 3, "character": 18}});
    for _ in 0..50 {
        let id = client.ask("textDocument/hover", params.clone());
        client.notify("$/cancelRequest", json!({ "id": id }));
        match client.answer(&json!(id)) {
            Ok(hover) => assert!(hover["contents"]["value"].as_str().unwrap().starts_with("# undefined-service")),
            Err(error) => assert_eq!(error["code"], -32800),
        }
    }
    client.settle();
    client.listen();
    assert!(client.take(|message| message.get("method").is_none()).is_empty(), "a second answer");
}
