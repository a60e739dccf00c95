//! asyncpg's prepared statements behind a PgBouncer that does not keep track of them.

use serde::Deserialize;
use twiceshy_lint::{Findings, Level, Lint, Meta, meta};
use twiceshy_repo::{Edit, Place, PooledAsyncpg, Repo, Requirement};

/// No options.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AsyncpgBehindPgbouncer {}

impl Lint for AsyncpgBehindPgbouncer {
    type Subject = Repo;
    const META: Meta = meta!(Warn, Outage, Python);

    fn check(&self, repo: &Repo, _: &Repo, found: &mut Findings) {
        let mut seen: Vec<(Place, Place)> = Vec::new();
        for pooled in repo.pooled_asyncpg() {
            // Services that run the same code through the same pooler fail for the same reason.
            let key = (pooled.call, pooled.pooler.mode.1);
            if pooled.pooler.tracks_statements() == Some(true) || seen.contains(&key) {
                continue;
            }
            if let Some(verdict) = verdict(&pooled) {
                seen.push(key);
                report(&pooled, verdict, found);
            }
        }
    }
}

/// Why it fails, as tried with PgBouncer 1.18, SQLAlchemy 2.0 and asyncpg 0.27 to 0.32.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing is done about prepared statements, or not what helps.
    Nothing,
    /// The cache is off, and this asyncpg names statements all the same where SQLAlchemy prepares them.
    NotEnough,
    /// The cache is off; whether that is enough hangs on the version of asyncpg.
    HangsOnVersion,
    /// The code prepares statements itself.
    Prepares,
}

/// The first asyncpg that does not name the statements it prepares when its cache is off.
const UNNAMED: [u32; 3] = [0, 31, 0];

fn verdict(pooled: &PooledAsyncpg<'_>) -> Option<Verdict> {
    let statements = pooled.statements;
    let (no_cache, no_prepared_cache) = (statements.no_cache?, statements.no_prepared_cache?);
    if statements.is_open {
        return None;
    }
    let is_new = pooled.asyncpg.is_some_and(|asyncpg| asyncpg.is_from(UNNAMED));
    let is_old = pooled.asyncpg.is_some_and(|asyncpg| asyncpg.is_below(UNNAMED));
    if !pooled.by_sqlalchemy {
        return match (no_cache, statements.prepares) {
            (false, _) => Some(Verdict::Nothing),
            (true, true) if is_old => Some(Verdict::Prepares),
            _ => None,
        };
    }
    // SQLAlchemy 1.4 has no function for names.
    let has_names = statements.has_names && !pooled.sqlalchemy.is_some_and(|it| it.is_below([2, 0, 0]));
    if has_names && no_cache && no_prepared_cache {
        return None;
    }
    match (is_new, is_old) {
        (true, _) => (!no_cache && !has_names).then_some(Verdict::Nothing),
        (_, true) => Some(if no_cache { Verdict::NotEnough } else { Verdict::Nothing }),
        _ if no_cache || has_names => Some(Verdict::HangsOnVersion),
        _ => Some(Verdict::Nothing),
    }
}

fn report(pooled: &PooledAsyncpg<'_>, verdict: Verdict, found: &mut Findings) {
    let pooler = &pooled.pooler;
    let (name, mode) = (&pooler.service.name, pooler.mode.0.trim());
    let asyncpg = pooled.asyncpg.map_or_else(|| "asyncpg".to_owned(), shown);
    let fails = "DuplicatePreparedStatementError, InvalidSQLStatementNameError";
    let message = match verdict {
        Verdict::Nothing => format!(
            "queries fail now and then ({fails}): asyncpg prepares statements on a connection that `{name}` then gives to others"
        ),
        Verdict::NotEnough => format!(
            "queries fail now and then ({fails}) in spite of `statement_cache_size=0`: SQLAlchemy prepares every statement, and {asyncpg} gives each a name"
        ),
        Verdict::HangsOnVersion => format!(
            "queries fail now and then ({fails}) with asyncpg up to 0.30, for which this is not enough: SQLAlchemy prepares every statement"
        ),
        Verdict::Prepares => format!(
            "`prepare()` fails now and then ({fails}): {asyncpg} gives each statement a name, on a connection that `{name}` then gives to others"
        ),
    };
    let finding = found.at(pooled.call, message).label("connects with asyncpg");
    finding.related(pooled.setting, format!("through `{name}`"));
    finding.related(pooler.mode.1, format!("a connection is one client's for one {mode} only"));
    match (pooler.prepared, pooler.version) {
        (Some((0, place)), _) => {
            finding.related(place, "and prepared statements are not kept track of");
        }
        (_, Some([major, minor, _])) => {
            finding.related(
                pooler.image,
                match minor {
                    ..21 => format!(
                        "PgBouncer {major}.{minor} cannot keep track of prepared statements: 1.21 and later can"
                    ),
                    _ => {
                        format!("PgBouncer {major}.{minor} keeps track of prepared statements only when it is told to")
                    }
                },
            );
        }
        _ => {
            finding.related(pooler.image, "whether it keeps track of prepared statements, its version says: 1.24 does");
        }
    }
    if let Some(asyncpg) = pooled.asyncpg {
        finding.related(asyncpg.place, "the asyncpg that is installed");
    }
    finding.note("PgBouncer 1.24 and later, or 1.21 and later with `max_prepared_statements` above 0, needs nothing of the client");
    if pooled.by_sqlalchemy {
        finding.note(
            "in the client: connect_args={\"statement_cache_size\": 0, \"prepared_statement_cache_size\": 0, \"prepared_statement_name_func\": lambda: f\"__asyncpg_{uuid4()}__\"}; from asyncpg 0.31 on the first is enough",
        );
    } else {
        finding.note("in the client: `statement_cache_size=0`");
    }
    let knows_how = pooler.version.is_none_or(|version| version >= [1, 21, 0]);
    if let Some((0, place)) = pooler.prepared.filter(|(_, place)| knows_how && is_value(*place)) {
        finding.suggest("keep track of prepared statements", [Edit { place, text: "200".to_owned() }]);
    }
    if verdict == Verdict::HangsOnVersion || pooler.tracks_statements().is_none() {
        finding.level(Level::Pedantic);
    }
}

/// Whether the place holds the value alone: that of a variable, not a line of a `pgbouncer.ini`.
fn is_value(place: Place) -> bool {
    place.end - place.start <= 3
}

fn shown(requirement: &Requirement) -> String {
    match requirement.exact() {
        Some(version) => format!("asyncpg {version}"),
        None => "asyncpg up to 0.30".to_owned(),
    }
}
