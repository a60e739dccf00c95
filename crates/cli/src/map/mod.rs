//! `twiceshy map`: a system drawn, with the findings where they are.

mod dot;
mod fold;
mod json;
mod layout;
mod mermaid;
mod svg;

use crate::args::{Map, MapFormat};
use crate::check::{unopened, unwritable};
use crate::configured::{configured, guided};
use crate::output::{Problem, deliver};
use crate::view::View;
use std::process::ExitCode;
use twiceshy_lint::{Choice, Diagnostic, Entry, Report};
use twiceshy_repo::map::{Chart, Part};
use twiceshy_repo::{Repo, STACK};
use twiceshy_source::{Limits, Scope, Tree};

/// A chart and what was found about its parts.
struct Marked<'a> {
    chart: Chart,
    /// Its Compose files, as a person at the current directory would write them.
    title: String,
    /// The findings, numbered from 1 in this order.
    marks: Vec<Mark<'a>>,
}

/// A finding about a part of a chart.
struct Mark<'a> {
    part: Part,
    diagnostic: &'a Diagnostic,
    /// `path:line`
    place: String,
}

impl Marked<'_> {
    /// The numbers of the findings about a part, from 1, and the finding.
    fn about(&self, part: Part) -> impl Iterator<Item = (usize, &Diagnostic)> {
        let numbered = (1..).zip(&self.marks);
        numbered.filter(move |(_, mark)| mark.part == part).map(|(number, mark)| (number, mark.diagnostic))
    }
}

/// Draws.
pub(crate) fn run(args: &Map, lints: &[Entry]) -> Result<ExitCode, Problem> {
    let scope = Scope::of(&args.paths).map_err(unopened)?;
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let pool = pool.map_err(|error| Problem::new(format!("no threads can be started: {error}")))?;
    pool.install(|| {
        let tree = Tree::disk(&scope.root, Limits::default()).map_err(unopened)?;
        let repo = Repo::of(guided(tree, &args.configured)?);
        let choice = Choice { pedantic: args.pedantic, ..Choice::default() };
        configured(&repo, lints, &choice, &scope)?;
        let report = Report::of(&repo, lints, &choice);
        let view = View::new(&repo, &report, &scope, lints);
        let charts = marked(&view);
        if charts.is_empty() {
            return Err(
                Problem::new("there is no Compose project to draw").next("name the directory of one, or its file")
            );
        }
        let bytes = match args.format {
            MapFormat::Mermaid => drawn(&mermaid::write(&charts)),
            MapFormat::Dot => drawn(&dot::write(&charts)),
            MapFormat::Svg => drawn(&svg::write(&charts)),
            MapFormat::Json => json::write(&charts, &view).map_err(unwritable)?,
        };
        deliver(&bytes, args.output.as_deref())?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Lines that may stand in a log.
fn drawn(text: &str) -> Vec<u8> {
    crate::text::visible::logged(text).into_owned().into_bytes()
}

/// The charts that were asked for, with the findings about them.
fn marked<'a>(view: &View<'a>) -> Vec<Marked<'a>> {
    let is_asked = |chart: &Chart| chart.files.iter().any(|&file| view.scope.covers(view.path(file)));
    let charts = view.repo.charts().into_iter().filter(is_asked);
    charts
        .map(|chart| {
            let title = chart.files.iter().map(|&file| view.shown(file)).collect::<Vec<_>>().join(" + ");
            let marks =
                view.worst_first().into_iter().filter_map(|diagnostic| mark(view, &chart, diagnostic)).collect();
            Marked { title, marks, chart }
        })
        .collect()
}

/// Where a finding is on a chart: where it is itself, or where the other half of its cause is.
fn mark<'a>(view: &View<'_>, chart: &Chart, diagnostic: &'a Diagnostic) -> Option<Mark<'a>> {
    let related = diagnostic.related.iter().map(|related| related.place);
    let part = std::iter::once(diagnostic.place).chain(related).find_map(|place| chart.at(place))?;
    let (start, _) = view.positions(diagnostic.place);
    let place = format!("{}:{}", view.shown(diagnostic.place.file), start.line);
    Some(Mark { part, diagnostic, place })
}
