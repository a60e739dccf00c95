//! A map for programs, version 1. Fields are added, never renamed or removed, within a version.

use super::Marked;
use crate::view::View;
use serde::Serialize;
use twiceshy_repo::Place;
use twiceshy_repo::map::{EdgeKind, NodeKind, Part};

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    charts: Vec<Chart<'a>>,
}

/// A project.
#[derive(Serialize)]
struct Chart<'a> {
    files: Vec<&'a str>,
    nodes: Vec<Node<'a>>,
    edges: Vec<Edge<'a>>,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    kind: &'static str,
    name: &'a str,
    detail: &'a str,
    networks: &'a [String],
    profiles: &'a [String],
    path: &'a str,
    line: u32,
}

/// `from` and `to` are numbers of nodes, from 0.
#[derive(Serialize)]
struct Edge<'a> {
    kind: &'static str,
    from: usize,
    to: usize,
    label: &'a str,
    path: &'a str,
    line: u32,
}

/// A finding, and the node or the edge that it is about, by its number.
#[derive(Serialize)]
struct Finding<'a> {
    lint: &'a str,
    level: &'static str,
    message: &'a str,
    path: &'a str,
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge: Option<usize>,
    fingerprint: &'a str,
}

/// All charts as one object, with a line break at its end.
pub(super) fn write(charts: &[Marked<'_>], view: &View<'_>) -> Result<Vec<u8>, serde_json::Error> {
    let line = |place: Place| view.positions(place).0.line;
    let charts = charts.iter().map(|marked| {
        let chart = &marked.chart;
        let nodes = chart.nodes.iter().map(|node| {
            let place = node.places.first().copied();
            Node {
                kind: node_kind(node.kind),
                name: &node.name,
                detail: &node.detail,
                networks: &node.networks,
                profiles: &node.profiles,
                path: place.map_or("", |place| view.path(place.file)),
                line: place.map_or(0, line),
            }
        });
        let edges = chart.edges.iter().map(|edge| Edge {
            kind: edge_kind(edge.kind),
            from: edge.from,
            to: edge.to,
            label: &edge.label,
            path: view.path(edge.place.file),
            line: line(edge.place),
        });
        let findings = marked.marks.iter().map(|mark| Finding {
            lint: &mark.diagnostic.lint,
            level: mark.diagnostic.level.name(),
            message: &mark.diagnostic.message,
            path: view.path(mark.diagnostic.place.file),
            line: line(mark.diagnostic.place),
            node: if let Part::Node(at) = mark.part { Some(at) } else { None },
            edge: if let Part::Edge(at) = mark.part { Some(at) } else { None },
            fingerprint: &mark.diagnostic.fingerprint,
        });
        let files = chart.files.iter().map(|&file| view.path(file)).collect();
        Chart { files, nodes: nodes.collect(), edges: edges.collect(), findings: findings.collect() }
    });
    let json = serde_json::to_string_pretty(&Json { version: 1, charts: charts.collect() })?;
    Ok(crate::json::disarmed(json + "\n"))
}

fn node_kind(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Workflow => "workflow",
        NodeKind::Script => "script",
        NodeKind::Hostname => "hostname",
        NodeKind::Port => "port",
        NodeKind::Service => "service",
        NodeKind::Volume => "volume",
        NodeKind::Path => "path",
    }
}

fn edge_kind(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::ActsOn => "acts-on",
        EdgeKind::Routes => "routes",
        EdgeKind::Publishes => "publishes",
        EdgeKind::DependsOn => "depends-on",
        EdgeKind::Mounts => "mounts",
        EdgeKind::Reads => "reads",
    }
}
