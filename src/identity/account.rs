//! The account a credential belongs to: one validation request, and the groups where a policy names one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::IdentityError;
use crate::atlassian::Deployment;
use crate::atlassian::Instance;
use crate::audit::Trail;
use crate::ids::escaped;
use crate::lookup;
use crate::lookup::Lookup;
use crate::lookup::LookupError;
use crate::net::Credential;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;

/// The longest name of an account or a group, in bytes.
const LONGEST: usize = 255;

/// More groups than this are refused rather than cut.
const MOST_GROUPS: usize = 5000;

/// Asks the product whose credential this is.
pub(super) async fn ask(
    product: Product,
    instance: &Instance,
    credential: &Credential,
    groups: bool,
    trail: &Trail,
) -> Result<Principal, IdentityError> {
    let lookup = match product {
        Product::Jira => Lookup::JiraAccount { groups },
        Product::Confluence => Lookup::ConfluenceAccount,
    };
    let account =
        lookup::ask(&lookup, instance, credential, trail).await.map_err(|error| refused(product, error))?;
    let id = account_id(&account, instance.deployment).ok_or(IdentityError::Rejected(product))?;
    let id = instance.name.qualify(&escaped(&id)).into_owned();
    let groups = match (groups, product) {
        (false, _) => None,
        (true, Product::Jira) => Some(jira_groups(&account).ok_or(IdentityError::Groups(product))?),
        (true, Product::Confluence) => Some(confluence_groups(&account, instance, credential, trail).await?),
    };
    let named = |group: String| instance.name.qualify(&group).into_owned();
    let groups = groups.map(|groups| groups.into_iter().map(named).collect());
    Ok(Principal { kind: PrincipalKind::User, id, groups })
}

fn refused(product: Product, error: LookupError) -> IdentityError {
    match error {
        LookupError::Upstream(error) if error.status() == Some(401) => IdentityError::Rejected(product),
        LookupError::NotVisible => IdentityError::Rejected(product),
        other => IdentityError::Lookup(other),
    }
}

/// Account id on Cloud; lower-case user name on Data Center. An anonymous account is none.
fn account_id(account: &Value, deployment: Deployment) -> Option<String> {
    let text = |names: &[&str]| names.iter().find_map(|name| account.get(*name)?.as_str());
    let id = match deployment {
        Deployment::Cloud => text(&["accountId"])?.to_owned(),
        Deployment::DataCenter => text(&["name", "username"])?.to_lowercase(),
    };
    let anonymous = account.get("type").and_then(Value::as_str) == Some("anonymous");
    // No account has a longer name; what answers may be a site that a caller chose.
    (!id.is_empty() && id.len() <= LONGEST && !anonymous).then_some(id)
}

/// The groups of Jira's answer, or nothing when they are cut or missing.
fn jira_groups(account: &Value) -> Option<BTreeSet<String>> {
    let groups = account.get("groups")?;
    let items = groups.get("items")?.as_array()?;
    let size = groups.get("size")?.as_u64()?;
    (items.len() as u64 >= size && items.len() <= MOST_GROUPS).then_some(())?;
    let name =
        |group: &Value| group.get("name")?.as_str().filter(|name| name.len() <= LONGEST).map(str::to_owned);
    items.iter().map(|group| Some(format!("jira:{}", name(group)?))).collect()
}

async fn confluence_groups(
    account: &Value,
    instance: &Instance,
    credential: &Credential,
    trail: &Trail,
) -> Result<BTreeSet<String>, IdentityError> {
    let failed = || IdentityError::Groups(Product::Confluence);
    let (parameter, field) = match instance.deployment {
        Deployment::Cloud => ("accountId", "accountId"),
        Deployment::DataCenter => ("username", "username"),
    };
    let account = account.get(field).and_then(Value::as_str).ok_or_else(failed)?;
    let mut found = BTreeSet::new();
    let mut start = 0;
    for _ in 0..=MOST_GROUPS / Lookup::GROUP_PAGE {
        let lookup = Lookup::ConfluenceGroups { parameter, account, start };
        let answer = lookup::ask(&lookup, instance, credential, trail).await.map_err(|_| failed())?;
        let page = answer.get("results").and_then(Value::as_array).ok_or_else(failed)?;
        for group in page {
            let name = group.get("name").and_then(Value::as_str).filter(|name| name.len() <= LONGEST);
            let name = name.ok_or_else(failed)?;
            found.insert(format!("confluence:{name}"));
        }
        start += page.len();
        let more = answer.pointer("/_links/next").is_some() || page.len() >= Lookup::GROUP_PAGE;
        if !more {
            return Ok(found);
        }
        // A list that says there is more and gives nothing is cut.
        if page.is_empty() {
            break;
        }
    }
    Err(failed())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_are_whole_or_refused() {
        let table = [
            (json!({"groups": {"size": 1, "items": [{"name": "dev"}]}}), Some(vec!["jira:dev"])),
            (json!({"groups": {"size": 0, "items": []}}), Some(vec![])),
            (json!({"groups": {"size": 2, "items": [{"name": "dev"}]}}), None),
            (json!({"groups": {"size": 1, "items": [{"id": 1}]}}), None),
            (json!({}), None),
        ];
        for (account, wanted) in table {
            let wanted: Option<BTreeSet<String>> =
                wanted.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(jira_groups(&account), wanted, "{account}");
        }
    }

    #[test]
    fn an_account_is_named_by_its_deployment() {
        let both = json!({"accountId": "5b10", "name": "Ann"});
        assert_eq!(account_id(&both, Deployment::Cloud).as_deref(), Some("5b10"));
        assert_eq!(account_id(&both, Deployment::DataCenter).as_deref(), Some("ann"));
        assert_eq!(account_id(&json!({"type": "anonymous", "username": "x"}), Deployment::DataCenter), None);
        assert_eq!(account_id(&json!({}), Deployment::Cloud), None);
    }
}
