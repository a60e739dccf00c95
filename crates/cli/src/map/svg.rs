//! A map as a picture: the projects one below the other, and under each what was found about it.

use super::fold::{Folded, fold};
use super::layout::{Layout, Spot};
use super::{Mark, Marked};
use crate::text::visible::visible;
use std::fmt::Write as _;
use twiceshy_lint::Level;
use twiceshy_repo::map::{EdgeKind, Node, NodeKind, Part};

const MARGIN: f64 = 32.0;
const BOX: f64 = 208.0;
const COLUMN: f64 = BOX + 96.0;
/// What a character of the small type is wide, on average.
const SMALL: f64 = 5.9;
/// More edges than this leave no room for words at dependencies.
const CROWDED: usize = 40;
/// Colours for networks: told apart by people who see red and green alike (Okabe and Ito).
const NETWORKS: [&str; 7] = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999933"];

const STYLE: &str = "\
text{font:13px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#212529}\
.title{font-size:17px;font-weight:600}.name{font-weight:600}.small{font-size:11px;fill:#495057}\
.mono{font:11px ui-monospace,Menlo,Consolas,monospace;fill:#495057}\
.back{fill:#ffffff}.box{stroke-width:1.2}.service{fill:#eef3fb;stroke:#4c6ef5}.volume{fill:#e6f7f1;stroke:#0c8599}\
.path{fill:#f4f5f6;stroke:#868e96}.port{fill:#f3ecfb;stroke:#7048e8}.script{fill:#fdf6e3;stroke:#b08900}.asleep{stroke-dasharray:5 3}\
.edge{fill:none;stroke:#868e96;stroke-width:1.3}.reads{stroke-dasharray:4 3}.tip{fill:#868e96}\
.error{stroke:#c92a2a;stroke-width:2}.warn{stroke:#e67700;stroke-width:2}\
.mark-error{fill:#c92a2a}.mark-warn{fill:#e67700}.mark-pedantic{fill:#868e96}.mark{font-size:11px;font-weight:700;fill:#ffffff}\
.halo{fill:#ffffff;fill-opacity:.85}\
@media(prefers-color-scheme:dark){text{fill:#e9ecef}.small,.mono{fill:#adb5bd}.back{fill:#1a1b1e}.halo{fill:#1a1b1e}\
.service{fill:#222b45}.volume{fill:#14312f}.path{fill:#2a2c30}.port{fill:#2d2440}.script{fill:#332c16}.mark{fill:#ffffff}}";

/// One SVG document.
pub(super) fn write(charts: &[Marked<'_>]) -> String {
    let mut body = String::new();
    let mut y = MARGIN;
    let mut width: f64 = 480.0;
    for marked in charts {
        let drawn = Drawing::of(&fold(marked), y);
        body.push_str(&drawn.svg);
        y = drawn.bottom + MARGIN;
        width = width.max(drawn.width);
    }
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{y:.0}\" viewBox=\"0 0 {width:.0} {y:.0}\" role=\"img\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n<rect class=\"back\" width=\"100%\" height=\"100%\"/>\n",
        text(&charts.iter().map(|marked| marked.title.as_str()).collect::<Vec<_>>().join(", "))
    );
    out.push_str(&body);
    out.push_str("</svg>\n");
    out
}

/// One project.
struct Drawing {
    svg: String,
    bottom: f64,
    width: f64,
}

impl Drawing {
    fn of(Folded { marked, members }: &Folded<'_>, top: f64) -> Self {
        let chart = &marked.chart;
        let heights: Vec<f64> = chart.nodes.iter().map(height).collect();
        let layout = Layout::of(chart, &heights);
        let width = MARGIN * 2.0 + COLUMN * layout.layers.max(1) as f64 - (COLUMN - BOX);
        let mut drawing = Self { svg: String::new(), bottom: top + 28.0, width: width.max(640.0) };
        let _ = writeln!(
            drawing.svg,
            "<text class=\"title\" x=\"{MARGIN}\" y=\"{:.0}\">{}</text>",
            top + 8.0,
            text(&marked.title)
        );
        drawing.networks(marked);
        let origin = drawing.bottom + 12.0;
        for (at, edge) in chart.edges.iter().enumerate() {
            let (from, to) = (layout.nodes[edge.from], layout.nodes[edge.to]);
            let lane = layout.edges.get(at).map(Vec::as_slice).unwrap_or_default();
            drawing.edge(marked, at, &curve(from, to, lane, origin));
        }
        for (at, node) in chart.nodes.iter().enumerate() {
            let stands_for = members.get(at).map(Vec::as_slice).unwrap_or_default();
            drawing.node(marked, at, node, stands_for, layout.nodes[at], origin);
        }
        drawing.bottom = origin + layout.height + 20.0;
        for (number, mark) in (1..).zip(&marked.marks) {
            drawing.finding(number, mark);
        }
        drawing
    }

    /// Which colour stands for which network, if there are several.
    fn networks(&mut self, marked: &Marked<'_>) {
        let networks = marked.chart.networks();
        if networks.len() < 2 {
            return;
        }
        let mut x = MARGIN;
        let y = self.bottom;
        for (at, network) in networks.keys().enumerate() {
            let name = format!("network {network}");
            let color = network_color(at);
            let _ = writeln!(
                self.svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{color}\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + 5.0,
                y - 4.0,
                x + 15.0,
                y,
                text(&name)
            );
            x += 36.0 + SMALL * name.chars().count() as f64;
            self.width = self.width.max(x + MARGIN);
        }
        self.bottom += 12.0;
    }

    fn edge(&mut self, marked: &Marked<'_>, at: usize, curve: &Curve) {
        let Some(edge) = marked.chart.edges.get(at) else { return };
        let worst = marked.about(Part::Edge(at)).map(|(_, found)| found.level).min();
        let level = worst.map(|level| format!(" {}", level.name())).unwrap_or_default();
        let is_dashed = matches!(edge.kind, EdgeKind::Reads | EdgeKind::ActsOn);
        let reads = if is_dashed { " reads" } else { "" };
        let _ = writeln!(
            self.svg,
            "<path class=\"edge{reads}{level}\" d=\"{}\"><title>{}</title></path>",
            curve.path,
            text(&edge.label)
        );
        if !matches!(edge.kind, EdgeKind::Mounts | EdgeKind::Reads) {
            let (x, y) = curve.end;
            let back = if curve.is_backward { 7.0 } else { -7.0 };
            let _ = writeln!(self.svg, "<path class=\"tip\" d=\"M{x:.1} {y:.1}l{back} -4v8z\"/>");
        }
        let (x, y) = curve.middle;
        // Where everything waits for everything, the words would hide the lines.
        let is_crowded = edge.kind == EdgeKind::DependsOn && marked.chart.edges.len() > CROWDED;
        let shown = if is_crowded { String::new() } else { cut(&edge.label, 15) };
        if !shown.is_empty() {
            let width = SMALL * shown.chars().count() as f64 + 6.0;
            let _ = writeln!(
                self.svg,
                "<rect class=\"halo\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" rx=\"3\"/>\
                 <text class=\"small\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                x - width / 2.0,
                y - 8.0,
                y + 3.0,
                text(&shown)
            );
        }
        let above = if shown.is_empty() { 0.0 } else { 16.0 };
        self.badges(marked, Part::Edge(at), x, y - above);
    }

    fn node(&mut self, marked: &Marked<'_>, at: usize, node: &Node, members: &[String], spot: Spot, origin: f64) {
        let (x, y) = (MARGIN + COLUMN * spot.layer as f64, origin + spot.y);
        let worst = marked.about(Part::Node(at)).map(|(_, found)| found.level).min();
        let level = worst.map(|level| format!(" {}", level.name())).unwrap_or_default();
        let asleep = if node.profiles.is_empty() { "" } else { " asleep" };
        let class = match node.kind {
            NodeKind::Workflow | NodeKind::Script => "script",
            NodeKind::Port | NodeKind::Hostname => "port",
            NodeKind::Service => "service",
            NodeKind::Volume => "volume",
            NodeKind::Path => "path",
        };
        let radius = match node.kind {
            NodeKind::Port | NodeKind::Hostname => spot.height / 2.0,
            NodeKind::Service => 7.0,
            NodeKind::Volume => 14.0,
            NodeKind::Path | NodeKind::Workflow | NodeKind::Script => 2.0,
        };
        let mut full = if members.is_empty() { node.name.clone() } else { members.join(", ") };
        if !node.detail.is_empty() {
            let _ = write!(full, ": {}", node.detail);
        }
        let _ = writeln!(self.svg, "<g><title>{}</title>", text(&full));
        // A pile shows the edges of what lies below.
        let piled = if members.is_empty() { 0 } else { 2 };
        for nth in (0..=piled).rev() {
            let off = 4.0 * f64::from(nth);
            let (x, y, height) = (x + off, y + off, spot.height);
            let _ = writeln!(
                self.svg,
                "<rect class=\"box {class}{asleep}{level}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{BOX}\" height=\"{height:.1}\" rx=\"{radius:.1}\"/>"
            );
        }
        // The end of a path says more than its beginning.
        let is_path = matches!(node.kind, NodeKind::Script | NodeKind::Workflow | NodeKind::Path);
        let name = if is_path { cut_front(&node.name, 25) } else { cut(&node.name, 25) };
        let mut line = y + 19.0;
        let _ = writeln!(self.svg, "<text class=\"name\" x=\"{:.1}\" y=\"{line:.1}\">{}</text>", x + 14.0, text(&name));
        let mut lines = Vec::new();
        if !node.detail.is_empty() {
            // The end of a path or an image says more than its beginning.
            lines.push(cut_front(&node.detail, 30));
        }
        lines.extend(node.profiles.iter().map(|profile| cut(&format!("only with profile {profile}"), 33)));
        for small in lines {
            line += 15.0;
            let _ = writeln!(
                self.svg,
                "<text class=\"small\" x=\"{:.1}\" y=\"{line:.1}\">{}</text>",
                x + 14.0,
                text(&small)
            );
        }
        let networks = marked.chart.networks();
        if networks.len() > 1 {
            for (nth, network) in node.networks.iter().enumerate() {
                let color = network_color(networks.keys().position(|known| known == network).unwrap_or_default());
                let (cx, cy) = (x + BOX - 12.0 - 13.0 * nth as f64, y + spot.height - 10.0);
                let _ = writeln!(
                    self.svg,
                    "<circle cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"4.5\" fill=\"{color}\"><title>network {}</title></circle>",
                    text(network)
                );
            }
        }
        self.svg.push_str("</g>\n");
        self.badges(marked, Part::Node(at), x + BOX - 6.0, y);
    }

    /// The numbers of the findings about a part, from a point to the left.
    fn badges(&mut self, marked: &Marked<'_>, part: Part, x: f64, y: f64) {
        for (nth, (number, found)) in marked.about(part).enumerate() {
            self.badge(x - 19.0 * nth as f64, y, number, found.level, &found.message);
        }
    }

    fn badge(&mut self, x: f64, y: f64, number: usize, level: Level, message: &str) {
        let _ = writeln!(
            self.svg,
            "<g><title>{}</title><circle class=\"mark-{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\"/>\
             <text class=\"mark\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{number}</text></g>",
            text(message),
            level.name(),
            y + 4.0
        );
    }

    /// A finding, below the chart.
    fn finding(&mut self, number: usize, mark: &Mark<'_>) {
        let found = mark.diagnostic;
        let x = MARGIN + 26.0;
        self.badge(MARGIN + 9.0, self.bottom + 2.0, number, found.level, &found.message);
        let _ = writeln!(
            self.svg,
            "<text class=\"name\" x=\"{x:.1}\" y=\"{:.1}\">{}</text><text class=\"mono\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            self.bottom + 6.0,
            text(&found.lint),
            x + 12.0 + 7.6 * found.lint.chars().count() as f64,
            self.bottom + 6.0,
            text(&mark.place)
        );
        let columns = ((self.width - x - MARGIN) / 6.7) as usize;
        self.bottom += 6.0;
        for line in wrapped(&visible(&found.message), columns.max(40)) {
            self.bottom += 17.0;
            let _ = writeln!(self.svg, "<text x=\"{x:.1}\" y=\"{:.1}\">{}</text>", self.bottom, text(&line));
        }
        self.bottom += 24.0;
    }
}

fn height(node: &Node) -> f64 {
    let lines = usize::from(!node.detail.is_empty()) + node.profiles.len();
    30.0 + 15.0 * lines as f64
}

fn network_color(at: usize) -> &'static str {
    NETWORKS.get(at % NETWORKS.len()).copied().unwrap_or_default()
}

/// How an edge runs.
struct Curve {
    path: String,
    middle: (f64, f64),
    end: (f64, f64),
    is_backward: bool,
}

/// From the side of one box to the side of another, through the points between.
fn curve(from: Spot, to: Spot, lane: &[Spot], origin: f64) -> Curve {
    let left = |spot: Spot| (MARGIN + COLUMN * spot.layer as f64, origin + spot.middle());
    let right = |spot: Spot| (left(spot).0 + BOX, left(spot).1);
    if from.layer == to.layer {
        // Out to the right and back: two nodes of one layer.
        let (start, end) = (right(from), right(to));
        let out = start.0 + 44.0;
        let path = format!(
            "M{:.1} {:.1}C{out:.1} {:.1} {out:.1} {:.1} {:.1} {:.1}",
            start.0, start.1, start.1, end.1, end.0, end.1
        );
        return Curve { path, middle: (start.0 + 33.0, (start.1 + end.1) / 2.0), end, is_backward: true };
    }
    let is_backward = from.layer > to.layer;
    let (near, far) = if is_backward { (to, from) } else { (from, to) };
    let mut points = vec![right(near)];
    for &spot in lane {
        points.extend([left(spot), right(spot)]);
    }
    points.push(left(far));
    let mut path = format!("M{:.1} {:.1}", points[0].0, points[0].1);
    for pair in points.windows(2) {
        let [(x, y), (to_x, to_y)] = pair else { continue };
        let bend = (x + to_x) / 2.0;
        let _ = write!(path, "C{bend:.1} {y:.1} {bend:.1} {to_y:.1} {to_x:.1} {to_y:.1}");
    }
    // The label stands in the gap before the far box, where edges of one start have parted.
    let last = points.len() - 1;
    let (a, b) = (points[last - 1], points[last]);
    let middle = (a.0 + (b.0 - a.0) * 0.5, (a.1 + b.1) / 2.0);
    let end = if is_backward { points[0] } else { points[last] };
    Curve { path, middle, end, is_backward }
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// At most so many characters, the last ones.
fn cut_front(text: &str, most: usize) -> String {
    let count = text.chars().count();
    if count <= most {
        return text.to_owned();
    }
    std::iter::once('…').chain(text.chars().skip(count - most + 1)).collect()
}

/// Lines of at most so many characters, broken between words.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let is_full = lines
            .last()
            .is_some_and(|line| !line.is_empty() && line.chars().count() + 1 + word.chars().count() > columns);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// Text of an element.
fn text(text: &str) -> String {
    visible(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
