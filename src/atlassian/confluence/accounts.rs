//! People by name: who is meant by an account id, a user name, a key, an e-mail address or a full name.

use serde_json::Value;

use super::Confluence;
use super::malformed;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// How many people of a search are looked at to find one.
const LOOKED_AT: u64 = 25;

/// Somebody with an account, as Confluence gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(Value);

impl Account {
    /// What names the person in requests: an account id on Cloud, a user name on Data Center.
    pub fn id(&self) -> &str {
        self.text("accountId").or_else(|| self.text("username")).unwrap_or_default()
    }

    /// The key on Data Center.
    pub fn key(&self) -> Option<&str> {
        self.text("userKey")
    }

    fn brief(&self) -> String {
        let name = self.text("displayName").or_else(|| self.text("publicName")).unwrap_or_default();
        format!("{name} ({})", self.id())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }
}

/// Why a name leads to nobody.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Confluence knows nobody of this name whom the caller may see.
    #[error("nobody was found for `{0}`; find people with confluence_search_user")]
    Nobody(String),
    /// Nobody is called so, but others nearly are.
    #[error("nobody is called `{name}`; similar are {}; name one by what stands in brackets", candidates.join(", "))]
    Similar {
        /// The name as given.
        name: String,
        /// Who is called nearly so.
        candidates: Vec<String>,
    },
    /// Several people fit.
    #[error("several people are called `{name}`: {}; name one by that", ids.join(", "))]
    Several {
        /// The name as given.
        name: String,
        /// What names each of them.
        ids: Vec<String>,
    },
    /// Confluence could not be asked.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

impl Confluence<'_> {
    /// Who the credential belongs to.
    pub async fn myself<E: Effect>(&self, permit: &Permit<E>) -> Result<Account, UpstreamError> {
        let expand = match self.deployment() {
            Deployment::Cloud => "operations",
            Deployment::DataCenter => "status",
        };
        let request = Request::get(Path::of(["rest", "api", "user", "current"])).with("expand", expand);
        account(self.get(permit, request).await?)
    }

    /// Finds out who is meant.
    pub async fn account<E: Effect>(&self, permit: &Permit<E>, name: &str) -> Result<Account, AccountError> {
        let name = name.trim();
        if ["me", "currentuser()"].contains(&name.to_lowercase().as_str()) {
            return Ok(self.myself(permit).await?);
        }
        let ways: &[&'static str] = match self.deployment() {
            Deployment::Cloud if is_account_id(name) => &["accountId"],
            Deployment::Cloud => &[],
            Deployment::DataCenter => &["username", "key"],
        };
        let id = name.strip_prefix("accountid:").unwrap_or(name);
        for way in ways.iter().filter(|_| !name.is_empty()) {
            let request = Request::get(Path::of(["rest", "api", "user"])).with(way, id);
            match self.get(permit, request).await {
                Err(error) if matches!(error.status(), Some(400 | 404)) => {}
                found => return Ok(account(found?)?),
            }
        }
        self.called(permit, name).await
    }

    /// Whoever has exactly this name or e-mail address.
    async fn called<E: Effect>(&self, permit: &Permit<E>, name: &str) -> Result<Account, AccountError> {
        let nobody = || AccountError::Nobody(name.to_owned());
        if name.is_empty() {
            return Err(nobody());
        }
        let found = match self.people_named(permit, name, LOOKED_AT).await {
            // Versions whose searches do not find people.
            Err(error) if error.status() == Some(400) => return Err(nobody()),
            found => found?,
        };
        let people: Vec<Value> = found.items.iter().filter_map(|hit| hit.get("user").cloned()).collect();
        let mut exact: Vec<Account> =
            people.iter().filter(|person| is_called(person, name)).cloned().map(Account).collect();
        match exact.len() {
            0 if people.is_empty() => Err(nobody()),
            0 => {
                let candidates = people.into_iter().map(|person| Account(person).brief()).collect();
                Err(AccountError::Similar { name: name.to_owned(), candidates })
            }
            1 => exact.pop().filter(|account| !account.id().is_empty()).ok_or_else(nobody),
            _ => {
                let ids = exact.iter().map(|account| account.id().to_owned()).collect();
                Err(AccountError::Several { name: name.to_owned(), ids })
            }
        }
    }

    /// The groups that somebody is in, by their names and ids.
    pub async fn groups_of<E: Effect>(
        &self,
        permit: &Permit<E>,
        account: &Account,
    ) -> Result<Vec<String>, UpstreamError> {
        let way = match self.deployment() {
            Deployment::Cloud => "accountId",
            Deployment::DataCenter => "username",
        };
        let request = Request::get(Path::of(["rest", "api", "user", "memberof"])).with(way, account.id());
        let found = self.listed_by_start(permit, &request, (0, 2000, 200)).await?;
        if !found.complete {
            return Err(malformed("the groups of the person have no end"));
        }
        let names = found.items.iter().flat_map(|group| [group.get("name"), group.get("id")]);
        Ok(names.flatten().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

fn account(person: Value) -> Result<Account, UpstreamError> {
    let account = Account(person);
    if account.id().is_empty() { Err(malformed("the person has no id")) } else { Ok(account) }
}

fn is_called(person: &Value, name: &str) -> bool {
    let wanted = name.to_lowercase();
    ["displayName", "publicName", "email", "username"]
        .iter()
        .any(|key| person.get(*key).and_then(Value::as_str).is_some_and(|text| text.to_lowercase() == wanted))
}

/// Whether a text has the form of an account id of Cloud: 24 hexadecimal digits, or a number and a UUID.
fn is_account_id(text: &str) -> bool {
    let text = text.strip_prefix("accountid:").unwrap_or(text);
    let hexadecimal = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let paired = text.split_once(':').is_some_and(|(number, rest)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && rest.len() >= 8
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    (hexadecimal || paired) && text.len() <= 128
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_id_is_known_by_its_form() {
        for id in [
            "5b10ac8d82e05b22cc7d4ef1",
            "accountid:557058:f5-0000-11",
            "712020:00000000-0000-4000-8000-000000000005",
        ] {
            assert!(is_account_id(id), "{id}");
        }
        for name in ["ann", "Ann Example", "ann@example.com", "", "a:b", "5b10"] {
            assert!(!is_account_id(name), "{name}");
        }
    }

    #[test]
    fn somebody_is_called_by_any_whole_name() {
        let person = json!({"displayName": "Ann Example", "email": "ann@example.com", "username": "ann"});
        for name in ["ann example", "ANN@example.com", "ann"] {
            assert!(is_called(&person, name), "{name}");
        }
        assert!(!is_called(&person, "Ann"[..2].as_ref()));
        assert!(account(json!({"displayName": "x"})).is_err());
    }
}
