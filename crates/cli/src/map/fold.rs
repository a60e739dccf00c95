//! Services that are alike drawn as one: the same image, the same networks and profiles, hanging on the same things.

use super::{Mark, Marked};
use rustc_hash::FxHashMap;
use twiceshy_repo::map::{Chart, Edge, EdgeKind, Node, NodeKind, Part};

/// A chart with services folded, and for every node the names that it stands for.
pub(super) struct Folded<'a> {
    /// The chart and what was found about it.
    pub marked: Marked<'a>,
    /// The services that a node stands for, where they are several.
    pub members: Vec<Vec<String>>,
}

/// Two of a kind are told apart as easily as one pile of two.
const FEWEST: usize = 3;

/// What makes services alike.
type Likeness<'c> = (&'c str, &'c [String], &'c [String], Vec<(EdgeKind, bool, usize, &'c str)>);

/// Folds the services of a chart.
pub(super) fn fold<'a>(marked: &Marked<'a>) -> Folded<'a> {
    let chart = &marked.chart;
    let mut alike: FxHashMap<Likeness<'_>, Vec<usize>> = FxHashMap::default();
    for (at, node) in chart.nodes.iter().enumerate().filter(|(_, node)| node.kind == NodeKind::Service) {
        let mut hangs: Vec<_> = chart
            .edges
            .iter()
            .filter(|edge| edge.from == at || edge.to == at)
            .map(|edge| {
                let other = if edge.from == at { edge.to } else { edge.from };
                (edge.kind, edge.from == at, other, edge.label.as_str())
            })
            .collect();
        hangs.sort_unstable();
        alike.entry((&node.detail, &node.networks, &node.profiles, hangs)).or_default().push(at);
    }
    // The first of a pile stands for all of it.
    let mut leader: Vec<usize> = (0..chart.nodes.len()).collect();
    let mut piles: FxHashMap<usize, Vec<usize>> = FxHashMap::default();
    for pile in alike.into_values().filter(|pile| pile.len() >= FEWEST) {
        pile.iter().for_each(|&at| leader[at] = pile[0]);
        piles.insert(pile[0], pile);
    }
    let kept: Vec<usize> = (0..chart.nodes.len()).filter(|&at| leader[at] == at).collect();
    let new_of = |old: usize| kept.binary_search(&leader[old]).unwrap_or_default();
    let names = |at: usize| -> Vec<String> {
        piles.get(&at).into_iter().flatten().map(|&at| chart.nodes[at].name.clone()).collect()
    };
    let mut nodes = Vec::new();
    let mut members = Vec::new();
    for &at in &kept {
        let names = names(at);
        let node = &chart.nodes[at];
        let name = if names.is_empty() { node.name.clone() } else { pile_name(&names) };
        nodes.push(Node { name, ..copied(node) });
        members.push(names);
    }
    let mut edges: Vec<Edge> = Vec::new();
    let mut edge_of = Vec::new();
    for edge in &chart.edges {
        let (from, to) = (new_of(edge.from), new_of(edge.to));
        let same =
            |other: &Edge| (other.from, other.to, other.kind) == (from, to, edge.kind) && other.label == edge.label;
        let at = edges.iter().position(same).unwrap_or_else(|| {
            edges.push(Edge { from, to, kind: edge.kind, label: edge.label.clone(), place: edge.place });
            edges.len() - 1
        });
        edge_of.push(at);
    }
    let marks = marked.marks.iter().map(|mark| {
        let part = match mark.part {
            Part::Node(at) => Part::Node(new_of(at)),
            Part::Edge(at) => Part::Edge(edge_of[at]),
        };
        Mark { part, diagnostic: mark.diagnostic, place: mark.place.clone() }
    });
    let marks = marks.collect();
    let chart = Chart { files: chart.files.clone(), nodes, edges };
    Folded { marked: Marked { chart, title: marked.title.clone(), marks }, members }
}

fn copied(node: &Node) -> Node {
    Node {
        kind: node.kind,
        name: node.name.clone(),
        detail: node.detail.clone(),
        networks: node.networks.clone(),
        profiles: node.profiles.clone(),
        places: node.places.clone(),
        files: node.files.clone(),
    }
}

/// `snuba-… × 21`, or the first and how many others.
fn pile_name(names: &[String]) -> String {
    let first = names.first().map(String::as_str).unwrap_or_default();
    let common = names.iter().fold(first, |common, name| {
        let len = common.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
        common.get(..len).unwrap_or_default()
    });
    match common.rfind(['-', '_']) {
        Some(at) if at > 1 => format!("{}… × {}", common.get(..=at).unwrap_or_default(), names.len()),
        _ => format!("{first} + {} more", names.len() - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pile_is_named_by_what_its_names_share() {
        let name = |names: &[&str]| pile_name(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(name(&["snuba-a", "snuba-b", "snuba-c"]), "snuba-… × 3");
        assert_eq!(name(&["web", "worker", "beat"]), "web + 2 more");
    }
}
