//! Who is meant by a name: account ids on Cloud, user names on Data Center.

use serde_json::Value;
use serde_json::json;

use super::Jira;
use super::issues::issue_path;
use super::malformed;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Product;
use crate::policy::Read;
use crate::policy::Write;

/// A person as requests name one: `{"name": ...}` on Data Center, `{"accountId": ...}` on Cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person(Value);

impl Person {
    /// Nobody: what an issue is assigned to when its assignee is taken away.
    pub fn nobody(deployment: Deployment) -> Self {
        Self(json!({id_name(deployment): null}))
    }

    /// The account id or the user name.
    pub fn id(&self) -> &str {
        let id = self.0.get("accountId").or_else(|| self.0.get("name"));
        id.and_then(Value::as_str).unwrap_or_default()
    }

    /// As a value of a field.
    pub fn to_value(&self) -> Value {
        self.0.clone()
    }
}

/// Why a name leads to nobody.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    /// Jira knows nobody of this name whom the caller may see.
    #[error(
        "nobody was found for `{0}`; give {1}; jira_search_assignable_users finds people by a part of their name"
    )]
    Nobody(String, &'static str),
    /// Nobody is called so, but the name is a part of others.
    #[error("nobody is called `{name}`; similar are {}; name one by {wanted}", candidates.join(", "))]
    Similar {
        /// The name as given.
        name: String,
        /// Who is called nearly so.
        candidates: Vec<String>,
        /// What says exactly who is meant.
        wanted: &'static str,
    },
    /// Several people fit.
    #[error("several people fit `{name}`: {}; name one by {wanted}", candidates.join(", "))]
    Several {
        /// The name as given.
        name: String,
        /// Who they are.
        candidates: Vec<String>,
        /// What says exactly who is meant.
        wanted: &'static str,
    },
    /// Jira could not be asked.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// Where people can be assigned to issues.
#[derive(Debug, Clone)]
pub enum Within {
    /// In a project.
    Project(ProjectKey),
    /// To one issue.
    Issue(IssueKey),
}

/// How many people are looked at.
const MOST: &str = "20";

impl Jira<'_> {
    /// Reads who somebody is.
    pub async fn profile(&self, permit: &Permit<Read>, name: &str) -> Result<Value, PersonError> {
        permit.whole(Product::Jira)?;
        let person = self.person(permit, name).await?;
        let parameter = match self.deployment() {
            Deployment::DataCenter => "username",
            Deployment::Cloud => "accountId",
        };
        let request = Request::get(Path::of(["rest", "api", "2", "user"])).with(parameter, person.id());
        let user = self.get(permit, request).await?;
        if user.get("displayName").is_none() {
            return Err(malformed("the person has no name").into());
        }
        Ok(user)
    }

    /// Finds people to whom issues can be assigned.
    pub async fn assignable(
        &self,
        permit: &Permit<Read>,
        query: &str,
        within: &Within,
        limit: u64,
    ) -> Result<Vec<Value>, UpstreamError> {
        let parameter = match self.deployment() {
            Deployment::DataCenter => "username",
            Deployment::Cloud => "query",
        };
        let request = Request::get(Path::of(["rest", "api", "2", "user", "assignable", "search"]))
            .with(parameter, query)
            .with("maxResults", limit.to_string());
        let request = match within {
            Within::Project(key) => request.with("project", permit.project(key)?.as_str()),
            Within::Issue(key) => request.with("issueKey", permit.issue(key)?.as_str()),
        };
        match self.get(permit, request).await? {
            Value::Array(people) => Ok(people),
            _ => Err(malformed("the people found are not a list")),
        }
    }

    /// Makes a person watch an issue.
    pub async fn add_watcher(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        person: &Person,
    ) -> Result<(), UpstreamError> {
        let path = issue_path(permit.issue(key)?, Some("watchers"));
        self.send(permit, Request::post(path, person.id().into())).await.map(|_| ())
    }

    /// Makes a person watch an issue no longer.
    pub async fn remove_watcher(
        &self,
        permit: &Permit<Write>,
        key: &IssueKey,
        person: &Person,
    ) -> Result<(), UpstreamError> {
        let parameter = match self.deployment() {
            Deployment::DataCenter => "username",
            Deployment::Cloud => "accountId",
        };
        let path = issue_path(permit.issue(key)?, Some("watchers"));
        self.send(permit, Request::delete(path).with(parameter, person.id())).await.map(|_| ())
    }

    /// Finds out who is meant by an account id, a user name, an e-mail address or a full name.
    pub async fn person<E: Effect>(&self, permit: &Permit<E>, name: &str) -> Result<Person, PersonError> {
        let deployment = self.deployment();
        let name = name.trim();
        let id = name.strip_prefix("accountid:").unwrap_or(name);
        if deployment == Deployment::Cloud && is_account_id(id) {
            return Ok(Person(json!({"accountId": id})));
        }
        if ["me", "currentuser()"].contains(&name.to_lowercase().as_str()) {
            return self.myself(permit).await;
        }
        if name.is_empty() {
            return Err(PersonError::Nobody(String::new(), how(deployment)));
        }
        let parameter = match deployment {
            Deployment::DataCenter => "username",
            Deployment::Cloud => "query",
        };
        let request = Request::get(Path::of(["rest", "api", "2", "user", "search"]))
            .with(parameter, name)
            .with("maxResults", MOST);
        let answer = self.get(permit, request).await?;
        let found = answer.as_array().ok_or_else(|| malformed("the people found are not a list"))?;
        choose(found, name, deployment)
    }

    /// Who the credential belongs to.
    async fn myself<E: Effect>(&self, permit: &Permit<E>) -> Result<Person, PersonError> {
        let user = self.get(permit, Request::get(Path::of(["rest", "api", "2", "myself"]))).await?;
        let id_name = id_name(self.deployment());
        let id = user.get(id_name).filter(|id| id.is_string());
        let id = id.ok_or_else(|| malformed("it does not say who the credential belongs to"))?;
        Ok(Person(json!({id_name: id})))
    }
}

/// The one person that a name means among those whom a search found.
fn choose(found: &[Value], name: &str, deployment: Deployment) -> Result<Person, PersonError> {
    let id_name = id_name(deployment);
    let text = |user: &Value, key: &str| user.get(key).and_then(Value::as_str).map(str::to_lowercase);
    let wanted = name.to_lowercase();
    let is_exact = |user: &&Value| {
        let says = |key: &str| text(user, key).as_ref() == Some(&wanted);
        says("name") || says("key") || says("accountId") || says("emailAddress") || says("displayName")
    };
    let exact: Vec<&Value> = found.iter().filter(is_exact).collect();
    let how = how(deployment);
    let brief = |user: &Value| {
        let of = |key: &str| user.get(key).and_then(Value::as_str).unwrap_or_default();
        format!("{} ({})", of("displayName"), of(id_name))
    };
    match exact.as_slice() {
        [] if found.is_empty() => Err(PersonError::Nobody(shown(name), how)),
        // A part of a name is nobody's: `me` is in `Development`.
        [] => {
            let candidates = found.iter().map(brief).collect();
            Err(PersonError::Similar { name: shown(name), candidates, wanted: how })
        }
        [one] => {
            let id = one.get(id_name).filter(|id| id.is_string());
            let id = id.ok_or_else(|| malformed("a person has no id"))?;
            Ok(Person(json!({id_name: id})))
        }
        several => {
            let candidates = several.iter().map(|user| brief(user)).collect();
            Err(PersonError::Several { name: shown(name), candidates, wanted: how })
        }
    }
}

/// What says exactly who is meant.
fn how(deployment: Deployment) -> &'static str {
    match deployment {
        Deployment::DataCenter => "a user name",
        Deployment::Cloud => "an account id",
    }
}

fn id_name(deployment: Deployment) -> &'static str {
    match deployment {
        Deployment::DataCenter => "name",
        Deployment::Cloud => "accountId",
    }
}

/// Account ids are 24 hexadecimal digits, or a number, a colon and a UUID.
///
/// <https://developer.atlassian.com/cloud/jira/platform/user-privacy-developer-guide/>
fn is_account_id(text: &str) -> bool {
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    match text.split_once(':') {
        Some((number, rest)) => {
            number.bytes().all(|b| b.is_ascii_alphanumeric()) && rest.len() >= 20 && is_word(rest)
        }
        None => text.len() >= 20 && text.bytes().all(|b| b.is_ascii_hexdigit()),
    }
}

fn shown(name: &str) -> String {
    name.chars().take(80).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_found_or_the_candidates_are_named() {
        let found = [
            json!({"name": "ann", "displayName": "Ann Example", "emailAddress": "ann@example.com"}),
            json!({"name": "annika", "displayName": "Annika"}),
        ];
        let table = [
            ("ann", Ok("ann")),
            ("ANN@example.com", Ok("ann")),
            ("annika", Ok("annika")),
            (
                "an",
                Err(
                    "nobody is called `an`; similar are Ann Example (ann), Annika (annika); name one by a user name",
                ),
            ),
        ];
        for (name, wanted) in table {
            let chosen = choose(&found, name, Deployment::DataCenter).map_err(|error| error.to_string());
            let wanted = wanted.map(|id| Person(json!({"name": id}))).map_err(str::to_owned);
            assert_eq!(chosen, wanted, "{name}");
        }
        let one = choose(&found[1..], "nik", Deployment::DataCenter);
        assert!(matches!(one, Err(PersonError::Similar { .. })), "a part of one name is not that person");
        let nobody = choose(&[], "zoe", Deployment::Cloud).unwrap_err().to_string();
        assert_eq!(
            nobody,
            "nobody was found for `zoe`; give an account id; jira_search_assignable_users finds people by a part of their name"
        );
        let bare = choose(&[json!({"displayName": "Zoe"})], "zoe", Deployment::Cloud);
        assert!(matches!(bare, Err(PersonError::Upstream(_))), "{bare:?}");
    }

    #[test]
    fn account_ids_are_told_from_names() {
        for id in ["5b10ac8d82e05b22cc7d4ef1", "557058:295406f3-a1fc-4733-b906-dd15d021bd79"] {
            assert!(is_account_id(id), "{id}");
        }
        for name in ["ann", "Ann Example", "ann@example.com", "5b10", "a:b", ""] {
            assert!(!is_account_id(name), "{name}");
        }
    }
}
