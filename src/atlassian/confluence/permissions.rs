//! What people and groups may do: with a page, `/rest/api/content/{id}/permission/check` on Cloud, and in a space.
//!
//! Data Center has no check of its own: it is computed from the restrictions of the page and of those above it, and from
//! the permissions of the space.

use futures::future;
use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::Permitted;
use super::accounts::Account;
use super::listing::cursor_after;
use super::listing::results;
use super::malformed;
use super::pages::id_text;
use super::restrictions::Restriction;
use super::wanted;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::ids::SpaceKey;
use crate::ids::SpaceName;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// The group of Data Center that no restriction keeps out.
pub const SUPER_GROUP: &str = "confluence-administrators";

/// Whose rights are looked at.
#[derive(Debug)]
pub enum Subject {
    /// A person and the groups they are in.
    Person(Account, Vec<String>),
    /// A group.
    Group(String),
}

impl Subject {
    fn ids(&self) -> Vec<&str> {
        match self {
            Self::Person(account, _) => [Some(account.id()), account.key()].into_iter().flatten().collect(),
            Self::Group(_) => Vec::new(),
        }
    }

    fn groups(&self) -> Vec<String> {
        match self {
            Self::Person(_, groups) => groups.clone(),
            Self::Group(name) => vec![name.clone()],
        }
    }
}

/// What was found out about a right.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Whether it is there; nothing where that cannot be said.
    pub allowed: Option<bool>,
    /// Why not.
    pub errors: Vec<String>,
    /// What could not be looked at.
    pub unknown: Vec<String>,
}

/// The permissions of a space, one page of them.
#[derive(Debug)]
pub struct SpacePermissions {
    /// The permissions, in the shape of the second API.
    pub items: Vec<Value>,
    /// Where to go on, if there are more.
    pub cursor: Option<String>,
    /// The link to go on by, as Cloud gives it.
    pub next: Option<String>,
    /// Whether these are all there are.
    pub complete: bool,
}

impl Confluence<'_> {
    /// Whether Confluence itself answers what somebody may do.
    pub fn has_permission_check(&self) -> bool {
        self.has_version_two()
    }

    /// Asks Cloud whether somebody may do something with a page: `(kind, id)` is `user` or `group` with its id.
    pub async fn permission_check<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        (kind, identifier): (&str, &str),
        operation: &str,
    ) -> Result<Value, UpstreamError> {
        let path = Path::of(["rest", "api", "content"])
            .value("id", permit.page(id)?.as_str())
            .then(["permission", "check"]);
        let body = json!({"subject": {"type": kind, "identifier": identifier}, "operation": operation});
        let answer = self.get(permit, Request::post(path, body)).await?;
        if !answer.get("hasPermission").is_some_and(Value::is_boolean) {
            return Err(malformed("it does not say whether there is the permission"));
        }
        Ok(answer)
    }

    /// Computes on Data Center whether somebody may do something with a page.
    pub async fn permission_found<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        subject: &Subject,
        operation: &str,
    ) -> Result<Finding, UpstreamError> {
        let path = Path::of(["rest", "api", "content"]).value("id", permit.page(id)?.as_str());
        let page = async { self.get(permit, Request::get(path).with("expand", "space")).await };
        let update = async {
            match operation {
                "read" => Ok(Restriction::default()),
                _ => self.restriction_of(permit, id.as_str(), "update").await,
            }
        };
        let (page, view, update) = future::join3(page, self.view_restrictions(permit, id), update).await;
        let (page, (view, inherited), update) = (page?, view?, update?);
        let keeps_out =
            |found: &Restriction| !found.is_open() && !found.names(&subject.ids(), &subject.groups());
        let kind = subject.kind();
        let mut kept_out = Vec::new();
        if view.iter().any(keeps_out) {
            kept_out.push(format!(
                "who may view the page, or a page above it, is restricted to others than the {kind}"
            ));
        }
        if keeps_out(&update) {
            kept_out.push(format!("who may edit the page is restricted to others than the {kind}"));
        }
        let key =
            page.pointer("/space/key").and_then(Value::as_str).and_then(|key| SpaceKey::parse(key).ok());
        let key = key.ok_or_else(|| malformed("the page does not say which space it is in"))?;
        let granted = match self.space_permissions_listed(permit, &key).await {
            Ok(list) => Some(list.iter().any(|right| gives(right, operation) && is_for(right, subject))),
            Err(error) if matches!(error.status(), Some(403 | 404)) => None,
            Err(error) => return Err(error),
        };
        Ok(judged(subject, kept_out, (granted, inherited), key.spelled()))
    }

    /// Every permission of a space of Data Center. The space is that of a page that the permit names, or named by it.
    async fn space_permissions_listed<E: Effect>(
        &self,
        permit: &Permit<E>,
        key: &SpaceKey,
    ) -> Result<Vec<Value>, UpstreamError> {
        let path = Path::of(["rest", "api", "space"]).value("key", key.spelled()).then(["permissions"]);
        match self.get(permit, Request::get(path)).await? {
            Value::Array(rights) => Ok(rights),
            answer => results(&answer),
        }
    }

    /// The permissions of a space: whom it gives what. The space itself may have been found before.
    pub async fn space_permissions<E: Effect>(
        &self,
        permit: &Permit<E>,
        (name, found): (&SpaceName, Option<Value>),
        limit: u64,
        cursor: Option<&str>,
    ) -> Result<SpacePermissions, UpstreamError> {
        if !self.has_version_two() {
            let SpaceName::Key(key) = name else { return Err(super::pages::absent()) };
            let rights = self.space_permissions_listed(permit, permit.space(key)?).await?;
            return Ok(window(rights.iter().map(as_second).collect(), limit, cursor));
        }
        let permitted = Permitted { confluence: self, permit };
        let space = match found {
            Some(space) => space,
            None => wanted::space_named(&permitted, name).await?.ok_or_else(super::pages::absent)?,
        };
        let key = space.get("key").and_then(Value::as_str).and_then(|key| SpaceKey::parse(key).ok());
        permit.space(&key.ok_or_else(|| malformed("the space has no key"))?)?;
        let id = space.get("id").map(id_text).ok_or_else(|| malformed("the space has no id"))?;
        let request =
            Request::get(Path::of(["api", "v2", "spaces"]).value("id", id.as_str()).then(["permissions"]))
                .with("limit", limit.clamp(1, super::listing::CURSOR_PAGE).to_string());
        let request = cursor.into_iter().fold(request, |request, cursor| request.with("cursor", cursor));
        let answer = self.get(permit, request).await?;
        let complete = !super::listing::has_more(&answer);
        let next = answer.pointer("/_links/next").and_then(Value::as_str).map(str::to_owned);
        Ok(SpacePermissions { items: results(&answer)?, cursor: cursor_after(&answer), next, complete })
    }
}

impl Subject {
    fn kind(&self) -> &'static str {
        match self {
            Self::Person(..) => "person or one of their groups",
            Self::Group(_) => "group",
        }
    }
}

/// What follows; `granted` is nothing where the permissions of the space could not be read, and `inherited` says whether
/// the restrictions of the pages above were.
fn judged(
    subject: &Subject,
    kept_out: Vec<String>,
    (granted, inherited): (Option<bool>, bool),
    space: &str,
) -> Finding {
    let mut finding = Finding { errors: kept_out, ..Finding::default() };
    finding.unknown.push("whether the account is active and licensed".to_owned());
    if subject.groups().iter().any(|group| group == SUPER_GROUP) {
        return Finding { allowed: Some(true), errors: Vec::new(), ..finding };
    }
    match granted {
        Some(true) => {}
        Some(false) => finding.errors.push(format!("space {space} does not give the permission")),
        None => finding.unknown.push(format!("the permissions of space {space}, which you may not read")),
    }
    if !inherited {
        finding
            .unknown
            .push("view restrictions of the pages above it, which this version does not tell".to_owned());
    }
    finding.allowed = match (finding.errors.is_empty(), granted.is_some() && inherited) {
        (false, _) => Some(false),
        (true, true) => Some(true),
        (true, false) => None,
    };
    finding
}

/// Whether a permission of a space is the one that an operation on a page needs.
fn gives(right: &Value, operation: &str) -> bool {
    let says =
        |key: &str| right.pointer(&format!("/operation/{key}")).and_then(Value::as_str).unwrap_or_default();
    let wanted = match operation {
        "read" => ("read", "space"),
        // Whoever may add pages may change them.
        "update" => ("create", "page"),
        _ => ("delete", "page"),
    };
    (says("operationKey"), says("targetType")) == wanted
}

/// Whether a permission is given to a person, to a group of theirs, or to everybody.
fn is_for(right: &Value, subject: &Subject) -> bool {
    let (kind, ids) = subject_of(right);
    let named = |known: &[&str]| ids.iter().any(|id| known.contains(id));
    let groups = subject.groups();
    let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
    match kind {
        "anonymous" => true,
        "group" => named(&groups),
        _ => named(&subject.ids()),
    }
}

/// What kind of subject a permission of Data Center names, and by what.
fn subject_of(right: &Value) -> (&'static str, Vec<&str>) {
    let subject = right.get("subject").filter(|subject| !subject.is_null());
    let text =
        |key: &str| subject.and_then(|subject| subject.get(key)?.as_str()).filter(|text| !text.is_empty());
    match (subject, text("type")) {
        (None, _) | (_, Some("anonymous")) => ("anonymous", Vec::new()),
        (_, Some("group")) => ("group", [text("name"), text("displayName")].into_iter().flatten().collect()),
        _ => ("user", [text("username"), text("userKey"), text("accountId")].into_iter().flatten().collect()),
    }
}

/// A permission of Data Center in the shape of the second API.
fn as_second(right: &Value) -> Value {
    let (kind, ids) = subject_of(right);
    let operation = |key: &str| right.pointer(&format!("/operation/{key}"));
    json!({
        "principal": {"type": kind, "id": ids.first()},
        "operation": {"key": operation("operationKey"), "targetType": operation("targetType")},
    })
}

/// A part of a list that came whole; the cursor is the place to go on at.
fn window(all: Vec<Value>, limit: u64, cursor: Option<&str>) -> SpacePermissions {
    let start = cursor.and_then(|cursor| cursor.parse::<usize>().ok()).unwrap_or_default();
    let end = start.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX));
    let more = all.len() > end;
    let items = all.into_iter().skip(start).take(end - start).collect();
    SpacePermissions { items, cursor: more.then(|| end.to_string()), next: None, complete: !more }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(subject: &Value, key: &str, target: &str) -> Value {
        json!({"operation": {"operationKey": key, "targetType": target}, "subject": subject})
    }

    fn group(name: &str) -> Subject {
        Subject::Group(name.to_owned())
    }

    #[test]
    fn a_permission_is_for_whom_it_names() {
        let table = [
            (json!({"type": "group", "name": "devs"}), "devs", true),
            (json!({"type": "group", "name": "ops"}), "devs", false),
            (json!({"type": "anonymous"}), "devs", true),
            (json!(null), "devs", true),
            (json!({"type": "known", "username": "devs"}), "devs", false),
        ];
        for (subject, name, wanted) in table {
            assert_eq!(is_for(&right(&subject, "read", "space"), &group(name)), wanted, "{subject}");
        }
        assert!(gives(&right(&json!(null), "create", "page"), "update"));
        assert!(!gives(&right(&json!(null), "create", "comment"), "update"));
        assert!(gives(&right(&json!(null), "delete", "page"), "delete"));
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        let out = || vec!["kept out".to_owned()];
        let table = [
            (Vec::new(), (Some(true), true), Some(true)),
            (Vec::new(), (Some(false), true), Some(false)),
            (Vec::new(), (None, true), None),
            (Vec::new(), (Some(true), false), None),
            (out(), (Some(true), true), Some(false)),
            (out(), (None, false), Some(false)),
        ];
        for (kept_out, known, wanted) in table {
            assert_eq!(judged(&group("devs"), kept_out, known, "DOCS").allowed, wanted, "{known:?}");
        }
        assert_eq!(judged(&group(SUPER_GROUP), out(), (None, false), "DOCS").allowed, Some(true));
    }

    #[test]
    fn a_list_that_came_whole_is_given_in_parts() {
        let all = || (0..5).map(Value::from).collect::<Vec<_>>();
        let first = window(all(), 2, None);
        assert_eq!((first.items.len(), first.cursor.as_deref(), first.complete), (2, Some("2"), false));
        let last = window(all(), 2, Some("4"));
        assert_eq!((last.items.len(), last.cursor, last.complete), (1, None, true));
        assert!(window(all(), 2, Some("99")).items.is_empty());
    }
}
