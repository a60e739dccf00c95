//! What a lint reports.

use crate::Level;
use twiceshy_repo::Focus;
use twiceshy_source::{Edit, Place};

/// Collects what one lint finds.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    focus: Focus,
    /// Whether somebody wanted to know what is asked for, and may have left out the rest.
    is_narrowed: bool,
}

impl Findings {
    /// For what is asked for.
    pub(crate) fn about(focus: Focus) -> Self {
        Self { focus, ..Self::default() }
    }

    /// What is asked for: a lint may leave out what cannot stand there.
    pub fn focus(&mut self) -> Focus {
        self.is_narrowed |= self.focus != Focus::All;
        self.focus
    }

    /// Reports `message` at `place`; the finding that comes back wants decorating. The message is a whole sentence
    /// without a full stop: what will happen.
    pub fn at(&mut self, place: Place, message: impl Into<String>) -> &mut Finding {
        self.found.push(Finding {
            place,
            message: message.into(),
            label: String::new(),
            related: Vec::new(),
            notes: Vec::new(),
            fixes: Vec::new(),
            level: None,
            concealed: Vec::new(),
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// What was found, and whether something may have been left out.
    pub(crate) fn into_vec(self) -> (Vec<Finding>, bool) {
        (self.found, self.is_narrowed)
    }
}

/// One finding of one lint.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Where it is.
    pub place: Place,
    /// What will happen: one sentence.
    pub message: String,
    /// A few words under the place; may be empty.
    pub label: String,
    /// The other half of the cause.
    pub related: Vec<Related>,
    /// Why, and what else is known.
    pub notes: Vec<String>,
    /// What to do, as edits.
    pub fixes: Vec<Fix>,
    /// The level, where it differs from the lint's own.
    pub level: Option<Level>,
    /// Places whose text no report may show: secrets.
    pub concealed: Vec<Place>,
}

/// A place that has to do with a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What it has to do with it.
    pub message: String,
}

/// Edits that do away with a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the edits do, in the imperative.
    pub title: String,
    /// Whether a person has to decide.
    pub safety: Safety,
    /// The edits, possibly in several files.
    pub edits: Vec<Edit>,
}

/// Whether a person has to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It changes nothing but the failure; `--fix` applies it.
    Safe,
    /// Probably right; a person decides.
    Suggestion,
}

impl Finding {
    /// Says a few words right under the place.
    pub fn label(&mut self, text: impl Into<String>) -> &mut Self {
        self.label = text.into();
        self
    }

    /// Names another place and what it has to do with this.
    pub fn related(&mut self, place: Place, text: impl Into<String>) -> &mut Self {
        self.related.push(Related { place, message: text.into() });
        self
    }

    /// Adds why, or what else is known: one sentence.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.notes.push(text.into());
        self
    }

    /// Offers edits that change nothing but the failure.
    pub fn fix(&mut self, title: impl Into<String>, edits: impl IntoIterator<Item = Edit>) -> &mut Self {
        self.offer(title.into(), Safety::Safe, edits)
    }

    /// Offers edits on which a person decides.
    pub fn suggest(&mut self, title: impl Into<String>, edits: impl IntoIterator<Item = Edit>) -> &mut Self {
        self.offer(title.into(), Safety::Suggestion, edits)
    }

    fn offer(&mut self, title: String, safety: Safety, edits: impl IntoIterator<Item = Edit>) -> &mut Self {
        let edits: Vec<_> = edits.into_iter().collect();
        if !edits.is_empty() {
            self.fixes.push(Fix { title, safety, edits });
        }
        self
    }

    /// Keeps the text of places out of every report: they hold secrets.
    pub fn conceal(&mut self, places: impl IntoIterator<Item = Place>) -> &mut Self {
        self.concealed.extend(places);
        self
    }

    /// Reports at another level than the lint's own.
    pub fn level(&mut self, level: Level) -> &mut Self {
        self.level = Some(level);
        self
    }
}
