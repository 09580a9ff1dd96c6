//! A typed client for Jira. Reading needs any permit, sending needs a permit to write.

mod agile;
mod attachments;
mod attributes;
mod bulk;
mod called;
mod catalogue;
mod comments;
mod compared;
mod development;
mod edit;
mod epics;
mod fields;
mod forms;
mod functions;
mod hidden;
mod histories;
mod issues;
mod links;
mod masked;
mod named;
mod names;
mod narrowed;
mod parts;
mod people;
mod present;
mod projects;
mod screen;
mod search;
mod service_desk;
mod shape;
mod sprints;
mod through;
mod worklogs;

use std::sync::Arc;

use serde_json::Value;

pub use agile::BoardQuery;
pub use attributes::ask;
pub use attributes::category;
pub use catalogue::Catalogue;
pub use catalogue::Field;
pub use catalogue::UnknownField;
pub use comments::NewComment;
pub use edit::Edit;
pub use edit::Transition;
pub use epics::says_epic;
pub use fields::Fields;
pub use histories::IssueName;
pub use issues::Include;
pub use issues::IssueQuery;
pub use issues::issue_place;
pub use named::Named;
pub use narrowed::Found;
pub use narrowed::Place;
pub use parts::added_comment;
pub use parts::change as shown_change;
pub use parts::edited_comment;
pub use parts::person as shown_person;
pub use parts::project as shown_project;
pub use parts::shown_worklog;
pub use parts::transition as shown_transition;
pub use people::Person;
pub use people::PersonError;
pub use people::Within;
pub use present::IssueView;
pub use present::readable;
pub use projects::NewVersion;
pub use screen::Screen;
pub use screen::no_project;
pub use search::SearchPage;
pub use search::SearchQuery;
pub use service_desk::NewRequest;
pub use shape::Shaped;
pub use shape::shape;
pub use shape::system_field;
pub use sprints::shown_sprint;
pub use worklogs::NewWorklog;

use super::Deployment;
use super::Instance;
use crate::audit::Permit;
use crate::net::Credential;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Product;
use crate::policy::Write;

/// Jira, as one caller sees it.
#[derive(Debug, Clone, Copy)]
pub struct Jira<'a> {
    instance: &'a Instance,
    credential: &'a Credential,
    texts: Texts,
}

/// How texts in wiki markup are shown and taken. Documents of Cloud are Markdown for callers in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts {
    /// As Markdown.
    Markdown,
    /// As they are.
    Raw,
}

impl<'a> Jira<'a> {
    /// Binds an instance to the caller's credential.
    pub fn new(instance: &'a Instance, credential: &'a Credential, texts: Texts) -> Self {
        Self { instance, credential, texts }
    }

    /// How texts are shown and taken.
    pub fn texts(&self) -> Texts {
        self.texts
    }

    /// Server or Cloud.
    pub fn deployment(&self) -> Deployment {
        self.instance.deployment
    }

    /// The address for links without a trailing slash.
    pub fn base(&self) -> &str {
        self.instance.site()
    }

    /// Reads; the request must not change anything, which `net` checks.
    async fn get<E: Effect>(&self, permit: &Permit<E>, request: Request) -> Result<Value, UpstreamError> {
        Ok(attributes::ask(self.instance, permit, self.credential, request).await?.body)
    }

    /// Reads what seldom changes; an answer of the last five minutes will do, if it was whole.
    async fn recall<E: Effect>(
        &self,
        permit: &Permit<E>,
        request: Request,
        is_whole: impl Fn(&Value) -> bool,
    ) -> Result<Arc<Value>, UpstreamError> {
        self.instance.upstream.recall(permit, self.credential, request, is_whole).await
    }

    /// The version of the platform's API that takes and gives documents: ADF on Cloud, wiki markup on Data Center.
    fn version(&self) -> &'static str {
        version_of(self.deployment())
    }

    /// Changes something, and brings what Jira stored. An answer that does not have what it must is no success.
    async fn store(
        &self,
        permit: &Permit<Write>,
        request: Request,
        is_whole: impl Fn(&Value) -> bool,
        problem: &str,
    ) -> Result<Value, UpstreamError> {
        let reply = attributes::ask(self.instance, permit, self.credential, request).await?;
        if is_whole(&reply.body) {
            return Ok(reply.body);
        }
        Err(UpstreamError::malformed_change(Product::Jira, reply.status, problem))
    }

    /// Changes something. A success that has complaints in it is none.
    async fn send(&self, permit: &Permit<Write>, request: Request) -> Result<Value, UpstreamError> {
        let reply = attributes::ask(self.instance, permit, self.credential, request).await?;
        let complains = |name: &str| match reply.body.get(name) {
            Some(Value::Array(messages)) => !messages.is_empty(),
            Some(Value::Object(fields)) => !fields.is_empty(),
            _ => false,
        };
        if complains("errorMessages") || complains("errors") {
            let problem = "it is a success that complains";
            return Err(UpstreamError::malformed_change(Product::Jira, reply.status, problem));
        }
        Ok(reply.body)
    }
}

/// The version of the platform's API that takes and gives documents.
fn version_of(deployment: Deployment) -> &'static str {
    match deployment {
        Deployment::DataCenter => "2",
        Deployment::Cloud => "3",
    }
}

/// Whether an answer has a list under one of these names; without names, whether it is one.
fn lists<'n>(names: &'n [&'n str]) -> impl Fn(&Value) -> bool + 'n {
    move |answer| match names {
        [] => answer.is_array(),
        names => names.iter().any(|name| answer.get(*name).is_some_and(Value::is_array)),
    }
}

/// Whether what Jira stored has an id.
fn has_id(stored: &Value) -> bool {
    stored.get("id").is_some_and(|id| !id.is_null())
}

fn malformed(problem: &str) -> UpstreamError {
    UpstreamError::malformed(Product::Jira, problem)
}
