//! Comments in their order: where each stands, and replies after what they answer.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::Kind;
use super::malformed;
use super::pages::id_text;
use crate::ids::PageCommentId;
use crate::net::UpstreamError;

pub(super) fn comment_id(comment: &Value) -> Result<PageCommentId, UpstreamError> {
    let id = comment.get("id").and_then(|id| PageCommentId::parse(&id_text(id)).ok());
    id.ok_or_else(|| malformed("a comment has no id"))
}

/// An object with one entry more, if there is one.
pub(super) fn with(mut object: Value, entry: Option<(&str, Value)>) -> Value {
    if let (Value::Object(object), Some((name, value))) = (&mut object, entry) {
        object.insert(name.to_owned(), value);
    }
    object
}

/// A comment that says where it stands and what it answers.
pub(super) fn tagged(comment: Value, kind: Kind, parent: Option<&str>) -> Value {
    let comment = with(comment, Some(("location", kind.as_str().into())));
    with(comment, parent.map(|parent| ("parentCommentId", parent.into())))
}

/// Comments of the first API, tagged. A reply stands where the first comment above it stands.
pub(super) fn placed(comments: Vec<Value>) -> Result<Vec<Value>, UpstreamError> {
    let mut kinds = BTreeMap::new();
    for comment in &comments {
        kinds.insert(comment_id(comment)?, Kind::of(comment));
    }
    let place = |comment: Value| {
        let above = comment.get("ancestors").and_then(Value::as_array).into_iter().flatten();
        let above: Vec<PageCommentId> = above.filter_map(|above| comment_id(above).ok()).collect();
        let own = Kind::of(&comment);
        let kind = above.iter().filter_map(|id| kinds.get(id)).copied().chain([own]).max().unwrap_or(own);
        tagged(comment, kind, above.last().map(PageCommentId::as_str))
    };
    Ok(comments.into_iter().map(place).collect())
}

/// Puts replies after what they answer; what answers a comment that is not there comes last.
pub(super) fn threaded(comments: Vec<Value>) -> Vec<Value> {
    let id = |comment: &Value| comment.get("id").map(id_text).unwrap_or_default();
    let known: BTreeSet<String> = comments.iter().map(id).collect();
    let (mut tops, mut orphans) = (Vec::new(), Vec::new());
    let mut replies: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for comment in comments {
        match comment.get("parentCommentId").and_then(Value::as_str) {
            None => tops.push(comment),
            Some(parent) if known.contains(parent) && parent != id(&comment) => {
                replies.entry(parent.to_owned()).or_default().push(comment);
            }
            Some(_) => orphans.push(comment),
        }
    }
    let mut waiting: Vec<Value> = tops.into_iter().chain(orphans).rev().collect();
    let mut ordered = Vec::new();
    while let Some(comment) = waiting.pop() {
        let answers = replies.remove(&id(&comment)).unwrap_or_default();
        ordered.push(comment);
        waiting.extend(answers.into_iter().rev());
    }
    // Comments that answer each other in a circle hang on no top.
    ordered.extend(replies.into_values().flatten());
    ordered
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn replies_stand_after_what_they_answer_and_none_is_lost() {
        type Given<'a> = &'a [(&'a str, Option<&'a str>)];
        let comment = |id: &str, parent: Option<&str>| tagged(json!({"id": id}), Kind::Footer, parent);
        let table: [(Given<'_>, &[&str]); 4] = [
            (&[("1", None), ("2", None), ("3", Some("1")), ("4", Some("3"))], &["1", "3", "4", "2"]),
            (&[("4", Some("3")), ("3", Some("1")), ("1", None)], &["1", "3", "4"]),
            (&[("3", Some("9")), ("1", None)], &["1", "3"]),
            (&[("1", Some("2")), ("2", Some("1")), ("3", Some("3"))], &["3", "2", "1"]),
        ];
        for (given, wanted) in table {
            let ordered = threaded(given.iter().map(|(id, parent)| comment(id, *parent)).collect());
            let ids: Vec<&str> = ordered.iter().map(|comment| comment["id"].as_str().unwrap()).collect();
            assert_eq!(ids, wanted, "{given:?}");
        }
    }

    #[test]
    fn a_reply_stands_where_its_thread_stands() {
        let comments = vec![
            json!({"id": "1", "extensions": {"location": "resolved"}, "ancestors": []}),
            json!({"id": "2", "extensions": {"location": "footer"}, "ancestors": [{"id": "1"}]}),
            json!({"id": 3, "ancestors": [{"id": 1}, {"id": 2}]}),
            json!({"id": "4"}),
        ];
        let placed = placed(comments).unwrap();
        let told: Vec<_> = placed.iter().map(|it| (Kind::of(it), it["parentCommentId"].as_str())).collect();
        let inline = Kind::Inline;
        assert_eq!(told, [(inline, None), (inline, Some("1")), (inline, Some("2")), (Kind::Footer, None)]);
        assert!(super::placed(vec![json!({"title": "no id"})]).is_err());
    }
}
