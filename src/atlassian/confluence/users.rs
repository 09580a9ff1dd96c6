//! Searching people: `/rest/api/search/user` on Cloud, `/rest/api/search` on Data Center, and the members of a group.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::listing::Listing;
use super::malformed;
use crate::atlassian::query;
use crate::audit::Permit;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// What a search for people gives at once.
const PAGE: u64 = 50;

/// Members of a group that are looked through at most.
const MEMBERS: u64 = 5000;

/// Members at once: Confluence's own number.
const MEMBER_PAGE: u64 = 200;

/// The words that an e-mail address or a name is made of: addresses themselves are not searched.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let local = match text.trim().split_once('@') {
        Some((local, domain)) if !local.contains(char::is_whitespace) && domain.contains('.') => local,
        _ => text.trim(),
    };
    let is_address = local.len() != text.trim().len();
    local
        .split(move |letter: char| letter.is_whitespace() || is_address && "._-+".contains(letter))
        .filter(|word| word.chars().any(char::is_alphanumeric))
}

/// The query for people of a name or an e-mail address.
pub fn by_name(text: &str) -> String {
    let is_address = text.contains('@');
    let name = if is_address { words(text).collect::<Vec<_>>().join(" ") } else { text.trim().to_owned() };
    format!("user.fullname ~ {}", query::quoted(&name))
}

/// The query for people whose names begin with these words.
fn by_part(text: &str) -> String {
    let words: Vec<String> = words(text).map(|word| format!("{word}*")).collect();
    format!("user.fullname ~ {}", query::quoted(&words.join(" ")))
}

impl Confluence<'_> {
    /// People of a name, a part of one, or an e-mail address: where hits tell their addresses, only those of that one.
    pub async fn people_named<E: Effect>(
        &self,
        permit: &Permit<E>,
        text: &str,
        limit: u64,
    ) -> Result<Listing, UpstreamError> {
        let mut found = self.people_found(permit, &by_name(text), limit).await?;
        if found.items.is_empty() && words(text).next().is_some() {
            found = self.people_found(permit, &by_part(text), limit).await?;
        }
        let has = |hit: &Value| {
            let address = hit.pointer("/user/email").and_then(Value::as_str);
            address.is_some_and(|address| address.eq_ignore_ascii_case(text.trim()))
        };
        if found.items.iter().any(has) {
            found.items.retain(has);
        }
        Ok(found)
    }

    /// People that a query of CQL finds, as hits of a search.
    pub async fn people_found<E: Effect>(
        &self,
        permit: &Permit<E>,
        cql: &str,
        limit: u64,
    ) -> Result<Listing, UpstreamError> {
        let request = if self.has_version_two() {
            Request::get(Path::of(["rest", "api", "search", "user"])).with("cql", cql)
        } else {
            // The search of Data Center finds content as well: only people are asked for, whatever the query says.
            let people = query::restrict(cql, &["type = user".to_owned()])
                .map_err(|error| UpstreamError::NotPermitted(error.to_string()))?;
            Request::get(Path::of(["rest", "api", "search"])).with("cql", people)
        };
        let mut found = self.listed_by_start(permit, &request, (0, limit, limit.min(PAGE))).await?;
        if found.items.iter().any(|hit| !hit.get("user").is_some_and(Value::is_object)) {
            found.items.retain(|hit| hit.get("user").is_some_and(Value::is_object));
            if found.items.is_empty() {
                return Err(malformed("what was found are no people"));
            }
        }
        Ok(found)
    }

    /// Members of a group of Data Center whose name holds a text, as hits of a search.
    pub async fn members_called<E: Effect>(
        &self,
        permit: &Permit<E>,
        group: &str,
        text: &str,
        limit: u64,
    ) -> Result<Listing, UpstreamError> {
        let request = Request::get(Path::of(["rest", "api", "group"]).value("group", group).then(["member"]));
        let Listing { items, complete } =
            self.listed_by_start(permit, &request, (0, MEMBERS, MEMBER_PAGE)).await?;
        let wanted = text.to_lowercase();
        let fits = |person: &Value| {
            ["displayName", "username", "email"].iter().any(|key| {
                let name = person.get(*key).and_then(Value::as_str).unwrap_or_default();
                name.to_lowercase().contains(&wanted)
            })
        };
        let fitting: Vec<Value> = items.into_iter().filter(fits).collect();
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let whole = complete && fitting.len() <= most;
        let items = fitting
            .into_iter()
            .take(most)
            .map(|user| json!({"entityType": "user", "title": user.get("displayName"), "score": 0.0, "user": user}))
            .collect();
        Ok(Listing { items, complete: whole })
    }
}

/// Somebody found, in the tools' shape.
pub fn shown_person(hit: &Value) -> Value {
    let user = hit.get("user").unwrap_or(&Value::Null);
    let text =
        |name: &str| user.get(name).filter(|value| value.as_str().is_some_and(|text| !text.is_empty()));
    let status = text("accountStatus").or_else(|| text("status")).and_then(Value::as_str);
    let active = match status {
        Some(status) => status.eq_ignore_ascii_case("active") || status.eq_ignore_ascii_case("current"),
        None => text("type").and_then(Value::as_str) == Some("known"),
    };
    let mut shown = json!({
        "entity_type": hit.get("entityType").and_then(Value::as_str).unwrap_or("user"),
        "title": hit.get("title").filter(|title| title.is_string()).or(text("displayName")),
        "score": hit.get("score").filter(|score| score.is_number()).cloned().unwrap_or_else(|| json!(0.0)),
        "user": {
            "account_id": text("accountId"),
            "display_name": text("displayName").or(text("publicName")),
            "email": text("email"),
            "profile_picture": user.pointer("/profilePicture/path"),
            "is_active": active,
        },
    });
    if let (Value::Object(shown), Some(url)) = (&mut shown, hit.get("url").filter(|url| url.is_string())) {
        shown.insert("url".into(), url.clone());
    }
    if let (Some(person), Some(name)) = (shown.get_mut("user"), text("username"))
        && let Value::Object(person) = person
    {
        person.insert("username".into(), name.clone());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parts_and_addresses_are_looked_for_in_full_names() {
        let table = [
            ("Ann", "Ann", "Ann*"),
            (" Ann Example ", "Ann Example", "Ann* Example*"),
            ("ann.example@example.com", "ann example", "ann* example*"),
            ("O\"Neil", "O\\\"Neil", "O\\\"Neil*"),
            ("@", "", ""),
        ];
        for (text, name, part) in table {
            assert_eq!(by_name(text), format!("user.fullname ~ \"{name}\""), "{text}");
            assert_eq!(by_part(text), format!("user.fullname ~ \"{part}\""), "{text}");
        }
    }

    #[test]
    fn somebody_found_is_shown_with_what_names_them() {
        let cloud = json!({"entityType": "user", "title": "Ann", "score": 1.5, "url": "/people/1",
            "user": {"type": "known", "accountId": "a", "displayName": "Ann", "email": "", "profilePicture": {"path": "/p"}}});
        assert_eq!(
            shown_person(&cloud),
            json!({"entity_type": "user", "title": "Ann", "score": 1.5, "url": "/people/1",
                "user": {"account_id": "a", "display_name": "Ann", "email": null, "profile_picture": "/p", "is_active": true}})
        );
        let data_center = json!({"user": {"type": "known", "username": "ann", "displayName": "Ann", "status": "deactivated"}});
        let shown = shown_person(&data_center);
        assert_eq!((&shown["user"]["username"], &shown["user"]["is_active"]), (&json!("ann"), &json!(false)));
    }
}
