//! Comments in the shape the tools give: the reference server's keys, with what it leaves out.

use serde_json::Map;
use serde_json::Value;

use super::Confluence;
use super::Kind;
use super::Names;
use super::People;
use super::pages::id_text;
use super::people;
use crate::atlassian::conversion;
use crate::atlassian::times;
use crate::audit::Permit;
use crate::ids::PageId;
use crate::markup;
use crate::markup::Detail;
use crate::policy::Effect;

/// People in all comments that are asked for by their keys.
const MOST_PEOPLE: usize = 20;

/// What is known of comments besides the comments themselves.
#[derive(Debug, Default)]
pub struct CommentView {
    names: Names,
    people: People,
}

impl Confluence<'_> {
    /// Asks for the names in comments on a page.
    pub async fn comment_view<E: Effect>(
        &self,
        permit: &Permit<E>,
        page: Option<&PageId>,
        comments: &[Value],
    ) -> CommentView {
        let bodies = comments.iter().filter_map(storage);
        let mut mentioned = Vec::new();
        for mention in bodies.flat_map(people::mentioned) {
            if !mentioned.contains(&mention) {
                mentioned.push(mention);
            }
        }
        let authors = comments.iter().filter_map(author_id);
        let accounts = mentioned.iter().filter_map(people::Mention::account);
        let names = self.names(permit, authors.chain(accounts).collect::<Vec<_>>());
        let few = mentioned.get(..MOST_PEOPLE).unwrap_or(&mentioned);
        let keyed = async {
            match page {
                Some(page) => self.people_by_key(permit, page, few).await,
                None => People::default(),
            }
        };
        let (names, keyed) = futures::join!(names, keyed);
        CommentView { people: keyed.and_accounts(&mentioned, &names), names }
    }
}

impl CommentView {
    /// The comment in the tools' shape.
    pub fn show(&self, comment: &Value) -> Value {
        let text = |pointer: &str| comment.pointer(pointer).and_then(Value::as_str);
        let mut view = Map::new();
        view.insert("id".into(), comment.get("id").map(id_text).into());
        let body = storage(comment).map(|storage| {
            let markdown = conversion::storage_to_markdown(storage, Detail::All).value;
            self.people.name_in(&markdown).trim().to_owned()
        });
        view.insert("body".into(), body.into());
        let changed = text("/version/when").or_else(|| text("/version/createdAt"));
        let is_first = comment.pointer("/version/number").and_then(Value::as_u64) == Some(1);
        // The second API has the time of the last version alone: that of the first is not known then.
        let created =
            text("/history/createdDate").or_else(|| text("/createdAt")).or(changed.filter(|_| is_first));
        view.insert("created".into(), created.map(times::spaced).into());
        view.insert("updated".into(), changed.map(times::spaced).into());
        view.insert("title".into(), text("/title").map(|title| markup::clean(title).into_owned()).into());
        let author = text("/history/createdBy/displayName").or_else(|| text("/version/by/displayName"));
        let author = author.or_else(|| author_id(comment).map(|id| self.names.of(id)));
        if let Some(author) = author {
            view.insert("author".into(), author.into());
        }
        if let Some(parent) = text("/parentCommentId") {
            view.insert("parent_comment_id".into(), parent.into());
        }
        view.insert("location".into(), Kind::of(comment).as_str().into());
        if Kind::of(comment) == Kind::Inline {
            let selection = text("/extensions/inlineProperties/originalSelection")
                .or_else(|| text("/properties/inlineOriginalSelection"));
            let resolution = text("/extensions/resolution/status")
                .or_else(|| text("/resolutionStatus"))
                .or_else(|| (text("/extensions/location") == Some("resolved")).then_some("resolved"));
            for (key, value) in [("original_selection", selection), ("resolution_status", resolution)] {
                if let Some(value) = value {
                    view.insert(key.into(), value.into());
                }
            }
        }
        Value::Object(view)
    }
}

fn storage(comment: &Value) -> Option<&str> {
    comment.pointer("/body/storage/value").and_then(Value::as_str)
}

fn author_id(comment: &Value) -> Option<&str> {
    let id = comment.get("authorId").or_else(|| comment.pointer("/version/authorId"));
    id.and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_apis_say_the_same_of_a_comment() {
        let first = json!({
            "id": "1", "title": "Re: P", "parentCommentId": "9", "location": "inline",
            "body": {"storage": {"value": "<p>a <em>b</em></p>"}},
            "history": {"createdDate": "2024-01-01T10:00:00.000Z", "createdBy": {"displayName": "Ann"}},
            "version": {"number": 2, "when": "2024-01-02T10:00:00.000Z", "by": {"displayName": "Bob"}},
            "extensions": {"location": "inline", "inlineProperties": {"originalSelection": "x"},
                "resolution": {"status": "resolved"}},
        });
        let second = json!({
            "id": "1", "title": "Re: P", "parentCommentId": "9", "location": "inline", "authorId": "Ann",
            "body": {"storage": {"value": "<p>a <em>b</em></p>"}},
            "createdAt": "2024-01-01T10:00:00.000Z",
            "version": {"number": 2, "createdAt": "2024-01-02T10:00:00.000Z", "authorId": "Bob"},
            "resolutionStatus": "resolved", "properties": {"inlineOriginalSelection": "x"},
        });
        let wanted = json!({
            "id": "1", "body": "a *b*", "created": "2024-01-01 10:00:00 UTC",
            "updated": "2024-01-02 10:00:00 UTC", "title": "Re: P", "author": "Ann", "parent_comment_id": "9",
            "location": "inline", "original_selection": "x", "resolution_status": "resolved",
        });
        for comment in [first, second] {
            assert_eq!(CommentView::default().show(&comment), wanted);
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let changed = json!({"id": "1", "version": {"number": 3, "createdAt": "2024-01-02T10:00:00.000Z"}});
        let shown = CommentView::default().show(&changed);
        assert_eq!((&shown["created"], &shown["updated"]), (&Value::Null, &json!("2024-01-02 10:00:00 UTC")));
        assert_eq!(
            (&shown["body"], shown.get("author"), &shown["location"]),
            (&Value::Null, None, &json!("footer"))
        );
    }
}
