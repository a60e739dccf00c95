//! Traefik's rules: ``Host(`a.test`) && PathPrefix(`/api`)``.

use twiceshy_source::Span;

/// What a rule asks of a request, as far as hostnames and paths go.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rule {
    /// Hostnames, each with where it stands in the rule; a regular expression with `true`.
    pub hosts: Vec<(Span, bool)>,
    /// The first path.
    pub path: Option<Span>,
}

impl Rule {
    /// Reads a rule of Traefik 2 and 3, or of Traefik 1 (`Host:a.test,b.test;PathPrefix:/api`).
    pub fn of(text: &str) -> Self {
        let mut rule = Self::default();
        let lower = text.to_ascii_lowercase();
        for (name, is_regex) in [("host", false), ("hostsni", false), ("hostregexp", true), ("hostheader", false)] {
            for at in calls(&lower, name) {
                // `!Host(…)` is every other host.
                if text.get(..at).is_none_or(|before| before.trim_end().ends_with('!')) {
                    continue;
                }
                let from = at + name.len();
                match lower.as_bytes().get(from) {
                    Some(b'(') => rule.hosts.extend(quoted(text, from + 1).into_iter().map(|span| (span, is_regex))),
                    Some(b':') => rule.hosts.extend(listed(text, from + 1).into_iter().map(|span| (span, is_regex))),
                    _ => {}
                }
            }
        }
        for name in ["path", "pathprefix", "pathregexp"] {
            for at in calls(&lower, name) {
                let from = at + name.len();
                let spans = match lower.as_bytes().get(from) {
                    Some(b'(') => quoted(text, from + 1),
                    Some(b':') => listed(text, from + 1),
                    _ => Vec::new(),
                };
                rule.path = rule.path.or(spans.first().copied());
            }
        }
        rule.hosts.sort_by_key(|(span, _)| *span);
        rule
    }
}

/// Where the function `name` is called.
fn calls<'t>(lower: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    lower.match_indices(name).map(|(at, _)| at).filter(move |&at| {
        let before = lower.get(..at).and_then(|before| before.chars().next_back());
        let after = lower.as_bytes().get(at + name.len());
        before.is_none_or(|c| !c.is_ascii_alphanumeric()) && matches!(after, Some(b'(' | b':'))
    })
}

/// The strings between quotes up to the closing parenthesis.
fn quoted(text: &str, from: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut open: Option<(char, usize)> = None;
    for (at, c) in text.get(from..).unwrap_or_default().char_indices() {
        match open {
            Some((quote, start)) if c == quote => {
                spans.push(Span::new(start, from + at));
                open = None;
            }
            Some(_) => {}
            None if matches!(c, '`' | '"' | '\'') => open = Some((c, from + at + 1)),
            None if c == ')' => break,
            None => {}
        }
    }
    spans
}

/// What stands between commas up to the end of the clause, of Traefik 1.
fn listed(text: &str, from: usize) -> Vec<Span> {
    let rest = text.get(from..).unwrap_or_default();
    let clause = rest.split([';', ' ']).next().unwrap_or_default();
    let mut at = from;
    let mut spans = Vec::new();
    for part in clause.split(',') {
        if !part.is_empty() {
            spans.push(Span::new(at, at + part.len()));
        }
        at += part.len() + 1;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostnames_and_paths_of_a_rule() {
        let hosts = |text: &str| -> Vec<(String, bool)> {
            Rule::of(text).hosts.iter().map(|(span, regex)| (span.of(text).to_owned(), *regex)).collect()
        };
        let exact = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), false)).collect::<Vec<_>>();
        assert_eq!(hosts("Host(`a.test`) || Host(`b.test`)"), exact(&["a.test", "b.test"]));
        assert_eq!(hosts("Host(`a.test`, `b.test`) && PathPrefix(`/api`)"), exact(&["a.test", "b.test"]));
        assert_eq!(hosts("Host(\"a.test\")"), exact(&["a.test"]));
        assert_eq!(hosts("HostRegexp(`^.+\\.a\\.test$`)"), [("^.+\\.a\\.test$".to_owned(), true)]);
        assert_eq!(hosts("HostSNI(`*`)"), exact(&["*"]));
        assert_eq!(hosts("Host:a.test,b.test;PathPrefix:/api"), exact(&["a.test", "b.test"]));
        assert_eq!(hosts("!Host(`a.test`)"), []);
        assert_eq!(hosts("PathPrefix(`/host`)"), []);
        let text = "Host(`a`) && PathPrefix(`/api`)";
        assert_eq!(Rule::of(text).path.map(|span| span.of(text)), Some("/api"));
    }
}
