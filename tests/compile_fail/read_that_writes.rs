//! A tool that declared to read has a permit that the client's writing methods do not take.

use portcullis::atlassian::jira::Jira;
use portcullis::atlassian::jira::NewComment;
use portcullis::audit::Permit;
use portcullis::ids::IssueKey;
use portcullis::policy::Read;

async fn run(jira: Jira<'_>, permit: &Permit<Read>, key: &IssueKey, comment: &NewComment) {
    let _ = jira.add_comment(permit, key, comment).await;
}

fn main() {}
