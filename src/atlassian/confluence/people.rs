//! Who a page mentions. Storage format names people by ids that say nothing to a reader: their names are asked for.

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

impl Confluence<'_> {
    /// Asks who the people are that a page mentions, side by side. Whoever cannot be found keeps the id.
    pub async fn people<E: Effect>(&self, permit: &Permit<E>, id: &PageId, page: &Value) -> People {
        let storage = page.pointer("/body/storage/value").and_then(Value::as_str).unwrap_or_default();
        let asked = mentioned(storage).into_iter().map(async |mention| {
            let person = self.person(permit, id, &mention).await.ok()?;
            Some((format!("[~{}{}]", mention.prefix, mention.id), named(&mention, &person)?))
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

/// A person as storage format names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mention<'a> {
    id: &'a str,
    prefix: &'static str,
    parameter: &'static str,
}

/// The people in a page, each once.
fn mentioned(storage: &str) -> Vec<Mention<'_>> {
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
    fn an_escaped_mention_is_text() {
        let people = People(vec![("[~ann]".to_owned(), "[~bob]".to_owned())]);
        assert_eq!(people.name_in("[~ann] \\[~ann](x) [~ann]"), "[~bob] \\[~ann](x) [~bob]");
    }
}
