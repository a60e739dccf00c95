//! How a script ends over a failure: where, and through what the failure came there.

use twiceshy_lint::Finding;
use twiceshy_repo::script::{Fate, Node, NodeId, NodeKind, Run, Step};
use twiceshy_repo::{Place, Repo, Script};

/// A script that ends, and the way of the failure that ends it.
pub struct Ending<'r> {
    scripts: Vec<&'r Script>,
    /// The number of the script in which something fails.
    pub own: u16,
    /// The command whose status ends the script that was started.
    pub at: Step,
    through: Vec<Step>,
    calls: Vec<Step>,
    /// The script that ends, in words.
    pub who: String,
}

impl<'r> Ending<'r> {
    /// As far as the script on its own says.
    pub fn alone(script: &'r Script, fails: NodeId) -> Option<Self> {
        let fate = script.fate(fails);
        Self::of(vec![script], 0, fate, "the script".to_owned())
    }

    /// As the run of `reader` says, which reads the script in which `fails` stands, or is it.
    pub fn in_run(run: &Run<'r>, fails: Step, repo: &Repo) -> Option<Self> {
        let reader = run.script();
        let is_named = fails.script != 0 && matches!(reader.host, twiceshy_repo::script::Host::File);
        let who = match is_named {
            true => format!("`{}`", repo.tree.path(reader.file)),
            false => "the script".to_owned(),
        };
        Self::of(run.scripts().to_vec(), fails.script, run.fate(fails), who)
    }

    fn of(scripts: Vec<&'r Script>, own: u16, fate: Fate, who: String) -> Option<Self> {
        match fate {
            Fate::Ends { at, through, calls } => Some(Self { scripts, own, at, through, calls, who }),
            _ => None,
        }
    }

    fn script_of(&self, step: Step) -> &'r Script {
        self.scripts[usize::from(step.script)]
    }

    pub fn node(&self, step: Step) -> &'r Node {
        self.script_of(step).node(step.node)
    }

    pub fn written(&self, step: Step) -> &'r str {
        self.script_of(step).written(self.node(step).span)
    }

    fn place(&self, step: Step) -> Place {
        self.script_of(step).place(self.node(step).span)
    }

    /// The first function that the failure left on its way, and its name.
    pub fn function_left(&self) -> Option<(Step, &'r str)> {
        self.through.iter().find_map(|step| match &self.node(*step).kind {
            NodeKind::Function(name, _) => Some((*step, &*name.text)),
            _ => None,
        })
    }

    /// Whether it left a file that is read with `.`: by its last command.
    pub fn is_file_left(&self) -> bool {
        self.at.script != self.own
    }

    /// Says where what failed is called from, and where its file is read.
    pub fn say_calls(&self, finding: &mut Finding) {
        if let Some((function, name)) = self.function_left()
            && (self.at.script != function.script
                || self.script_of(function).shell().ancestors(self.at.node).all(|id| id != function.node))
        {
            finding.related(self.place(self.at), format!("`{name}` is called here, and its status ends the script"));
        }
        if let Some(&outermost) = self.calls.last()
            && self.at != outermost
            && outermost.script != self.own
        {
            finding.related(self.place(outermost), "comes there from here");
        }
    }
}
