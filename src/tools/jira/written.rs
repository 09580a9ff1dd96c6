//! What a tool that wrote something answers with: what was done, and the issue as it is then.

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::wanted::Wanted;
use crate::atlassian::jira::Fields;
use crate::atlassian::jira::IssueView;
use crate::atlassian::jira::Jira;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup;
use crate::markup::Note;
use crate::policy::Resource;
use crate::policy::Write;
use crate::tools::Output;
use crate::tools::ToolError;

/// How many comments are shown of an issue that was written.
const COMMENTS: usize = 10;

/// Which fields of an issue that was written are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Shown {
    /// The short set and the newest comments.
    #[default]
    Short,
    /// Every field that Jira has itself.
    System,
    /// What the caller named.
    Named(Fields),
}

/// A result in the making.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What of the texts had to be approximated.
    pub(super) notes: Vec<Note>,
    /// Which fields are shown.
    pub(super) shown: Shown,
    /// What else is said of the issue, by key.
    pub(super) besides: Map<String, Value>,
}

impl Written {
    /// Reads the issue anew and puts the result together. It was written in any case: an issue that cannot be read is
    /// told by its key, with the reason.
    pub(super) async fn shown(
        self,
        jira: &Jira<'_>,
        permit: &Permit<Write>,
        key: &IssueKey,
        message: String,
    ) -> Output {
        let mut value = Map::new();
        value.insert("message".into(), message.into());
        let (issue, actual) = self.read(jira, permit, key).await;
        value.insert("issue".into(), Value::Object(issue));
        if !self.notes.is_empty() {
            value.insert("notes".into(), json!(self.notes));
        }
        Output::Object { actual, value: Value::Object(value) }
    }

    /// The issue as it is now, in the tools' shape, and where Jira says it lies.
    pub(super) async fn read(
        &self,
        jira: &Jira<'_>,
        permit: &Permit<Write>,
        key: &IssueKey,
    ) -> (Map<String, Value>, Option<Resource>) {
        let fields = match &self.shown {
            Shown::Short => Fields::default().with("comment"),
            Shown::System => Fields::parse("*all"),
            Shown::Named(fields) => fields.clone(),
        };
        // The issue was written: that the fields cannot be listed is no reason not to show it.
        let found = Wanted::find(jira, permit, (fields.clone(), None)).await;
        let wanted = found.unwrap_or_else(|error| Wanted::unlisted(&fields, &error));
        let fields = &wanted.fields;
        let asked = (self.shown != Shown::System).then(|| fields.to_query());
        let mut actual = None;
        let mut shown = match jira.written(permit, key, asked.as_deref()).await {
            Ok(issue) => {
                actual = lookup::issue_place(&issue);
                let (base, texts) = (jira.base(), jira.texts());
                let names = wanted.names(None);
                IssueView { base, fields, names, comment_limit: COMMENTS, texts }.show(&issue)
            }
            Err(error) => {
                let mut unread = Map::new();
                unread.insert("key".into(), key.as_str().into());
                unread.insert("not_read".into(), error.to_string().into());
                unread
            }
        };
        if self.shown == Shown::System {
            shown.retain(|name, _| !name.starts_with("customfield_"));
        }
        wanted.tell(&mut shown);
        shown.extend(self.besides.clone());
        (shown, actual)
    }
}

/// Who may see a comment, as Jira takes it.
pub(super) fn visibility(argument: &str, text: Option<&str>) -> Result<Option<Value>, ToolError> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || {
        ToolError::Arguments(format!(
            "`{argument}` must be JSON such as {{\"type\": \"group\", \"value\": \"ops\"}}, with `group` or `role`"
        ))
    };
    let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let part = |name: &str| value.get(name).and_then(Value::as_str).filter(|part| !part.is_empty());
    // Cloud names a group by its id as well.
    let name = ["value", "identifier"].iter().find_map(|name| Some((*name, part(name)?)));
    let (Some(kind @ ("group" | "role")), Some((key, name))) = (part("type"), name) else {
        return Err(wrong());
    };
    Ok(Some(json!({"type": kind, key: name})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visibility_is_whole_or_refused() {
        assert_eq!(visibility("visibility", None).unwrap(), None);
        for fine in [
            json!({"type": "group", "value": "ops"}),
            json!({"type": "group", "identifier": "7f-1"}),
            json!({"type": "role", "value": "Developers"}),
        ] {
            assert_eq!(visibility("visibility", Some(&fine.to_string())).unwrap(), Some(fine));
        }
        for bad in ["ops", "{}", r#"{"type": "all", "value": "x"}"#, r#"{"type": "role", "value": ""}"#] {
            assert!(visibility("visibility", Some(bad)).is_err(), "{bad}");
        }
    }
}
