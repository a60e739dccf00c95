//! Whatever comes, the server answers, goes on, or ends with an exit code. Every wait has a deadline.

use super::client::{Client, capabilities, folder, uri};
use serde_json::{Value, json};

/// Says something that the server answers, to see that it is there.
fn answers(client: &mut Client) {
    let error = client.request("twiceshy/isThere", json!({})).unwrap_err();
    assert!([-32601, -32002].contains(&error["code"].as_i64().unwrap()), "{error}");
}

fn refusal(client: &mut Client) -> i64 {
    let refusal = client.wait(|message| message["id"].is_null() && message.get("error").is_some());
    refusal["error"]["code"].as_i64().unwrap()
}

#[test]
fn before_initialize_requests_are_refused_and_notifications_dropped() {
    let mut client = Client::start();
    let error = client.request("textDocument/hover", json!({})).unwrap_err();
    assert_eq!(error["code"], -32002);
    client.notify("textDocument/didOpen", json!({"nonsense": true}));
    client.notify("initialized", json!({}));
    answers(&mut client);
    client.initialize(&[], capabilities());
    assert_eq!(client.request("initialize", json!({})).unwrap_err()["code"], -32600);
    answers(&mut client);
}

#[test]
fn after_shutdown_requests_are_refused() {
    let (_directory, path) = folder(&[("compose.yml", "services: {}\n")]);
    let mut client = Client::on(&[&path], capabilities());
    client.request("shutdown", Value::Null).unwrap();
    assert_eq!(client.request("textDocument/hover", json!({})).unwrap_err()["code"], -32600);
    assert_eq!(client.request("shutdown", Value::Null).unwrap_err()["code"], -32600);
    client.notify("textDocument/didOpen", json!({}));
    client.notify("exit", Value::Null);
    assert_eq!(client.code(), 0);
}

#[test]
fn the_exit_code_says_whether_shutdown_came_first() {
    let mut client = Client::on(&[], capabilities());
    client.notify("exit", Value::Null);
    assert_eq!(client.code(), 1);
    let mut client = Client::start();
    client.notify("exit", Value::Null);
    assert_eq!(client.code(), 1);
    assert_eq!(Client::on(&[], capabilities()).end(), 1);
    let mut client = Client::on(&[], capabilities());
    client.request("shutdown", Value::Null).unwrap();
    assert_eq!(client.end(), 0);
}

#[test]
fn what_is_no_json_or_no_message_is_refused_and_the_next_one_answered() {
    let mut client = Client::on(&[], capabilities());
    let cases: [(&str, i64); 7] = [
        ("{", -32700),
        ("", -32700),
        ("\u{0}\u{1}", -32700),
        ("[]", -32600),
        ("7", -32600),
        (r#"{"jsonrpc":"2.0"}"#, -32600),
        (r#"{"jsonrpc":"2.0","method":7}"#, -32600),
    ];
    for (body, code) in cases {
        client.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
        assert_eq!(refusal(&mut client), code, "{body:?}");
        answers(&mut client);
    }
    let deep = "[".repeat(1_000_000);
    client.raw(format!("Content-Length: {}\r\n\r\n{deep}", deep.len()).as_bytes());
    assert_eq!(refusal(&mut client), -32700);
    client.raw(b"Content-Length: 4\r\n\r\n\xff\xfe{}");
    assert_eq!(refusal(&mut client), -32700);
    answers(&mut client);
    assert!(!client.log.is_empty(), "it says so in the log");
}

#[test]
fn wrong_lengths_and_broken_headers_cost_no_more_than_their_message() {
    let body = r#"{"jsonrpc":"2.0","method":"$/x"}"#;
    let cases = [
        format!("Content-Length: {}\r\n\r\n{body}", body.len() - 3),
        format!("Content-Length: {}\r\n\r\n{body}", body.len() + 3),
        format!("Content-Length: {}\r\n\r\n{body}", 60_000_000),
        format!("Content-Length: 18446744073709551615\r\n\r\n{body}"),
        format!("Content-Length: 99999999999999999999999\r\n\r\n{body}"),
        format!("Content-Length: -1\r\n\r\n{body}"),
        format!("Content-Length: \r\n\r\n{body}"),
        format!("Content-Type: x\r\n\r\n{body}"),
        format!("{body}\n"),
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "\0".repeat(100_000),
    ];
    for case in cases {
        let mut client = Client::on(&[], capabilities());
        client.raw(case.as_bytes());
        // What is too long is known to be when the next message begins inside of it.
        answers(&mut client);
        assert!(refusal(&mut client) < 0, "{}", case.escape_debug().take(60).collect::<String>());
        answers(&mut client);
    }
}

#[test]
fn a_message_that_is_cut_off_by_the_end_is_an_end() {
    let mut client = Client::on(&[], capabilities());
    client.raw(b"Content-Length: 1000\r\n\r\n{\"jsonrpc\"");
    assert_eq!(client.end(), 1);
    let mut client = Client::start();
    client.raw(b"Content-Le");
    assert_eq!(client.end(), 1);
}

#[test]
fn unknown_methods_and_odd_parameters_are_answered() {
    let (_directory, path) = folder(&[("compose.yml", "services:\n  web: {image: nginx}\n")]);
    let file = path.join("compose.yml");
    let mut client = Client::on(&[&path], capabilities());
    assert_eq!(client.request("textDocument/rename", json!({})).unwrap_err()["code"], -32601);
    assert_eq!(client.request("$/unknown", json!({})).unwrap_err()["code"], -32601);
    for method in [
        "textDocument/hover",
        "textDocument/definition",
        "textDocument/codeAction",
        "codeAction/resolve",
        "textDocument/diagnostic",
        "workspace/diagnostic",
    ] {
        for params in [Value::Null, json!([]), json!({"textDocument": 7}), json!({"textDocument": {"uri": 7}})] {
            assert_eq!(client.request(method, params).unwrap_err()["code"], -32602, "{method}");
        }
    }
    for method in [
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
        "workspace/didChangeWatchedFiles",
        "workspace/didChangeWorkspaceFolders",
        "$/cancelRequest",
        "window/workDoneProgress/cancel",
    ] {
        for params in [
            Value::Null,
            json!([]),
            json!({"textDocument": {"uri": uri(&file)}}),
            json!({"changes": 1, "event": 2, "id": []}),
        ] {
            client.notify(method, params);
        }
    }
    // A document that is not open, positions that are nowhere, an answer to nothing.
    client.replace(&path.join("unknown.yml"), 7, "x");
    client.close(&path.join("unknown.yml"));
    client.open(&file, "services: {}\n");
    let nowhere = json!({"start": {"line": 4_000_000_000_u32, "character": 9}, "end": {"line": 0, "character": 4_000_000_000_u32}});
    let change =
        json!({"textDocument": {"uri": uri(&file), "version": 2}, "contentChanges": [{"range": nowhere, "text": "x"}]});
    client.notify("textDocument/didChange", change);
    client.send(&json!({"jsonrpc": "2.0", "id": 999, "result": 1}));
    client.send(&json!({"jsonrpc": "2.0", "id": "x", "error": {"code": 1, "message": "no"}}));
    let at = json!({"textDocument": {"uri": uri(&file)}, "position": {"line": 99, "character": 99}});
    assert_eq!(client.request("textDocument/hover", at), Ok(Value::Null));
    client.settle();
}

#[test]
fn a_folder_that_is_not_there_is_said_and_not_waited_for() {
    let (_directory, path) = folder(&[]);
    let mut client = Client::on(&[&path.join("gone")], capabilities());
    let at =
        json!({"textDocument": {"uri": uri(&path.join("gone/compose.yml"))}, "position": {"line": 0, "character": 0}});
    assert_eq!(client.request("textDocument/hover", at).unwrap_err()["code"], -32803);
    assert!(client.log.iter().any(|line| line.contains("there is no such file or directory")), "{:?}", client.log);
}
