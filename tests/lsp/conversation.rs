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
fn what_happens_on_the_disk_before_the_client_watches_is_seen() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
    let file = path.join("compose.yml");
    let mut client = Client::start();
    client.is_slow = true;
    client.initialize(&[&path], capabilities());
    let watch = client.wait(|message| message["method"] == "client/registerCapability");
    client.wait(|message| message["params"]["diagnostics"].as_array().is_some_and(|found| !found.is_empty()));
    std::fs::write(&file, MENDED).unwrap();
    client.consent(&watch);
    client.wait(|message| message["params"]["diagnostics"] == json!([]));
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

/// A position in a document, where `word` stands in its text for the nth time, and as many letters on.
fn at(path: &std::path::Path, text: &str, word: &str, nth: usize) -> Value {
    let offset = text.match_indices(word).nth(nth).unwrap().0;
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap().chars().count() + 1;
    json!({"textDocument": {"uri": uri(path)}, "position": {"line": line, "character": character}})
}

/// A text with a workspace edit's changes to one document, which has to be of this version.
fn edited(text: &str, edit: &Value, path: &std::path::Path, version: &Value) -> String {
    let change =
        edit["documentChanges"].as_array().unwrap().iter().find(|it| it["textDocument"]["uri"] == uri(path)).unwrap();
    assert_eq!(change["textDocument"]["version"], *version);
    let mut text = text.to_owned();
    let mut edits = change["edits"].as_array().unwrap().clone();
    edits.sort_by_key(|it| (it["range"]["start"]["line"].as_u64(), it["range"]["start"]["character"].as_u64()));
    for edit in edits.iter().rev() {
        let offset = |it: &Value| {
            let line = it["line"].as_u64().unwrap() as usize;
            text.split_inclusive('\n').take(line).map(str::len).sum::<usize>()
                + it["character"].as_u64().unwrap() as usize
        };
        let (start, end) = (offset(&edit["range"]["start"]), offset(&edit["range"]["end"]));
        text.replace_range(start..end, edit["newText"].as_str().unwrap());
    }
    text
}

/// The actions for a whole document.
fn actions(client: &mut Client, path: &std::path::Path, only: &[&str]) -> Vec<Value> {
    let whole = json!({"start": {"line": 0, "character": 0}, "end": {"line": 9999, "character": 0}});
    let mut context = json!({"diagnostics": []});
    if !only.is_empty() {
        context["only"] = json!(only);
    }
    let params = json!({"textDocument": {"uri": uri(path)}, "range": whole, "context": context});
    client.request("textDocument/codeAction", params).unwrap().as_array().unwrap().clone()
}

#[test]
fn fixes_are_edits_of_the_very_version_that_was_looked_at() {
    // A word that is nearly the name of a service, twice.
    let text = "services:\n  web:\n    image: nginx:1.27\n    depends_on: [databse]\n  api:\n    image: nginx:1.27\n    links: [databse]\n  database:\n    image: redis:7\n";
    let (_directory, path) = folder(&[("compose.yml", text)]);
    let file = path.join("compose.yml");
    let mut client = Client::on(&[&path], capabilities());
    client.open(&file, text);
    client.replace(&file, 2, text);
    let all = actions(&mut client, &file, &["quickfix"]);
    assert!(!all.is_empty());
    let title = |action: &Value| action["title"].as_str().unwrap().to_owned();
    let mut fixes = all.iter().map(title);
    let first_ignore = fixes.position(|title| title.starts_with("Ignore undefined-service here"));
    assert!(first_ignore.is_some_and(|at| at > 0), "what mends comes before what silences");
    for action in &all {
        assert!(
            action.get("edit").is_none() && action["kind"] == "quickfix",
            "edits wait until they are wanted: {action}"
        );
        assert_eq!(action["diagnostics"][0]["code"], "undefined-service");
    }
    let mut mended = text.to_owned();
    for _ in 0..2 {
        let all = actions(&mut client, &file, &["quickfix"]);
        let action = client.request("codeAction/resolve", all[0].clone()).unwrap();
        let version = json!(2 + i64::from(mended != text));
        mended = edited(&mended, &action["edit"], &file, &version);
        client.replace(&file, version.as_i64().unwrap() + 1, &mended);
    }
    client.settle();
    assert!(client.findings(&file).is_empty(), "{mended}");
    assert_eq!(mended, text.replace("databse", "database"));
    assert!(actions(&mut client, &file, &[]).is_empty());
}

#[test]
fn a_finding_can_be_ignored_where_it_stands() {
    let (_directory, path) = folder(&[("compose.yml", COMPOSE)]);
    let mut client = Client::on(&[&path], capabilities());
    let file = path.join("compose.yml");
    let all = actions(&mut client, &file, &[]);
    let ignore = all.into_iter().find(|action| action["title"].as_str().unwrap().starts_with("Ignore ")).unwrap();
    let action = client.request("codeAction/resolve", ignore).unwrap();
    let ignored = edited(COMPOSE, &action["edit"], &file, &Value::Null);
    assert!(ignored.contains("    # twiceshy: ignore[undefined-service] say here why"), "{ignored}");
    client.open(&file, &ignored);
    client.settle();
    assert!(client.findings(&file).is_empty(), "{:?}", client.published);
}

#[test]
fn all_safe_fixes_are_one_action_and_what_a_person_decides_is_not_among_them() {
    let (name, files) = super::playback::with_a_safe_fix();
    let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (_directory, path) = folder(&texts);
    let mut client = Client::on(&[&path], capabilities());
    client.settle();
    let mut count = 0;
    for inside in files.keys() {
        let file = path.join(inside);
        for action in actions(&mut client, &file, &["source.fixAll"]) {
            assert_eq!(action["kind"], "source.fixAll.twiceshy");
            let before = client.findings(&file).len();
            let action = client.request("codeAction/resolve", action).unwrap();
            for (other, text) in &files {
                let other = path.join(other);
                let changes = action["edit"]["documentChanges"].as_array().unwrap();
                if changes.iter().any(|it| it["textDocument"]["uri"] == uri(&other)) {
                    client.open(&other, &edited(text, &action["edit"], &other, &Value::Null));
                }
            }
            client.settle();
            assert!(client.findings(&file).len() < before, "{name}/{inside}");
            count += 1;
        }
        let preferred = actions(&mut client, &file, &["quickfix"]);
        assert!(preferred.iter().all(|action| action.get("isPreferred") != Some(&json!(false))));
    }
    assert!(count > 0, "{name}");
}

#[test]
fn a_client_that_asks_for_less_gets_edits_without_versions_at_once() {
    let (_directory, path) = folder(&[(
        "compose.yml",
        "services:\n  web:\n    image: nginx:1.27\n    depends_on: [databse]\n  database:\n    image: redis:7\n",
    )]);
    let file = path.join("compose.yml");
    let mut client = Client::on(&[&path], json!({"textDocument": {"publishDiagnostics": {}}}));
    let all = actions(&mut client, &file, &[]);
    let edits = &all[0]["edit"]["changes"][uri(&file)];
    assert_eq!(edits[0]["newText"], "database", "{all:?}");
    let told = client.published[&uri(&file)][0].get("relatedInformation");
    assert_eq!(told, None, "what it cannot show stands in the message");
}

#[test]
fn hovering_shows_the_page_of_a_finding_and_the_facts_of_a_service() {
    let compose = "services:\n  web:\n    image: nginx:1.27\n    ports: [\"8080:80\"]\n    depends_on: [db, dbb]\n    environment:\n      DATABASE_URL: postgres://app@db:5432/app\n  db:\n    image: postgres:17\n    volumes: [\"data:/var/lib/postgresql/data\"]\n    healthcheck:\n      test: [CMD, pg_isready]\nvolumes:\n  data:\n";
    let (_directory, path) = folder(&[("compose.yml", compose)]);
    let file = path.join("compose.yml");
    let mut client = Client::on(&[&path], capabilities());
    let mut hover = |word, nth| {
        let hover = client.request("textDocument/hover", at(&file, compose, word, nth)).unwrap();
        hover["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    assert!(hover("dbb", 0).starts_with("# undefined-service\n"));
    let db = hover("db:\n", 0);
    for said in
        ["`postgres:17`, a database", "5432", "[`web`](file://", "pg_isready", "`/var/lib/postgresql/data` in [`data`]"]
    {
        assert!(db.contains(said), "{said}: {db}");
    }
    assert!(hover("[db", 0).contains("a database"), "also where it is only named");
    let web = hover("web:\n", 0);
    assert!(web.contains("Published: [`8080 → 80`]") && web.contains("`DATABASE_URL`"), "{web}");
    assert!(!web.contains("app@db"), "values may be secrets");
    assert_eq!(hover("image", 0), "");
}

#[test]
fn definitions_lead_to_other_files() {
    let compose = "services:\n  web:\n    image: nginx:${TAG}\n    depends_on: [db]\n  db:\n    image: postgres:17\n";
    let (_directory, path) = folder(&[("compose.yml", compose), (".env", "TAG=1.27\n")]);
    let file = path.join("compose.yml");
    let mut client = Client::on(&[&path], capabilities());
    let mut definition = |word| {
        let found = client.request("textDocument/definition", at(&file, compose, word, 0)).unwrap();
        let said = found.as_array().into_iter().flatten().map(|it| {
            format!("{}:{}", it["uri"].as_str().unwrap().rsplit('/').next().unwrap(), it["range"]["start"]["line"])
        });
        said.collect::<Vec<_>>()
    };
    assert_eq!(definition("TAG"), [".env:0"]);
    assert_eq!(definition("db]"), ["compose.yml:4"]);
    assert!(definition("image").is_empty());
}
