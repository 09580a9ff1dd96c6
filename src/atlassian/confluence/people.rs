//! The names of people. Storage format and the second API name them by ids that say nothing to a reader: their names
//! are asked for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use futures::future;
use serde_json::Value;

use super::Confluence;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::net::Path;
use crate::net::Request;
use crate::net::UpstreamError;
use crate::policy::Effect;

/// How many people are asked for at most; the others keep their ids.
const MOST: usize = 20;

/// How an id is written in storage format, in Markdown, and in the query for a person.
const IDS: [(&str, &str, &str); 2] =
    [("ri:account-id=\"", "accountid:", "accountId"), ("ri:userkey=\"", "userkey:", "key")];

/// People that a page mentions: how Markdown has them without a name, and with one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People(Vec<(String, String)>);

impl People {
    /// Puts names where a converted text has ids. What stays is still read back as the same person.
    pub(super) fn name_in(&self, markdown: &str) -> String {
        let mut text = markdown.to_owned();
        for (mention, named) in &self.0 {
            let mut result = String::with_capacity(text.len());
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once(mention.as_str()) {
                result.push_str(before);
                // An escaped bracket is text.
                result.push_str(if before.ends_with('\\') { mention } else { named });
                rest = after;
            }
            result.push_str(rest);
            text = result;
        }
        text
    }
}

impl People {
    /// Adds those that are mentioned by their account, under the names that were found.
    pub(super) fn and_accounts(mut self, mentioned: &[Mention<'_>], names: &Names) -> Self {
        for mention in mentioned {
            let found = mention.account().and_then(|id| names.0.get(id));
            let person = found.map(|name| serde_json::json!({"displayName": name}));
            if let Some(named) = person.and_then(|person| named(mention, &person)) {
                self.0.push((format!("[~{}{}]", mention.prefix, mention.id), named));
            }
        }
        self
    }
}

impl Confluence<'_> {
    /// Asks who the people are that a page mentions by their keys, side by side. Whoever cannot be found keeps the key.
    pub(super) async fn people_by_key<E: Effect>(
        &self,
        permit: &Permit<E>,
        id: &PageId,
        mentioned: &[Mention<'_>],
    ) -> People {
        let keyed = mentioned.iter().filter(|mention| mention.account().is_none());
        let asked = keyed.map(async |mention| {
            let person = self.person(permit, id, mention).await.ok()?;
            Some((format!("[~{}{}]", mention.prefix, mention.id), named(mention, &person)?))
        });
        People(future::join_all(asked).await.into_iter().flatten().collect())
    }

    async fn person<E: Effect>(
        &self,
        permit: &Permit<E>,
        page: &PageId,
        mention: &Mention<'_>,
    ) -> Result<Value, UpstreamError> {
        permit.page(page)?;
        let request = Request::get(Path::of(["rest", "api", "user"])).with(mention.parameter, mention.id);
        self.get(permit, request).await
    }
}

/// The display names of accounts, by their ids; whoever could not be found keeps the id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// The account's name, or its id.
    pub fn of<'n>(&'n self, id: &'n str) -> &'n str {
        self.0.get(id).map_or(id, String::as_str)
    }

    /// These and others.
    pub(super) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

/// As many accounts are asked for one by one, side by side; more are asked for in lists.
const ONE_BY_ONE: usize = 3;

/// Accounts in one list: <https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-users/>.
const LIST: usize = 100;

/// Accounts of one call; the others keep their ids.
const MOST_ACCOUNTS: usize = 500;

impl Confluence<'_> {
    /// Asks for the names of accounts of Cloud.
    pub async fn names<E: Effect>(
        &self,
        permit: &Permit<E>,
        ids: impl IntoIterator<Item = &str> + Send,
    ) -> Names {
        let ids = ids.into_iter().filter(|id| !id.is_empty() && id.len() <= 128 && id.chars().all(is_plain));
        let ids: BTreeSet<&str> = ids.take(MOST_ACCOUNTS).collect();
        let ids: Vec<&str> = ids.into_iter().collect();
        if ids.len() <= ONE_BY_ONE {
            return self.names_one_by_one(permit, &ids).await;
        }
        let lists = ids.chunks(LIST).map(async |list| {
            let path = Path::of(["rest", "api", "user", "bulk"]);
            let request = list.iter().fold(Request::get(path), |request, id| request.with("accountId", *id));
            match self.get(permit, request).await {
                Ok(answer) => named_accounts(answer.get("results").unwrap_or(&Value::Null)),
                Err(_) => self.names_one_by_one(permit, list.get(..MOST).unwrap_or(list)).await.0,
            }
        });
        Names(future::join_all(lists).await.into_iter().flatten().collect())
    }

    async fn names_one_by_one<E: Effect>(&self, permit: &Permit<E>, ids: &[&str]) -> Names {
        let asked = ids.iter().map(async |id| {
            let request = Request::get(Path::of(["rest", "api", "user"])).with("accountId", *id);
            let person = self.get(permit, request).await.ok()?;
            Some(((*id).to_owned(), display_name(&person)?))
        });
        Names(future::join_all(asked).await.into_iter().flatten().collect())
    }
}

fn named_accounts(people: &Value) -> BTreeMap<String, String> {
    let people = people.as_array().into_iter().flatten();
    let named = people.filter_map(|person| {
        let id = person.get("accountId").and_then(Value::as_str)?;
        Some((id.to_owned(), display_name(person)?))
    });
    named.collect()
}

fn display_name(person: &Value) -> Option<String> {
    let text = |name: &str| person.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("displayName").or_else(|| text("publicName")).map(str::to_owned)
}

/// A person as storage format names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mention<'a> {
    id: &'a str,
    prefix: &'static str,
    parameter: &'static str,
}

impl<'a> Mention<'a> {
    /// The account, if it is mentioned by that.
    pub(super) fn account(&self) -> Option<&'a str> {
        (self.parameter == "accountId").then_some(self.id)
    }
}

/// The people in a page, each once.
pub(super) fn mentioned(storage: &str) -> Vec<Mention<'_>> {
    let mut found = Vec::new();
    for (attribute, prefix, parameter) in IDS {
        for rest in storage.split(attribute).skip(1) {
            let Some((id, _)) = rest.split_once('"') else { continue };
            let plain = !id.is_empty() && id.len() <= 128 && id.chars().all(is_plain);
            let mention = Mention { id, prefix, parameter };
            if plain && found.len() < MOST && !found.contains(&mention) {
                found.push(mention);
            }
        }
    }
    found
}

/// The people in several texts, each once and not too many in all.
pub(super) fn mentioned_in<'a>(storages: impl Iterator<Item = &'a str>) -> Vec<Mention<'a>> {
    let mut found = Vec::new();
    for mention in storages.flat_map(mentioned) {
        if found.len() < MOST && !found.contains(&mention) {
            found.push(mention);
        }
    }
    found
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-:.".contains(letter)
}

/// How Markdown names a person so that it is read back as one: Cloud by id with a name, Data Center by user name.
fn named(mention: &Mention<'_>, person: &Value) -> Option<String> {
    let text = |name: &str| person.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if mention.parameter == "key" {
        let name = text("username")?;
        let plain = name.chars().all(|letter| letter.is_alphanumeric() || "-.@".contains(letter));
        return plain.then(|| format!("[~{name}]"));
    }
    let name = text("displayName").or_else(|| text("publicName"))?;
    let plain = name.chars().all(|letter| letter.is_alphanumeric() || " -.,'".contains(letter));
    (plain && name.trim() == name).then(|| format!("[@{name}]({}{})", mention.prefix, mention.id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::markup;

    const CLOUD: &str = "<p>Ask <ac:link><ri:user ri:account-id=\"557058:f5-1\" /></ac:link>.</p>";
    const DATA_CENTER: &str = "<p>Ask <ac:link><ri:user ri:userkey=\"8a7f80\" /></ac:link>.</p>";

    #[test]
    fn a_named_person_is_read_back_as_the_same_one() {
        let table = [
            (CLOUD, json!({"displayName": "Ann Example"}), "Ask [@Ann Example](accountid:557058:f5-1)."),
            (CLOUD, json!({"publicName": "Ann"}), "Ask [@Ann](accountid:557058:f5-1)."),
            (CLOUD, json!({"displayName": "x](https://evil.example.com)"}), "Ask [~accountid:557058:f5-1]."),
            (CLOUD, json!({}), "Ask [~accountid:557058:f5-1]."),
            (DATA_CENTER, json!({"username": "ann", "displayName": "Ann Example"}), "Ask [~ann]."),
            (DATA_CENTER, json!({"username": "ann]("}), "Ask [~userkey:8a7f80]."),
        ];
        for (storage, person, wanted) in table {
            let people = mentioned(storage).into_iter().filter_map(|mention| {
                Some((format!("[~{}{}]", mention.prefix, mention.id), named(&mention, &person)?))
            });
            let shown = People(people.collect())
                .name_in(&markup::storage_to_markdown(storage, markup::Detail::All).value);
            assert_eq!(shown.trim(), wanted, "{person}");
            let again = markup::markdown_to_storage(&shown).value;
            let id = if wanted.contains("[~ann]") { "ri:username=\"ann\"" } else { id_of(storage) };
            assert!(again.contains(id), "{again}");
        }
    }

    fn id_of(storage: &str) -> &'static str {
        if storage == CLOUD { "ri:account-id=\"557058:f5-1\"" } else { "ri:userkey=\"8a7f80\"" }
    }

    #[test]
    fn each_person_is_asked_for_once_and_not_too_many() {
        assert_eq!(mentioned(&CLOUD.repeat(3)).len(), 1);
        let many: String = (0..50).map(|number| CLOUD.replace("f5-1", &number.to_string())).collect();
        assert_eq!(mentioned(&many).len(), MOST);
        for odd in
            ["<ri:user ri:account-id=\"a&amp;b\"/>", "<ri:user ri:account-id=\"\"/>", "ri:userkey=\"open"]
        {
            assert_eq!(mentioned(odd), [], "{odd}");
        }
    }

    #[test]
    fn accounts_have_a_name_or_keep_their_id() {
        let people = json!([
            {"accountId": "a", "displayName": "Ann"}, {"accountId": "b", "publicName": "Bob"},
            {"accountId": "c", "displayName": ""}, {"displayName": "nobody"},
        ]);
        let names = Names(named_accounts(&people));
        assert_eq!(["a", "b", "c", "d"].map(|id| names.of(id)), ["Ann", "Bob", "c", "d"]);
    }

    #[test]
    fn an_escaped_mention_is_text() {
        let people = People(vec![("[~ann]".to_owned(), "[~bob]".to_owned())]);
        assert_eq!(people.name_in("[~ann] \\[~ann](x) [~ann]"), "[~bob] \\[~ann](x) [~bob]");
    }
}
