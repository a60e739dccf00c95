//! Where the nodes of a chart are drawn: in layers from left to right, few edges crossing.
//!
//! Layers as Sugiyama, Tagawa and Toda draw them: what hangs on something stands to its left, an edge over several layers
//! has a point in each, every layer is ordered by the middle of its neighbours, and then moved towards them.

use rustc_hash::FxHashMap;
use twiceshy_repo::map::{Chart, NodeKind};

/// A box, or a point of an edge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spot {
    /// The layer, from 0.
    pub layer: usize,
    /// The top.
    pub y: f64,
    /// The height.
    pub height: f64,
}

impl Spot {
    /// The middle, from the top.
    pub fn middle(self) -> f64 {
        self.y + self.height / 2.0
    }
}

/// Where everything is.
#[derive(Debug)]
pub(super) struct Layout {
    /// The spot of every node.
    pub nodes: Vec<Spot>,
    /// The points of every edge between its ends, from left to right.
    pub edges: Vec<Vec<Spot>>,
    /// How many layers there are.
    pub layers: usize,
    /// The height of the whole.
    pub height: f64,
}

/// Between two boxes.
const GAP: f64 = 16.0;
/// How much room an edge takes that passes by.
const LANE: f64 = 12.0;
/// More rounds change nothing that one would see.
const ROUNDS: usize = 12;

impl Layout {
    /// Lays out a chart whose nodes are so high.
    pub fn of(chart: &Chart, heights: &[f64]) -> Self {
        let layers = layers(chart);
        let mut net = Net::new(chart, &layers, heights);
        net.order();
        net.place();
        let edges = net.lanes.iter().map(|lane| lane.iter().map(|&at| net.spots[at]).collect()).collect();
        let height = net.spots.iter().map(|spot| spot.y + spot.height).fold(0.0, f64::max);
        Self { nodes: net.spots[..chart.nodes.len()].to_vec(), edges, layers: net.layers.len(), height }
    }
}

/// The layer of every node: what comes from outside, then services, those that others hang on further right, then what is mounted.
fn layers(chart: &Chart) -> Vec<usize> {
    let is = |at: usize, kind: NodeKind| chart.nodes.get(at).is_some_and(|node| node.kind == kind);
    let mut layers = vec![0; chart.nodes.len()];
    use NodeKind::{Hostname, Port, Script, Workflow};
    let has_outside = chart.nodes.iter().any(|node| matches!(node.kind, Workflow | Script | Hostname | Port));
    let first = usize::from(has_outside);
    let services: Vec<usize> = (0..chart.nodes.len()).filter(|&at| is(at, NodeKind::Service)).collect();
    for &at in &services {
        layers[at] = first;
    }
    // A circle would go on for ever; as many rounds as there are services suffice without one.
    for _ in 0..services.len() {
        let mut is_moved = false;
        for edge in &chart.edges {
            let between = is(edge.from, NodeKind::Service) && is(edge.to, NodeKind::Service);
            let wanted = layers[edge.from] + 1;
            if between && edge.from != edge.to && layers[edge.to] < wanted && wanted < first + services.len() {
                layers[edge.to] = wanted;
                is_moved = true;
            }
        }
        if !is_moved {
            break;
        }
    }
    let last = services.iter().map(|&at| layers[at] + 1).max().unwrap_or(first);
    // What nothing leads to stands next to what it hangs on, not at the far left.
    for &at in &services {
        let is_led_to = chart.edges.iter().any(|edge| edge.to == at && edge.from != at);
        let next = chart.edges.iter().filter(|edge| edge.from == at && edge.to != at);
        let next = next.map(|edge| if is(edge.to, NodeKind::Service) { layers[edge.to] } else { last });
        if let (false, Some(next)) = (is_led_to, next.min()) {
            layers[at] = layers[at].max(next.saturating_sub(1));
        }
    }
    for (at, node) in chart.nodes.iter().enumerate() {
        if matches!(node.kind, NodeKind::Volume | NodeKind::Path) {
            layers[at] = last;
        }
    }
    layers
}

/// Nodes and the points of long edges, in layers.
struct Net {
    spots: Vec<Spot>,
    /// For every edge its points, from left to right.
    lanes: Vec<Vec<usize>>,
    /// The neighbours of every spot in the next layer, and in the one before.
    right: Vec<Vec<usize>>,
    left: Vec<Vec<usize>>,
    layers: Vec<Vec<usize>>,
}

impl Net {
    fn new(chart: &Chart, layer_of: &[usize], heights: &[f64]) -> Self {
        let spots = layer_of.iter().zip(heights).map(|(&layer, &height)| Spot { layer, y: 0.0, height });
        let mut spots: Vec<Spot> = spots.collect();
        let mut lanes = Vec::new();
        let mut pairs = Vec::new();
        // Edges to one node share a lane, as cables do: else a node that everything hangs on fills the page.
        let mut shared: FxHashMap<(usize, usize), usize> = FxHashMap::default();
        for edge in &chart.edges {
            let (mut from, mut to) = (edge.from, edge.to);
            if layer_of[from] > layer_of[to] {
                std::mem::swap(&mut from, &mut to);
            }
            let mut lane = Vec::new();
            let mut last = from;
            for layer in layer_of[from] + 1..layer_of[to] {
                let point = *shared.entry((to, layer)).or_insert_with(|| {
                    spots.push(Spot { layer, y: 0.0, height: LANE });
                    spots.len() - 1
                });
                lane.push(point);
                pairs.push((last, point));
                last = point;
            }
            if layer_of[from] != layer_of[to] {
                pairs.push((last, to));
            }
            lanes.push(lane);
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut right = vec![Vec::new(); spots.len()];
        let mut left = vec![Vec::new(); spots.len()];
        for (from, to) in pairs {
            right[from].push(to);
            left[to].push(from);
        }
        let count = spots.iter().map(|spot| spot.layer + 1).max().unwrap_or(0);
        let mut layers = vec![Vec::new(); count];
        for (at, spot) in spots.iter().enumerate() {
            layers[spot.layer].push(at);
        }
        Self { spots, lanes, right, left, layers }
    }

    /// Orders every layer by where its neighbours stand, to and fro; keeps the order that crosses least.
    fn order(&mut self) {
        let mut best = (self.crossings(), self.layers.clone());
        for round in 0..ROUNDS {
            let is_forward = round % 2 == 0;
            let count = self.layers.len();
            for step in 1..count {
                let layer = if is_forward { step } else { count - 1 - step };
                let mut rank = vec![0.0; self.spots.len()];
                for other in &self.layers {
                    for (at, &spot) in other.iter().enumerate() {
                        rank[spot] = at as f64;
                    }
                }
                let neighbours = if is_forward { &self.left } else { &self.right };
                let wanted = |spot: usize| {
                    let near = &neighbours[spot];
                    let sum: f64 = near.iter().map(|&at| rank[at]).sum();
                    if near.is_empty() { rank[spot] } else { sum / near.len() as f64 }
                };
                self.layers[layer].sort_by(|&a, &b| wanted(a).total_cmp(&wanted(b)));
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.layers.clone());
            }
        }
        self.layers = best.1;
    }

    fn crossings(&self) -> usize {
        let mut rank = vec![0; self.spots.len()];
        for layer in &self.layers {
            for (at, &spot) in layer.iter().enumerate() {
                rank[spot] = at;
            }
        }
        let of_layer = |layer: &Vec<usize>| {
            let mut ends = Vec::new();
            for &from in layer {
                let mut to: Vec<usize> = self.right[from].iter().map(|&to| rank[to]).collect();
                to.sort_unstable();
                ends.extend(to.into_iter().map(|to| (rank[from], to)));
            }
            let crosses = |at: usize| {
                let (from, to): (usize, usize) = ends[at];
                ends[at + 1..].iter().filter(|&&(other, end)| other > from && end < to).count()
            };
            (0..ends.len()).map(crosses).sum::<usize>()
        };
        self.layers.iter().map(of_layer).sum()
    }

    /// Moves every spot as close to the middle of its neighbours as its layer allows.
    fn place(&mut self) {
        for layer in &self.layers {
            let mut y = 0.0;
            for &at in layer {
                self.spots[at].y = y;
                y += self.spots[at].height + GAP;
            }
        }
        for round in 0..ROUNDS {
            for step in 0..self.layers.len() {
                let layer = if round % 2 == 0 { step } else { self.layers.len() - 1 - step };
                let wanted: Vec<f64> = self.layers[layer].iter().map(|&at| self.wanted(at)).collect();
                let heights: Vec<f64> = self.layers[layer].iter().map(|&at| self.spots[at].height).collect();
                for (&at, y) in self.layers[layer].iter().zip(apart(&wanted, &heights)) {
                    self.spots[at].y = y;
                }
            }
        }
        let top = self.spots.iter().map(|spot| spot.y).fold(f64::INFINITY, f64::min);
        for spot in &mut self.spots {
            spot.y -= top;
        }
    }

    /// The top that would put a spot's middle at the mean of its neighbours'.
    fn wanted(&self, at: usize) -> f64 {
        let near = self.left[at].iter().chain(&self.right[at]);
        let count = self.left[at].len() + self.right[at].len();
        if count == 0 {
            return self.spots[at].y;
        }
        let sum: f64 = near.map(|&other| self.spots[other].middle()).sum();
        sum / count as f64 - self.spots[at].height / 2.0
    }
}

/// The positions closest to the wanted ones (least squares) that keep the order and a gap: pooling adjacent violators.
fn apart(wanted: &[f64], heights: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let mut offsets = Vec::new();
    // Runs that touch: the sum of what they want without their offsets, and how many they are.
    let mut runs: Vec<(f64, usize)> = Vec::new();
    for (want, height) in wanted.iter().zip(heights) {
        offsets.push(offset);
        let mut run = (want - offset, 1);
        while let Some(last) = runs.last().copied()
            && last.0 / last.1 as f64 > run.0 / run.1 as f64
        {
            run = (run.0 + last.0, run.1 + last.1);
            runs.pop();
        }
        runs.push(run);
        offset += height + GAP;
    }
    let starts = runs.into_iter().flat_map(|(sum, count)| std::iter::repeat_n(sum / count as f64, count));
    starts.zip(offsets).map(|(start, offset)| start + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wants_the_same_place_is_put_side_by_side_around_it() {
        assert_eq!(apart(&[10.0, 10.0], &[4.0, 4.0]), [0.0, 20.0]);
        assert_eq!(apart(&[0.0, 100.0], &[4.0, 4.0]), [0.0, 100.0]);
    }
}
