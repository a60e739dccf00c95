//! A map as a Mermaid flowchart, one for each project.

use super::Marked;
use crate::text::visible::visible;
use std::fmt::Write as _;
use twiceshy_lint::Level;
use twiceshy_repo::map::{EdgeKind, NodeKind, Part};

/// One fence-less flowchart for one project; several stand one after the other, each under a comment.
pub(super) fn write(charts: &[Marked<'_>]) -> String {
    let mut out = String::new();
    for (number, marked) in charts.iter().enumerate() {
        if charts.len() > 1 {
            let gap = if number > 0 { "\n" } else { "" };
            let _ = writeln!(out, "{gap}%% {}", visible(&marked.title));
        }
        chart(&mut out, marked);
    }
    out
}

fn chart(out: &mut String, marked: &Marked<'_>) {
    out.push_str("flowchart LR\n");
    for (at, node) in marked.chart.nodes.iter().enumerate() {
        let mut label = text(&node.name);
        if !node.detail.is_empty() {
            let _ = write!(label, "<br/><small>{}</small>", text(&node.detail));
        }
        for profile in &node.profiles {
            let _ = write!(label, "<br/><small>profile {}</small>", text(profile));
        }
        for (number, diagnostic) in marked.about(Part::Node(at)) {
            let _ = write!(label, "<br/>⚠ {number} {}", diagnostic.lint);
        }
        let (open, close) = match node.kind {
            NodeKind::Port | NodeKind::Hostname => ("([", "])"),
            NodeKind::Script | NodeKind::Workflow => ("[[", "]]"),
            NodeKind::Service => ("[", "]"),
            NodeKind::Volume => ("[(", ")]"),
            NodeKind::Path => ("[/", "/]"),
        };
        let _ = writeln!(out, "  n{at}{open}\"{label}\"{close}");
    }
    for (at, edge) in marked.chart.edges.iter().enumerate() {
        let mut label = text(&edge.label);
        for (number, diagnostic) in marked.about(Part::Edge(at)) {
            let gap = if label.is_empty() { "" } else { "<br/>" };
            let _ = write!(label, "{gap}⚠ {number} {}", diagnostic.lint);
        }
        let arrow = match edge.kind {
            EdgeKind::Publishes | EdgeKind::Routes | EdgeKind::DependsOn => "-->",
            EdgeKind::ActsOn => "-.->",
            EdgeKind::Mounts => "---",
            EdgeKind::Reads => "-.-",
        };
        let label = if label.is_empty() { label } else { format!("|\"{label}\"|") };
        let _ = writeln!(out, "  n{} {arrow}{label} n{}", edge.from, edge.to);
    }
    let networks = marked.chart.networks();
    if networks.len() > 1 {
        for network in networks.keys() {
            let on =
                marked.chart.nodes.iter().enumerate().filter(|(_, node)| node.networks.iter().any(|on| on == network));
            let on: Vec<_> = on.map(|(at, _)| format!("n{at}")).collect();
            let id = networks.keys().position(|other| other == network).unwrap_or_default();
            let _ = writeln!(out, "  net{id}{{{{\"network {}\"}}}} -.- {}", text(network), on.join(" & "));
        }
    }
    for (class, level, style) in [
        ("error", Level::Error, "fill:#ffe3e3,stroke:#c92a2a,color:#212529"),
        ("warn", Level::Warn, "fill:#fff3bf,stroke:#e67700,color:#212529"),
    ] {
        let worst = |at: usize| marked.about(Part::Node(at)).map(|(_, diagnostic)| diagnostic.level).min();
        let nodes = (0..marked.chart.nodes.len()).filter(|&at| worst(at) == Some(level));
        let nodes: Vec<_> = nodes.map(|at| format!("n{at}")).collect();
        if !nodes.is_empty() {
            let _ = writeln!(out, "  classDef {class} {style}\n  class {} {class}", nodes.join(","));
        }
    }
    for (number, mark) in (1..).zip(&marked.marks) {
        let message = visible(&mark.diagnostic.message);
        let _ = writeln!(out, "  %% {number} {}: {message} ({})", mark.diagnostic.lint, visible(&mark.place));
    }
}

/// Text between quotes: what ends them, markup and entities are written as entities (Mermaid, "Entity codes to escape
/// characters").
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | '`' | '\\' | '[' | ']' | '{' | '}' | '(' | ')' | '|' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}
