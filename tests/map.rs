//! `twiceshy map`: what is on it, and that programs which draw it can read it.

use crate::program::{place, twiceshy};
use serde_json::Value;
use std::path::Path;

const COMPOSE: &str = r#"
services:
  web:
    build: web
    ports: ["8080:3000"]
    labels:
      traefik.http.routers.web.rule: Host(`shop.example.org`)
    networks: [front, back]
    depends_on:
      db: { condition: service_healthy }
  worker:
    image: registry.example.org/worker:2
    profiles: [jobs]
    networks: [back]
    volumes: ["./settings:/etc/worker:ro"]
  db:
    image: postgres:16
    networks: [back]
    volumes: ["data:/var/lib/postgresql/data"]
    ports: ["8080:5432"]
volumes: { data: {} }
networks: { front: {}, back: {} }
"#;

const FILES: &[(&str, &[u8])] = &[
    ("compose.yml", COMPOSE.as_bytes()),
    ("web/Dockerfile", b"FROM node:22\n"),
    ("deploy.sh", b"#!/bin/bash\ndocker compose pull\ndocker compose up -d\ndocker compose restart web\n"),
    (
        ".github/workflows/deploy.yml",
        b"on: push\njobs:\n  deploy:\n    runs-on: x\n    steps:\n      - run: docker compose run worker migrate\n",
    ),
];

fn map(directory: &Path, format: &str) -> String {
    let run = twiceshy(directory, &["map", "--format", format]);
    assert_eq!(run.code, 0, "{run:?}");
    run.out
}

fn json(directory: &Path) -> Value {
    serde_json::from_str(&map(directory, "json")).unwrap()
}

#[test]
fn a_map_shows_what_runs_what_it_keeps_who_reaches_it_and_what_acts_on_it() {
    let system = place(FILES);
    let json = json(system.path());
    let chart = &json["charts"][0];
    let nodes = chart["nodes"].as_array().unwrap();
    let name = |at: &Value| nodes[at.as_u64().unwrap() as usize]["name"].as_str().unwrap().to_owned();
    let edges = chart["edges"].as_array().unwrap().iter();
    let mut edges: Vec<String> = edges
        .map(|edge| {
            let label = edge["label"].as_str().unwrap();
            format!("{} {} {} [{label}]", name(&edge["from"]), edge["kind"].as_str().unwrap(), name(&edge["to"]))
        })
        .collect();
    edges.sort();
    assert_eq!(
        edges,
        [
            ".github/workflows/deploy.yml acts-on worker [run]",
            ":8080 publishes db [5432]",
            ":8080 publishes web [3000]",
            "db mounts data [/var/lib/postgresql/data]",
            "deploy.sh acts-on web [restart]",
            "shop.example.org routes web []",
            "web depends-on db [healthy]",
            "worker reads ./settings [/etc/worker]",
        ]
    );
    let node = |name: &str| nodes.iter().find(|node| node["name"] == name).unwrap();
    assert_eq!(node("web")["detail"], "web/Dockerfile");
    assert_eq!(node("web")["networks"], serde_json::json!(["front", "back"]));
    assert_eq!(node("worker")["profiles"], serde_json::json!(["jobs"]));
    assert_eq!(node("deploy.sh")["detail"], "pull, up");
    assert_eq!(node("db")["line"], 16);
}

#[test]
fn a_finding_stands_at_what_it_is_about() {
    let system = place(FILES);
    let json = json(system.path());
    let chart = &json["charts"][0];
    let found = chart["findings"].as_array().unwrap().iter();
    let found: Vec<&Value> = found.filter(|found| found["lint"] == "duplicate-host-port").collect();
    assert!(!found.is_empty(), "{chart:#}");
    for finding in found {
        let edge = &chart["edges"][finding["edge"].as_u64().unwrap() as usize];
        assert_eq!(edge["kind"], "publishes");
    }
    for format in ["mermaid", "dot", "svg"] {
        assert!(map(system.path(), format).contains("duplicate-host-port"), "{format}");
    }
}

#[test]
fn every_drawing_names_every_node_and_is_the_same_every_time() {
    let system = place(FILES);
    for format in ["mermaid", "dot", "svg", "json"] {
        let drawn = map(system.path(), format);
        for name in
            ["web", "worker", "db", "data", "./settings", ":8080", "shop.example.org", "deploy.sh", "deploy.yml"]
        {
            assert!(drawn.contains(name), "{format} has no {name}:\n{drawn}");
        }
        assert_eq!(drawn, map(system.path(), format));
    }
}

#[test]
fn names_cannot_leave_their_place_in_a_drawing() {
    let hostile = r#"
services:
  "a\"]; evil --> b[\"<script>alert(1)</script>&amp;\\": { image: "x\n\u001b[31m\"];}<b>", volumes: ["./a|b<c>\"d:/x"] }
"#;
    let system = place(&[("compose.yml", hostile.as_bytes())]);
    let svg = map(system.path(), "svg");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let element = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!((element("script"), element("b")), (0, 0));
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(texts.iter().any(|text| text.contains("<script>alert(1)</script>&amp;")), "{texts:?}");
    let mermaid = map(system.path(), "mermaid");
    assert!(!mermaid.contains("<script") && !mermaid.contains('\u{1b}'), "{mermaid}");
    for line in mermaid.lines().filter(|line| line.starts_with("  n")) {
        assert!(line.matches('"').count() % 2 == 0 && line.matches('"').count() <= 2, "{line}");
    }
    let dot = map(system.path(), "dot");
    assert!(dot.contains(r#"a\"]; evil"#) && !dot.contains('\u{1b}'), "{dot}");
}

#[test]
fn a_large_system_stays_readable() {
    let mut compose = String::from("services:\n  queue: { image: rabbitmq:4 }\n");
    for number in 0..40 {
        compose += &format!("  job-{number}: {{ image: worker:1, depends_on: [queue] }}\n");
    }
    let system = place(&[("compose.yml", compose.as_bytes())]);
    let svg = map(system.path(), "svg");
    let document = roxmltree::Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text()).collect();
    assert!(texts.contains(&"job-… × 40"), "{texts:?}");
    // Every one of them is still named: under the pointer.
    assert!(texts.iter().any(|text| text.contains("job-0,") && text.contains("job-39")));
    let height: f64 = document.root_element().attribute("height").unwrap().parse().unwrap();
    assert!(height < 400.0, "{height}");
}

#[test]
fn without_a_project_there_is_nothing_to_draw() {
    let system = place(&[("a.txt", b"")]);
    let run = twiceshy(system.path(), &["map"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("no Compose project"), "{run:?}");
}

#[test]
fn services_that_wait_for_each_other_can_be_drawn() {
    let circle = "services:\n  a: { image: x, depends_on: [b] }\n  b: { image: x, depends_on: [a, b] }\n";
    let system = place(&[("compose.yml", circle.as_bytes())]);
    assert!(roxmltree::Document::parse(&map(system.path(), "svg")).is_ok());
}

#[test]
fn the_picture_in_the_readme_is_the_sample() {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/shop");
    let drawn = map(&shop.join("repo"), "svg");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(shop.join("map.svg"), &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(shop.join("map.svg")).unwrap_or_default();
    assert!(
        drawn == kept,
        "fixtures/shop/map.svg is not what is drawn: run this test with INSTA_UPDATE=always and look at it"
    );
}
