//! A map as a graph of Graphviz, one cluster for each project.

use super::Marked;
use crate::text::visible::visible;
use std::fmt::Write as _;
use twiceshy_lint::Level;
use twiceshy_repo::map::{EdgeKind, NodeKind, Part};

/// One digraph.
pub(super) fn write(charts: &[Marked<'_>]) -> String {
    let mut out = String::from("digraph system {\n  rankdir=LR;\n  node [fontname=\"Helvetica\", fontsize=11];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=9];\n");
    for (number, marked) in charts.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label={};", quoted(&marked.title));
        chart(&mut out, number, marked);
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

fn chart(out: &mut String, chart: usize, marked: &Marked<'_>) {
    for (at, node) in marked.chart.nodes.iter().enumerate() {
        let mut lines = vec![node.name.clone()];
        lines.extend(Some(node.detail.clone()).filter(|detail| !detail.is_empty()));
        if marked.chart.networks().len() > 1 && !node.networks.is_empty() {
            lines.push(format!("networks: {}", node.networks.join(", ")));
        }
        lines.extend(node.profiles.iter().map(|profile| format!("profile {profile}")));
        lines.extend(marked.about(Part::Node(at)).map(|(number, found)| format!("⚠ {number} {}", found.lint)));
        let shape = match node.kind {
            NodeKind::Port | NodeKind::Hostname => "ellipse",
            NodeKind::Script | NodeKind::Workflow => "note",
            NodeKind::Service => "box",
            NodeKind::Volume => "cylinder",
            NodeKind::Path => "folder",
        };
        let mut style = String::new();
        if let Some(color) = color(marked, Part::Node(at)) {
            let _ = write!(style, ", color={color}, penwidth=2");
        }
        let _ = writeln!(out, "    c{chart}n{at} [shape={shape}, label={}{style}];", quoted(&lines.join("\n")));
    }
    for (at, edge) in marked.chart.edges.iter().enumerate() {
        let mut lines: Vec<String> = Some(edge.label.clone()).filter(|label| !label.is_empty()).into_iter().collect();
        lines.extend(marked.about(Part::Edge(at)).map(|(number, found)| format!("⚠ {number} {}", found.lint)));
        let style = match edge.kind {
            EdgeKind::Publishes | EdgeKind::Routes | EdgeKind::DependsOn => "solid",
            EdgeKind::ActsOn => "dotted",
            EdgeKind::Mounts => "solid, arrowhead=none",
            EdgeKind::Reads => "dashed, arrowhead=none",
        };
        let color = color(marked, Part::Edge(at)).map(|color| format!(", color={color}")).unwrap_or_default();
        let (from, to) = (edge.from, edge.to);
        let label = quoted(&lines.join("\n"));
        let _ = writeln!(out, "    c{chart}n{from} -> c{chart}n{to} [label={label}, style={style}{color}];");
    }
    for (number, mark) in (1..).zip(&marked.marks) {
        let message = visible(&mark.diagnostic.message);
        let _ = writeln!(out, "    // {number} {}: {message} ({})", mark.diagnostic.lint, visible(&mark.place));
    }
}

fn color(marked: &Marked<'_>, part: Part) -> Option<&'static str> {
    let worst = marked.about(part).map(|(_, diagnostic)| diagnostic.level).min()?;
    Some(if worst == Level::Error { "\"#c92a2a\"" } else { "\"#e67700\"" })
}

/// A quoted string; a line break in it is one in the label.
fn quoted(text: &str) -> String {
    let lines = text.split('\n').map(|line| visible(line).replace('\\', "\\\\").replace('"', "\\\""));
    format!("\"{}\"", lines.collect::<Vec<_>>().join("\\n"))
}
