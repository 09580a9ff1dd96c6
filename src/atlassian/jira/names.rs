//! What a caller's query names.

use std::collections::BTreeSet;

use super::Jira;
use super::catalogue::shown;
use super::compared::Compared;
use super::functions::is_own;
use super::hidden::is_number;
use crate::atlassian::query;
use crate::atlassian::query::Clause;
use crate::atlassian::query::clauses;
use crate::atlassian::query::is_conjunction;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::UpstreamError;
use crate::policy::Read;

/// How many names of projects, and of what projects have, are looked up for one query. A query that names more finds
/// nothing.
const MOST_NAMES: usize = 20;

/// How many issues are looked up for one query. A query that names more finds nothing.
pub(super) const MOST_ISSUES: usize = 50;

/// A field of an app that takes nothing but functions, in small letters.
const FUNCTIONS: &str = "issuefunction";

/// What a query names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Issues by key.
    pub(super) keys: BTreeSet<IssueKey>,
    /// Issues by key where nothing but the issue itself is asked for: `key = OPS-1`, beside which all else must hold.
    pub(super) sought: BTreeSet<IssueKey>,
    /// Issues by number.
    pub(super) numbers: BTreeSet<String>,
    /// Projects by what may be their keys.
    pub(super) project_keys: BTreeSet<ProjectKey>,
    /// Projects by what is no key, in small letters.
    pub(super) projects: BTreeSet<String>,
    /// What projects have: a field, and what it is called there.
    pub(super) owned: BTreeSet<(String, String)>,
}

impl Names {
    fn add(&mut self, compared: Compared, clause: &Clause, must_hold: bool) {
        let is_sought = must_hold && clause.is_equal && Compared::is_key(&clause.field);
        let Clause { field, values, arguments, .. } = clause;
        // A function may take issues in any field.
        self.keys.extend(arguments.iter().flat_map(|text| IssueKey::all_in(text)));
        match compared {
            Compared::Issues => {
                let keys = if is_sought { &mut self.sought } else { &mut self.keys };
                keys.extend(values.iter().flat_map(|text| IssueKey::all_in(text)));
                self.add_numbers(clause);
            }
            Compared::Projects => self.add_projects(values),
            Compared::Owned => {
                // `releasedVersions(OPS)`: those that name no project take nothing.
                self.add_projects(arguments);
                self.owned.extend(values.iter().map(|value| (field.clone(), value.clone())));
            }
            Compared::Unlisted => {
                self.keys.extend(values.iter().filter_map(|text| IssueKey::parse(text).ok()));
                self.add_numbers(clause);
            }
            Compared::Others => {}
        }
    }

    fn add_numbers(&mut self, clause: &Clause) {
        let given = clause.values.iter().chain(&clause.arguments);
        self.numbers.extend(given.filter(|text| is_number(text)).cloned());
    }

    fn add_projects(&mut self, names: &[String]) {
        for name in names {
            match ProjectKey::parse(name) {
                Ok(key) => drop(self.project_keys.insert(key)),
                Err(_) => drop(self.projects.insert(name.to_lowercase())),
            }
        }
    }

    pub(super) fn are_too_many(&self) -> bool {
        self.projects.len() + self.owned.len() > MOST_NAMES
            || self.keys.len() + self.sought.len() + self.numbers.len() > MOST_ISSUES
    }
}

impl Jira<'_> {
    /// What a query names.
    pub(super) async fn names(&self, permit: &Permit<Read>, jql: &str) -> Result<Names, UpstreamError> {
        let condition = condition(jql);
        let must_hold = is_conjunction(condition);
        let mut names = Names::default();
        for clause in clauses(condition).into_iter().filter(|clause| !clause.is_text) {
            let compared = match Compared::known(&clause.field) {
                Some(compared) => vec![compared],
                None => Compared::told(&clause.field, &self.catalogue(permit).await?),
            };
            for compared in compared {
                names.add(compared, &clause, must_hold);
            }
        }
        Ok(names)
    }
}

fn condition(jql: &str) -> &str {
    query::split(jql).map_or(jql, |split| split.condition)
}

/// Refuses a query with what cannot be looked through.
pub(super) fn look_through(jql: &str) -> Result<(), UpstreamError> {
    match clauses(condition(jql)).iter().find_map(opaque) {
        None => Ok(()),
        Some(called) => Err(UpstreamError::NotPermitted(format!(
            "`jql` has `{}`, which is none of Jira's own and may take a query or a pattern, in which your policies could \
             not be kept; leave it out, and search by fields",
            shown(called)
        ))),
    }
}

/// What of a clause cannot be looked through: a function of an app that is given something.
fn opaque(clause: &Clause) -> Option<&str> {
    let of_apps = clause.functions.iter().map(String::as_str).find(|function| !is_own(function));
    of_apps.or((clause.field == FUNCTIONS).then_some("issueFunction"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(jql: &str) -> String {
        let mut names = Names::default();
        for clause in clauses(jql) {
            let compared = Compared::known(&clause.field).unwrap_or(Compared::Unlisted);
            names.add(compared, &clause, is_conjunction(jql));
        }
        let sought = names.sought.iter().map(|key| format!("sought:{key}"));
        let keys: Vec<String> = names.keys.iter().map(ToString::to_string).chain(sought).collect();
        let numbers: Vec<&str> = names.numbers.iter().map(String::as_str).collect();
        let project_keys = names.project_keys.iter().map(ProjectKey::as_str);
        let projects: Vec<&str> = project_keys.chain(names.projects.iter().map(String::as_str)).collect();
        let owned: Vec<String> =
            names.owned.iter().map(|(field, value)| format!("{field}={value}")).collect();
        [keys.join(","), numbers.join(","), projects.join(","), owned.join(",")].join(" ")
    }

    #[test]
    fn functions_that_may_take_a_query_are_none_of_jiras_own() {
        let table = [
            ("issueFunction in linkedIssuesOf(\"project = A\")", Some("linkedIssuesOf")),
            ("issueFunction in hasLinks(blocks)", Some("hasLinks")),
            ("ISSUEFUNCTION in hasLinks()", Some("issueFunction")),
            ("issue in linkedByQuery('project = A')", Some("linkedByQuery")),
            ("project in projectMatch(\"^A\")", Some("projectMatch")),
            ("fixVersion in versionMatch(\"^A\") OR key = OPS-1", Some("versionMatch")),
            ("assignee in \"linkedIssuesOf\"(\"project = A\")", Some("linkedIssuesOf")),
            ("status changed by inQuery(\"project = A\")", Some("inQuery")),
            ("summary ~ inQuery(\"project = A\")", Some("inQuery")),
            ("cf[10010] in (A-1, epicsOf(\"project = A\"))", Some("epicsOf")),
            ("assignee = nobody()", None),
            ("issue in LINKEDISSUES(A-1, blocks) AND sprint in openSprints()", None),
            ("assignee in membersOf(\"a = b\") AND created > startOfDay(-1)", None),
            ("\"Time to resolution\" < remaining(\"1h\") AND approvals = approver(ann)", None),
            ("fixVersion = latestReleasedVersion(OPS) AND project in spacesLeadByUser(ann)", None),
            ("text ~ 'linkedIssuesOf(project = A)'", None),
        ];
        for (jql, wanted) in table {
            let clauses = clauses(jql);
            assert_eq!(clauses.iter().find_map(opaque), wanted, "{jql}");
        }
    }

    #[test]
    fn what_a_query_names_is_told_field_by_field() {
        let table = [
            ("key in (OPS-1, 10001) AND labels != SECRET-1", "OPS-1 10001  "),
            ("project in (OPS, \"Human Resources\")", "  OPS,human resources "),
            ("project in projectsLeadByUser(bob)", "   "),
            ("sprint != 17 OR component not in (Core, \"A-1\")", "   component=A-1,component=Core,sprint=17"),
            ("fixVersion in releasedVersions(SECRET)", "  SECRET "),
            ("fixVersion changed from \"1.0\" by bob after '2026-01-01'", "   fixversion=1.0"),
            ("sprint in openSprints() AND assignee in membersOf('OPS-1')", "OPS-1   "),
            ("issue in linkedIssues(\"OPS-2\", blocks)", "OPS-2   "),
            ("key = OPS-1 AND project = OPS", "sought:OPS-1  OPS "),
            ("key = OPS-1 AND issue in linkedIssues(OPS-1)", "OPS-1,sought:OPS-1   "),
            ("key = OPS-1 OR status = Done", "OPS-1   "),
            ("NOT key = OPS-1", "OPS-1   "),
            ("key != OPS-1 AND key in (OPS-2) AND key < OPS-3", "OPS-1,OPS-2,OPS-3   "),
            ("parent = OPS-1 AND 'Epic Link' = OPS-2", "OPS-1,OPS-2   "),
            ("key = 10001 AND nowhere = 10002 AND nowhere2 = OPS-3", "OPS-3 10001,10002  "),
            ("nowhere in f(10003, \"see OPS-4\") AND rank > 10004 AND votes > 5", "OPS-4 10003,10004  "),
        ];
        for (jql, wanted) in table {
            assert_eq!(names(jql), wanted, "{jql}");
        }
    }
}
