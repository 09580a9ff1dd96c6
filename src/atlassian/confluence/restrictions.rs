//! Who may see and change a page besides the rights of its space: `/rest/api/content/{id}/restriction`.

use std::collections::BTreeSet;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::malformed;
use crate::atlassian::Deployment;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Write;

/// The operations that can be restricted.
const OPERATIONS: [&str; 2] = ["read", "update"];

/// People and groups at once.
const PAGE: usize = 100;

/// Contents with restrictions at once, the most that Data Center gives.
const VIEW_PAGE: usize = 50;

/// Requests for the restrictions of one operation at most.
const REQUESTS: usize = 50;

/// Who may do one thing; nobody named is everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restriction {
    /// People: account ids on Cloud, user names on Data Center.
    pub users: Vec<String>,
    /// Groups by name.
    pub groups: Vec<String>,
    /// The ids of the groups, where Confluence gives any; in the order of the names.
    group_ids: Vec<Option<String>>,
}

/// The restrictions of one page, without those of the pages above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Who may see it.
    pub read: Restriction,
    /// Who may change it.
    pub update: Restriction,
}

/// What is to be set of one operation; a list that is not given stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// People by what names them in requests.
    pub users: Option<Vec<String>>,
    /// Groups by name, with the id where it is known.
    pub groups: Option<Vec<(String, Option<String>)>>,
}

impl Restriction {
    /// Whether nobody is kept out.
    pub fn is_open(&self) -> bool {
        self.users.is_empty() && self.groups.is_empty()
    }

    /// Whether somebody is named by one of these ids or groups.
    pub fn names(&self, ids: &[&str], groups: &[String]) -> bool {
        let people = self.users.iter().any(|user| ids.contains(&user.as_str()));
        let ids = self.group_ids.iter().flatten();
        people || self.groups.iter().chain(ids).any(|group| groups.contains(group))
    }

    /// In the tools' shape.
    pub fn shown(&self) -> Value {
        json!({"users": self.users, "groups": self.groups})
    }

    fn of(operation: &Value) -> Result<(Self, bool), UpstreamError> {
        let list = |kind: &str| {
            let found = operation.pointer(&format!("/restrictions/{kind}"));
            let items = found.and_then(|found| found.get("results")).and_then(Value::as_array);
            // A list that did not come is no empty one: empty says that everybody may.
            let items =
                items.ok_or_else(|| malformed(&format!("the restrictions have no list of {kind}s")))?;
            Ok::<_, UpstreamError>((items.clone(), found.is_some_and(|found| is_cut(found, items.len()))))
        };
        let ((users, users_cut), (groups, groups_cut)) = (list("user")?, list("group")?);
        let mut restriction = Self::default();
        restriction.add(&users, &groups)?;
        Ok((restriction, users_cut || groups_cut))
    }

    fn add(&mut self, users: &[Value], groups: &[Value]) -> Result<(), UpstreamError> {
        let named = |object: &Value, keys: &[&str]| {
            let found =
                keys.iter().find_map(|key| object.get(*key)?.as_str().filter(|text| !text.is_empty()));
            found.map(str::to_owned)
        };
        let nameless = || malformed("a restriction names somebody without an id");
        for user in users {
            let id = named(user, &["accountId", "username", "userKey"]).ok_or_else(nameless)?;
            if !self.users.contains(&id) {
                self.users.push(id);
            }
        }
        for group in groups {
            let name = named(group, &["name", "id"]).ok_or_else(nameless)?;
            if !self.groups.contains(&name) {
                self.groups.push(name);
                self.group_ids.push(named(group, &["id"]));
            }
        }
        Ok(())
    }
}

/// Whether a list inside the answer may have more.
fn is_cut(list: &Value, length: usize) -> bool {
    let full =
        list.get("limit").and_then(Value::as_u64).is_some_and(|limit| limit > 0 && length as u64 >= limit);
    full || list.pointer("/_links/next").is_some_and(|next| !next.is_null())
}

impl Confluence<'_> {
    /// Who may see and change a page by its own restrictions.
    pub async fn restrictions<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
    ) -> Result<Restrictions, UpstreamError> {
        let id = permit.page(id)?.as_str();
        let path = Path::of(["rest", "api", "content"]).value("id", id).then(["restriction", "byOperation"]);
        let answer = self.get(permit, Request::get(path)).await?;
        let mut found = Restrictions::default();
        for name in OPERATIONS {
            let operation = answer.get(name).ok_or_else(|| malformed("an operation is missing"))?;
            let (mut restriction, cut) = Restriction::of(operation)?;
            if cut {
                restriction = self.restriction_of(permit, id, name).await?;
            }
            *found.slot(name) = restriction;
        }
        Ok(found)
    }

    /// Every restriction of Data Center on who may see a page, also those of the pages above it; and whether these could
    /// be asked for.
    pub(super) async fn view_restrictions<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
    ) -> Result<(Vec<Restriction>, bool), UpstreamError> {
        let id = permit.page(id)?.as_str();
        let mut found = Vec::new();
        for page in 0..REQUESTS {
            let path = Path::of(["rest", "api", "content"])
                .value("id", id)
                .then(["restriction", "relevantViewRestrictions"]);
            let request = Request::get(path)
                .with("start", (page * VIEW_PAGE).to_string())
                .with("limit", VIEW_PAGE.to_string());
            let answer = match self.get(permit, request).await {
                Err(error) if matches!(error.status(), Some(400 | 404 | 405 | 501)) => break,
                answer => answer?,
            };
            let Some(part) = answer.pointer("/viewContentRestrictions/results").and_then(Value::as_array)
            else {
                break;
            };
            let read = part.iter().map(Restriction::of).collect::<Result<Vec<_>, _>>();
            let Ok(read) = read else { break };
            if read.iter().any(|(_, cut)| *cut) {
                break;
            }
            found.extend(read.into_iter().map(|(restriction, _)| restriction));
            if part.len() < VIEW_PAGE {
                return Ok((found, true));
            }
        }
        // Older versions have no such list, and a list that is not whole says too little: its own can be had.
        Ok((vec![self.restriction_of(permit, id, "read").await?], false))
    }

    /// Who may do one thing with a page that the permit names, all pages of the list.
    pub(super) async fn restriction_of<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &str,
        operation: &'static str,
    ) -> Result<Restriction, UpstreamError> {
        let mut whole = Restriction::default();
        for page in 0..REQUESTS {
            let path = Path::of(["rest", "api", "content"]).value("id", id).then([
                "restriction",
                "byOperation",
                operation,
            ]);
            let request = Request::get(path)
                .with("expand", "restrictions.user,restrictions.group")
                .with("start", (page * PAGE).to_string())
                .with("limit", PAGE.to_string());
            let answer = self.get(permit, request).await?;
            let (part, cut) = Restriction::of(&answer)?;
            let before = (whole.users.len(), whole.groups.len());
            whole.users.extend(
                part.users.into_iter().filter(|user| !whole.users.contains(user)).collect::<Vec<_>>(),
            );
            for (group, group_id) in part.groups.into_iter().zip(part.group_ids) {
                if !whole.groups.contains(&group) {
                    whole.groups.push(group);
                    whole.group_ids.push(group_id);
                }
            }
            if !cut {
                return Ok(whole);
            }
            if before == (whole.users.len(), whole.groups.len()) {
                break;
            }
        }
        Err(malformed("the list of restrictions has no end"))
    }

    /// Sets restrictions and gives those that the page has then.
    pub async fn restrict(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
        read: &Wish,
        update: &Wish,
    ) -> Result<Restrictions, UpstreamError> {
        let page = permit.page(id)?;
        let path = Path::of(["rest", "api", "content"]).value("id", page.as_str()).then(["restriction"]);
        let wanted: Vec<Value> = [("read", read), ("update", update)]
            .into_iter()
            .filter_map(|(name, wish)| self.operation(name, wish))
            .collect();
        let request = if wanted.is_empty() && self.deployment() == Deployment::Cloud {
            Request::delete(path)
        } else {
            Request::put(path, wanted.into())
        };
        let answer = self.send(permit, request).await?;
        match set_by(&answer) {
            Some(restrictions) => Ok(restrictions),
            None => self.restrictions(permit, id).await,
        }
    }

    /// One operation as it is sent. Data Center leaves alone what is not said and empties what is empty; Cloud replaces
    /// everything and takes no empty lists.
    fn operation(&self, name: &str, wish: &Wish) -> Option<Value> {
        let cloud = self.deployment() == Deployment::Cloud;
        let id = if cloud { "accountId" } else { "username" };
        let mut lists = Map::new();
        if let Some(users) = wish.users.as_ref().filter(|users| !(cloud && users.is_empty())) {
            lists
                .insert("user".into(), users.iter().map(|user| json!({"type": "known", id: user})).collect());
        }
        if let Some(groups) = wish.groups.as_ref().filter(|groups| !(cloud && groups.is_empty())) {
            let group = |(name, id): &(String, Option<String>)| match id {
                Some(id) => json!({"type": "group", "name": name, "id": id}),
                None => json!({"type": "group", "name": name}),
            };
            lists.insert("group".into(), groups.iter().map(group).collect());
        }
        (!lists.is_empty()).then(|| json!({"operation": name, "restrictions": lists}))
    }

    /// What names a group where rights are asked for: its id on Cloud, its name on Data Center; `None` where there is no
    /// such group.
    pub async fn group_named<E: Effect>(
        &self,
        permit: &Permit<E>,
        name: &str,
    ) -> Result<Option<String>, UpstreamError> {
        if self.deployment() == Deployment::DataCenter {
            let request = Request::get(Path::of(["rest", "api", "group"]).value("name", name));
            return match self.get(permit, request).await {
                Err(error) if error.status() == Some(404) => Ok(None),
                // Whoever may not look at groups is told of the rights all the same.
                Err(error) if error.status() != Some(403) => Err(error),
                _ => Ok(Some(name.to_owned())),
            };
        }
        let found = self.group(permit, name).await?.map(|(name, id)| id.unwrap_or(name));
        // The search finds groups by their names alone.
        Ok(found.or_else(|| is_group_id(name).then(|| name.to_owned())))
    }

    /// A group of Cloud with its id, which it has to be named by; `None` where there is none of the name.
    pub async fn group<E: Effect>(
        &self,
        permit: &Permit<E>,
        name: &str,
    ) -> Result<Option<(String, Option<String>)>, UpstreamError> {
        if self.deployment() == Deployment::DataCenter {
            return Ok(Some((name.to_owned(), None)));
        }
        let request = Request::get(Path::of(["rest", "api", "group", "picker"])).with("query", name);
        let found = match self.get(permit, request.with("limit", "200")).await {
            // Where groups cannot be looked up, Confluence says itself whether there is one of the name.
            Err(error) if matches!(error.status(), Some(403 | 404)) => {
                return Ok(Some((name.to_owned(), None)));
            }
            found => super::listing::results(&found?)?,
        };
        let text = |group: &Value, key: &str| group.get(key).and_then(Value::as_str).map(str::to_owned);
        let is_it = |group: &&Value| {
            text(group, "name").as_deref() == Some(name) || text(group, "id").as_deref() == Some(name)
        };
        let group = found.iter().find(is_it);
        Ok(group.map(|group| (text(group, "name").unwrap_or_else(|| name.to_owned()), text(group, "id"))))
    }
}

/// Whether it looks like the id of a group of Cloud, which is a UUID.
fn is_group_id(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let is_hexadecimal = |part: &&str| part.bytes().all(|letter| letter.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(is_hexadecimal)
}

impl Restrictions {
    fn slot(&mut self, operation: &str) -> &mut Restriction {
        if operation == "read" { &mut self.read } else { &mut self.update }
    }

    /// In the tools' shape.
    pub fn shown(&self) -> Value {
        json!({"read": self.read.shown(), "update": self.update.shown()})
    }

    /// Whether these are what was wished for, as far as anything was.
    pub fn fulfil(&self, read: &Wish, update: &Wish) -> bool {
        [(&self.read, read), (&self.update, update)].into_iter().all(|(found, wish)| {
            let users = wish.users.as_ref().is_none_or(|users| same(users.iter(), found.users.iter()));
            let groups = wish.groups.as_ref();
            users
                && groups.is_none_or(|groups| same(groups.iter().map(|(name, _)| name), found.groups.iter()))
        })
    }
}

fn same<'a>(one: impl Iterator<Item = &'a String>, other: impl Iterator<Item = &'a String>) -> bool {
    let set = |names: &mut dyn Iterator<Item = &'a String>| {
        names.map(|name| name.to_lowercase()).collect::<BTreeSet<_>>()
    };
    let (mut one, mut other) = (one, other);
    set(&mut one) == set(&mut other)
}

/// What an answer to a change says the page has now; nothing if it does not say all of it.
fn set_by(answer: &Value) -> Option<Restrictions> {
    let operations = answer.get("results")?.as_array()?;
    let mut found = Restrictions::default();
    for name in OPERATIONS {
        let operation = operations
            .iter()
            .find(|operation| operation.get("operation").and_then(Value::as_str) == Some(name))?;
        let (restriction, cut) = Restriction::of(operation).ok()?;
        if cut {
            return None;
        }
        *found.slot(name) = restriction;
    }
    Some(found)
}

impl Wish {
    /// What is given, and otherwise what there is.
    #[must_use]
    pub fn or(self, present: &Restriction) -> Self {
        let groups = present.groups.iter().cloned().zip(present.group_ids.iter().cloned());
        Self {
            users: self.users.or_else(|| Some(present.users.clone())),
            groups: self.groups.or_else(|| Some(groups.collect())),
        }
    }

    /// Whether something is left to what there is.
    pub fn is_partial(&self) -> bool {
        self.users.is_none() || self.groups.is_none()
    }

    /// Whether it keeps out somebody of these ids and groups.
    pub fn keeps_out(&self, ids: &[&str], groups: &[String]) -> bool {
        let users = self.users.iter().flatten();
        let named = self.groups.iter().flatten().flat_map(|(name, id)| [Some(name), id.as_ref()]).flatten();
        let somebody = self.users.as_ref().is_some_and(|users| !users.is_empty())
            || self.groups.as_ref().is_some_and(|groups| !groups.is_empty());
        let (mut users, mut named) = (users, named);
        somebody
            && !users.any(|user| ids.contains(&user.as_str()))
            && !named.any(|group| groups.contains(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(name: &str, users: &Value, groups: &Value) -> Value {
        json!({"operation": name, "restrictions": {"user": users, "group": groups}})
    }

    #[test]
    fn a_list_that_did_not_come_is_no_empty_one() {
        let list = json!({"results": []});
        assert!(Restriction::of(&operation("read", &list, &list)).unwrap().0.is_open());
        for (users, groups) in
            [(json!({}), list.clone()), (list.clone(), json!(null)), (json!({"results": [{}]}), list)]
        {
            assert!(Restriction::of(&operation("read", &users, &groups)).is_err(), "{users} {groups}");
        }
    }

    #[test]
    fn a_full_list_may_have_more() {
        let users = json!({"results": [{"username": "ann"}], "limit": 1});
        assert!(Restriction::of(&operation("read", &users, &json!({"results": []}))).unwrap().1);
    }

    #[test]
    fn whoever_is_not_named_is_kept_out() {
        let wish = |users: &[&str], groups: &[&str]| Wish {
            users: Some(users.iter().map(|user| (*user).to_owned()).collect()),
            groups: Some(
                groups.iter().map(|group| ((*group).to_owned(), Some(format!("id-{group}")))).collect(),
            ),
        };
        let groups = ["devs".to_owned(), "id-ops".to_owned()];
        let table = [
            (wish(&[], &[]), false),
            (wish(&["ann"], &[]), false),
            (wish(&["bob"], &[]), true),
            (wish(&["bob"], &["devs"]), false),
            (wish(&["bob"], &["ops"]), false),
            (wish(&[], &["others"]), true),
        ];
        for (wish, wanted) in table {
            assert_eq!(wish.keeps_out(&["ann"], &groups), wanted, "{wish:?}");
        }
    }

    #[test]
    fn an_answer_that_says_less_is_read_again() {
        let list = json!({"results": [{"username": "ann"}]});
        let none = json!({"results": []});
        let whole = json!({"results": [operation("read", &list, &none), operation("update", &none, &none)]});
        assert_eq!(set_by(&whole).unwrap().read.users, ["ann"]);
        assert_eq!(set_by(&json!({"results": [operation("read", &list, &none)]})), None);
        assert_eq!(
            set_by(
                &json!({"results": [operation("read", &list, &json!({})), operation("update", &none, &none)]})
            ),
            None
        );
        assert_eq!(set_by(&json!({})), None);
    }
}
