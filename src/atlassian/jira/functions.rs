//! The functions of JQL that Jira brings itself.
//!
//! What they are given is known: people, dates, issues, projects. An app's may be given a query, such as
//! `linkedIssuesOf("project = HR")`, a pattern for the names of projects, or whatever else finds what is hidden.

/// Those that Atlassian documents for Jira, Jira Service Management and Advanced Roadmaps, in small letters.
const OWN: &str = "\
    approved approver breached cascadeoption choiceoption closedsprints completed componentsleadbyuser currentlogin \
    currentuser customerdetail earliestunreleasedversion elapsed endofday endofmonth endofweek endofyear \
    entitlementdetail entitlementproduct everbreached futuresprints issuehistory issueswithremotelinksbyglobalid \
    lastlogin latestreleasedversion linkedissues linkedworkitems membersof myapproval mypending mypendingapproval now \
    opensprints organizationdetail organizationmembers paused pending pendingapprovalby pendingby \
    portfoliochildissuesof projectsleadbyuser projectswhereuserhaspermission projectswhereuserhasrole releasedversions \
    remaining running spacesleadbyuser spaceswhereuserhaspermission spaceswhereuserhasrole standardissuetypes \
    standardworktypes startofday startofmonth startofweek startofyear subtaskissuetypes subtaskworktypes \
    unreleasedversions updatedby votedissues votedworkitems watchedissues watchedworkitems withincalendarhours \
    workitemhistory workitemswithremotelinksbyglobalid";

/// Whether a function is one of Jira's own.
pub(super) fn is_own(name: &str) -> bool {
    OWN.split_ascii_whitespace().any(|own| own.eq_ignore_ascii_case(name))
}
