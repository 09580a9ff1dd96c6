//! Properties of pages: the emoji of a title and the width of the text. Data Center finds them by key, Cloud by id.

use serde_json::Value;
use serde_json::json;

use super::Confluence;
use super::PageKind;
use super::malformed;
use super::pages::id_text;
use super::present::property;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;
use crate::policy::Write;

/// Properties in one answer; a page seldom has as many.
const MANY: &str = "100";

/// What Confluence keeps of how a page looks.
const LOOKS: [&str; 4] = [
    "emoji-title-published",
    "emoji-title-draft",
    "content-appearance-published",
    "content-appearance-draft",
];

/// How a page looks: the emoji of its title and the width of its text, as tools take and show them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looks {
    /// The emoji itself.
    pub emoji: Option<String>,
    /// `full-width`, `max` or `default`, where it was set.
    pub width: Option<String>,
}

impl Looks {
    /// What the properties of a page say.
    pub(super) fn of(properties: &[Value]) -> Self {
        Self {
            emoji: property(properties, LOOKS[0]).map(emoji_of),
            width: property(properties, LOOKS[2]).map(str::to_owned),
        }
    }

    /// What changes made of a page that had no looks.
    pub fn set_by(changes: &[PropertyChange]) -> Self {
        let value = |key: &str| changes.iter().find(|change| change.key == key)?.value.as_deref();
        Self { emoji: value(LOOKS[0]).map(emoji_of), width: value(LOOKS[2]).map(str::to_owned) }
    }
}

/// An emoji of the code points that Confluence stores; whatever else is stored there is shown as it is.
fn emoji_of(stored: &str) -> String {
    let points = stored.split('-').map(|point| u32::from_str_radix(point, 16).ok().and_then(char::from_u32));
    points.collect::<Option<String>>().filter(|emoji| !emoji.is_ascii()).unwrap_or_else(|| stored.to_owned())
}

/// What becomes of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyChange {
    /// Its key.
    pub key: &'static str,
    /// Its value; without, it is removed.
    pub value: Option<String>,
}

/// A page whose id Confluence itself gave, or one that the permit was made for.
#[derive(Debug, Clone, Copy)]
pub struct Written<'p> {
    id: &'p str,
    kind: PageKind,
}

impl<'p> Written<'p> {
    /// A page that the permit was made for.
    pub fn permitted(permit: &Permit<Write>, id: &'p PageId, kind: PageKind) -> Result<Self, UpstreamError> {
        Ok(Self { id: permit.page(id)?.as_str(), kind })
    }

    /// A page that was just created: its id, as Confluence's answer has it.
    pub(super) fn created(id: &'p str) -> Self {
        Self { id, kind: PageKind::Page }
    }

    fn all(&self) -> Path {
        Path::of(["api", "v2", self.kind.collection()]).value("id", self.id).then(["properties"])
    }

    fn by_id(&self, id: &str) -> Path {
        Path::of(["api", "v2", self.kind.collection()])
            .value("id", self.id)
            .then(["properties"])
            .value("id", id)
    }

    fn by_key(&self, key: &str) -> Path {
        Path::of(["rest", "api", "content"]).value("id", self.id).then(["property"]).value("key", key)
    }
}

impl Confluence<'_> {
    /// How a page looks: what came with it, or what is asked for. Refusals are no looks.
    pub(super) async fn looks_of<E: Effect>(
        &self,
        permit: &Permit<E>,
        (id, kind): (&PageId, PageKind),
        page: &Value,
    ) -> Looks {
        if let Some(properties) = page.pointer("/properties/results").and_then(Value::as_array) {
            return Looks::of(properties);
        }
        let Ok(id) = permit.page(id) else { return Looks::default() };
        let path = if self.has_version_two() {
            Path::of(["api", "v2", kind.collection()]).value("id", id.as_str()).then(["properties"])
        } else {
            Path::of(["rest", "api", "content"]).value("id", id.as_str()).then(["property"])
        };
        let answer = self.get(permit, Request::get(path).with("limit", MANY)).await.unwrap_or_default();
        answer.get("results").and_then(Value::as_array).map_or_else(Looks::default, |found| Looks::of(found))
    }

    /// How a page of Data Center looks: the properties of its emoji and width, for a copy.
    pub async fn looks(
        &self,
        permit: &Permit<Write>,
        id: &PageId,
    ) -> Result<Vec<PropertyChange>, UpstreamError> {
        let path =
            Path::of(["rest", "api", "content"]).value("id", permit.page(id)?.as_str()).then(["property"]);
        let answer = self.get(permit, Request::get(path).with("limit", MANY)).await?;
        let found = answer.get("results").and_then(Value::as_array);
        let found = found.ok_or_else(|| malformed("no list of properties"))?;
        let looks = LOOKS.into_iter().filter_map(|key| {
            let value = property(found, key)?;
            Some(PropertyChange { key, value: Some(value.to_owned()) })
        });
        Ok(looks.collect())
    }

    /// Changes properties of a page one after the other, and says which could not be changed.
    pub async fn change_properties(
        &self,
        permit: &Permit<Write>,
        page: Written<'_>,
        changes: &[PropertyChange],
    ) -> Vec<(&'static str, UpstreamError)> {
        let mut failed = Vec::new();
        for change in changes {
            let changed = match &change.value {
                Some(value) => self.set(permit, page, change.key, value).await,
                None => self.unset(permit, page, change.key).await,
            };
            failed.extend(changed.err().map(|error| (change.key, error)));
        }
        failed
    }

    async fn set(
        &self,
        permit: &Permit<Write>,
        page: Written<'_>,
        key: &str,
        value: &str,
    ) -> Result<(), UpstreamError> {
        let new = json!({"key": key, "value": value});
        let known = self.property_of(permit, page, key).await?;
        let later = |known: &Value| {
            let number = known.pointer("/version/number").and_then(Value::as_u64);
            let number = number.ok_or_else(|| malformed("a property of the page has no version"))?;
            Ok::<_, UpstreamError>(json!({"key": key, "value": value, "version": {"number": number + 1}}))
        };
        let request = match (self.has_version_two(), known) {
            (_, Some(known)) if known.get("value").and_then(Value::as_str) == Some(value) => return Ok(()),
            (true, None) => Request::post(page.all(), new),
            (true, Some(known)) => Request::put(page.by_id(&property_id(&known)?), later(&known)?),
            (false, None) => Request::post(
                Path::of(["rest", "api", "content"]).value("id", page.id).then(["property"]),
                new,
            ),
            (false, Some(known)) => Request::put(page.by_key(key), later(&known)?),
        };
        let answer = self.send(permit, request).await?;
        if answer.get("value").is_none() {
            return Err(malformed("it does not say that the property was set"));
        }
        Ok(())
    }

    async fn unset(&self, permit: &Permit<Write>, page: Written<'_>, key: &str) -> Result<(), UpstreamError> {
        let path = if self.has_version_two() {
            let Some(known) = self.property_of(permit, page, key).await? else { return Ok(()) };
            page.by_id(&property_id(&known)?)
        } else {
            page.by_key(key)
        };
        match self.send(permit, Request::delete(path)).await {
            // What is not there need not be removed.
            Err(error) if error.is_absent() => Ok(()),
            answer => answer.map(|_| ()),
        }
    }

    /// A property as it is now; nothing if the page has none of that key.
    async fn property_of(
        &self,
        permit: &Permit<Write>,
        page: Written<'_>,
        key: &str,
    ) -> Result<Option<Value>, UpstreamError> {
        if self.has_version_two() {
            let answer = self.get(permit, Request::get(page.all()).with("key", key)).await?;
            let found = answer.get("results").and_then(Value::as_array);
            let found = found.ok_or_else(|| malformed("no list of properties"))?;
            let is_it = |property: &&Value| property.get("key").and_then(Value::as_str) == Some(key);
            return Ok(found.iter().find(is_it).cloned());
        }
        match self.get(permit, Request::get(page.by_key(key))).await {
            Err(error) if error.is_absent() => Ok(None),
            answer => answer.map(Some),
        }
    }
}

fn property_id(property: &Value) -> Result<String, UpstreamError> {
    property.get("id").map(id_text).ok_or_else(|| malformed("a property of the page has no id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_shown_as_itself() {
        let table = [
            ("1f680", "🚀"),
            ("2764-fe0f", "❤\u{fe0f}"),
            ("1f469-200d-1f4bb", "👩\u{200d}💻"),
            ("atlassian-blue_star", "atlassian-blue_star"),
            ("41", "41"),
            ("d800", "d800"),
            ("", ""),
        ];
        for (stored, wanted) in table {
            let properties = [json!({"key": "emoji-title-published", "value": stored})];
            assert_eq!(Looks::of(&properties).emoji.as_deref(), Some(wanted));
        }
        let draft = [json!({"key": "emoji-title-draft", "value": "1f680"})];
        assert_eq!(Looks::of(&draft), Looks::default());
    }
}
