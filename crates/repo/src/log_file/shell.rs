//! What an endless loop of a shell script appends to.

use super::path::is_log;
use super::{Growth, LogFile};
use crate::Repo;
use crate::script::{Host, Node, NodeId, NodeKind, Piece, RedirectKind, Script};
use twiceshy_source::Span;

impl Repo {
    /// The logs that endless loops of shell scripts append to.
    pub fn looped_logs(&self) -> Vec<LogFile> {
        let scripts = self.scripts.iter().filter(|script| !matches!(script.host.outermost(), Host::Fence { .. }));
        scripts.filter(|script| script.text().contains(">>")).flat_map(of_script).collect()
    }
}

fn of_script(script: &Script) -> Vec<LogFile> {
    let mut found = Vec::new();
    for id in script.shell().ids() {
        for redirect in &script.node(id).redirects {
            if !matches!(redirect.kind, RedirectKind::Append | RedirectKind::AppendBoth) {
                continue;
            }
            let endless = std::iter::once(id).chain(script.shell().ancestors(id)).find(|id| is_endless(script, *id));
            let (Some(endless), Some(path)) = (endless, path(script, &script.value(&redirect.target).pieces)) else {
                continue;
            };
            if !is_log(&path) || !script.is_sound(endless) {
                continue;
            }
            let start = script.node(endless).span.start;
            found.push(LogFile {
                file: script.file,
                place: script.place(redirect.span),
                path: path.into(),
                growth: Growth::Append,
                bound: None,
                is_repeated: true,
                endless: Some((script.place(Span { start, end: start + 5 }), "this loop has no end")),
            });
        }
    }
    found
}

/// `while true`, `while :`, `until false`
fn is_endless(script: &Script, id: NodeId) -> bool {
    let NodeKind::While(it) = &script.node(id).kind else { return false };
    let only = |node: &Node| match &node.kind {
        NodeKind::List(list) => <[NodeId; 1]>::try_from(&list[..]).ok().map(|[id]| id),
        _ => None,
    };
    let condition = script.node(it.condition);
    let condition = only(condition).map_or(condition, |id| script.node(id));
    let NodeKind::Simple(simple) = &condition.kind else { return false };
    let [word] = &simple.words[..] else { return false };
    if it.until { word.is("false") } else { word.is("true") || word.is(":") }
}

/// A path that is the same in every round; what is set from outside is `…`.
fn path(script: &Script, pieces: &[Piece]) -> Option<String> {
    let text = |piece: &Piece| match piece {
        Piece::Known(text) | Piece::Default(text) => Some(text.clone()),
        Piece::Unknown(Some(variable)) if !script.writes(variable) => Some("…".to_owned()),
        Piece::Unknown(_) => None,
    };
    pieces.iter().map(text).collect()
}
