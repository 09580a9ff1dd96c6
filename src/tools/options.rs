//! How the operator wants some tools to work.

use std::path::PathBuf;

use crate::atlassian::WorkingHours;
use crate::ids::ProjectKey;

/// Settings of single tools.
#[derive(Debug, Clone)]
pub struct Options {
    /// What `jira_get_issue_sla` measures where the caller does not say: `JIRA_SLA_METRICS`.
    pub sla_metrics: Vec<SlaMetric>,
    /// Whether it counts working hours alone where the caller does not say: `JIRA_SLA_WORKING_HOURS_ONLY`.
    pub working_hours_only: bool,
    /// Which hours these are.
    pub working_hours: WorkingHours,
    /// What links say of an issue whose parent is at their other end, lower case: `HIERARCHY_LINK_PHRASES`.
    pub child_phrases: Vec<String>,
    /// Projects whose comments customers never see: `JIRA_INTERNAL_ONLY_PROJECTS`.
    pub internal_only: Vec<ProjectKey>,
    /// How many results a list gives at most, whatever the caller asks for: `ATLASSIAN_MAX_PAGINATION_LIMIT`.
    pub most_results: Option<i64>,
    /// Where arguments may name files on the server; nowhere without.
    pub attachment_directory: Option<PathBuf>,
}

/// What Jira's own link types say of a child.
const CHILD_PHRASES: [&str; 3] = ["is child of", "is contained by", "split from"];

impl Options {
    /// Whether customers never see the comments of this project.
    pub fn is_internal(&self, project: &ProjectKey) -> bool {
        self.internal_only.contains(project)
    }

    /// The phrases of Jira's own link types and those of `HIERARCHY_LINK_PHRASES`, of the form `child:is part of`.
    ///
    /// # Errors
    /// With the entry that has another form.
    pub fn child_phrases(entries: &[String]) -> Result<Vec<String>, String> {
        let mut phrases: Vec<String> = CHILD_PHRASES.map(str::to_owned).to_vec();
        for entry in entries {
            match entry.split_once(':').map(|(role, phrase)| (role.trim(), phrase.trim())) {
                Some(("child", phrase)) if !phrase.is_empty() => phrases.push(phrase.to_lowercase()),
                // Links are looked at from the child's end.
                Some(("parent", phrase)) if !phrase.is_empty() => {}
                _ => return Err(entry.clone()),
            }
        }
        Ok(phrases)
    }
}

/// A figure of `jira_get_issue_sla`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlaMetric {
    /// From creation to resolution.
    CycleTime,
    /// From creation to resolution, or to now.
    LeadTime,
    /// How long it was in each status.
    TimeInStatus,
    /// Whether it was resolved before it was due.
    DueDateCompliance,
    /// From the start of work to resolution.
    ResolutionTime,
    /// From creation to the first change of status.
    FirstResponseTime,
}

impl SlaMetric {
    /// Every figure, in the order of results.
    pub const ALL: [Self; 6] = [
        Self::CycleTime,
        Self::LeadTime,
        Self::TimeInStatus,
        Self::DueDateCompliance,
        Self::ResolutionTime,
        Self::FirstResponseTime,
    ];

    /// Its name in arguments and results.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CycleTime => "cycle_time",
            Self::LeadTime => "lead_time",
            Self::TimeInStatus => "time_in_status",
            Self::DueDateCompliance => "due_date_compliance",
            Self::ResolutionTime => "resolution_time",
            Self::FirstResponseTime => "first_response_time",
        }
    }

    /// The figure of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name.trim())
    }

    /// All names, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_of_children_are_added_to_those_of_jira() {
        let entries = ["parent:Rolls Up To".to_owned(), "child: Is Part Of".to_owned()];
        let phrases = Options::child_phrases(&entries).unwrap();
        assert_eq!(phrases, ["is child of", "is contained by", "split from", "is part of"]);
        for bad in ["is part of", "other:phrase", "child:"] {
            assert_eq!(Options::child_phrases(&[bad.to_owned()]), Err(bad.to_owned()));
        }
    }
}
