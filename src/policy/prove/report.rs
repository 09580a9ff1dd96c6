//! What a run found out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::example::Example;
use super::model::Call;
use super::model::Groups;
use crate::policy::Proof;
use crate::policy::Proved;

/// The result of proving one profile.
#[derive(Debug, Clone)]
pub struct Report {
    /// What goes into a record.
    pub proof: Proof,
    /// Every property with what is wrong with it.
    pub properties: Vec<PropertyReport>,
    /// How actions are grouped.
    pub groups: Groups,
}

/// The result of one property.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PropertyReport {
    /// The result.
    #[serde(flatten)]
    pub proved: Proved,
    /// Why it does not hold, by cause.
    pub findings: Vec<Finding>,
}

/// One cause for which a property does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The policies it is due to.
    pub policies: Vec<String>,
    /// The kinds of request it shows in.
    pub calls: Vec<Call>,
    /// What is wrong, where no request shows it, or why it could not be told.
    pub problem: Option<String>,
    /// One request that shows it.
    pub example: Option<Example>,
}

/// Puts findings of one cause together; the first example stays.
pub(super) fn gather(findings: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let mut order = Vec::new();
    let mut by_cause: BTreeMap<(Vec<String>, Option<String>), Finding> = BTreeMap::new();
    for finding in findings {
        let cause = (finding.policies.clone(), finding.problem.clone());
        match by_cause.get_mut(&cause) {
            Some(known) => {
                known.calls.extend(finding.calls);
                known.example = known.example.take().or(finding.example);
            }
            None => {
                order.push(cause.clone());
                by_cause.insert(cause, finding);
            }
        }
    }
    order.into_iter().filter_map(|cause| by_cause.remove(&cause)).collect()
}
