//! Proofs about policies: over all requests there can be, by a solver that runs beside this program.
//!
//! Policies are independent for each environment (kind of principal, action, kind of resource), so each is asked apart,
//! several at a time, with only the policies whose scope takes its action. What is assumed of a request beyond the schema
//! is in `assume`; every counterexample is put to Cedar's own authorizer before it is believed. A server never starts
//! a solver: it reads the record at most.

mod ask;
pub(super) mod assume;
mod cache;
mod checks;
mod dead;
mod diff;
mod example;
mod how_often;
mod model;
mod names;
mod report;
mod sets;
mod solver;
mod target;
mod world;

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::policy::EngineSettings;
use crate::policy::PolicyError;
use crate::policy::ToolFacts;
use crate::policy::source;

pub use diff::Cause;
pub use diff::Change;
pub use diff::DiffReport;
pub use diff::Kind;
pub use example::Example;
pub use how_often::Direction;
pub use how_often::LimitChange;
pub use model::Call;
pub use model::Groups;
pub use report::Finding;
pub use report::PropertyReport;
pub use report::Report;
pub use solver::Solver;
pub use solver::SolverError;

/// How to prove.
#[derive(Debug, Clone)]
pub struct Prover {
    /// What is asked.
    pub solver: Solver,
    /// How many solvers run at once.
    pub jobs: usize,
    /// Where answers are kept for the next run; nowhere without.
    pub cache: Option<PathBuf>,
    /// How long one question may take.
    pub timeout: Duration,
}

impl Prover {
    /// Proves the properties of a profile, with the policies that come from these settings.
    pub fn prove(&self, tools: &[ToolFacts], settings: &EngineSettings) -> Result<Report, PolicyError> {
        checks::prove(self, tools, settings)
    }

    /// What the policies of `new` allow and those of `old` do not, and the reverse; each a file or a directory.
    pub fn diff(&self, tools: &[ToolFacts], old: &Path, new: &Path) -> Result<DiffReport, PolicyError> {
        diff::diff(self, tools, old, new)
    }
}

/// The profiles below a path: the directory itself if it holds policies, else its directories.
pub fn profiles(path: &Path) -> Result<Vec<PathBuf>, PolicyError> {
    source::profiles(path)
}
