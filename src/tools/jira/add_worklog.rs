//! Log work on an issue.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::given;
use crate::atlassian::jira::NewWorklog;
use crate::atlassian::jira::shown_worklog;
use crate::atlassian::times;
use crate::audit::Permit;
use crate::ids::IssueKey;
use crate::lookup::Target;
use crate::policy::Product;
use crate::policy::ResourceKind;
use crate::policy::Write;
use crate::tools::Context;
use crate::tools::Output;
use crate::tools::Spec;
use crate::tools::Tool;
use crate::tools::ToolError;

/// The tool `jira_add_worklog`.
#[derive(Debug)]
pub(crate) struct AddWorklog;

/// Arguments of `jira_add_worklog`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Args {
    issue_key: IssueKey,
    /// Like 1h 30m, 2d or 1w.
    time_spent: String,
    /// What was done, in Markdown.
    comment: Option<String>,
    /// When it began, like 2024-01-05T10:00:00.000+0000; now if left out.
    started: Option<String>,
    /// New original estimate.
    original_estimate: Option<String>,
    /// New remaining estimate.
    remaining_estimate: Option<String>,
}

impl Tool for AddWorklog {
    const SPEC: Spec = Spec {
        name: "jira_add_worklog",
        product: Product::Jira,
        toolset: "jira_worklog",
        core: false,
        description: "Log time spent on a Jira issue; can set its estimates too. Returns the worklog as Jira stored it.",
        destructive: true,
        cloud_only: false,
        resources: &[ResourceKind::Issue],
        long_text: &["comment"],
        aliases: &[],
    };
    type Effect = Write;
    type Args = Args;

    fn targets(args: &Args) -> Vec<Target> {
        vec![Target::Issue(args.issue_key.clone(), None)]
    }

    fn check(args: &Args) -> Result<(), ToolError> {
        let given = [
            ("time_spent", Some(&args.time_spent)),
            ("original_estimate", args.original_estimate.as_ref()),
            ("remaining_estimate", args.remaining_estimate.as_ref()),
        ];
        for (argument, text) in given {
            if let Some(text) = text {
                duration(argument, text)?;
            }
        }
        args.started.as_deref().map_or(Ok(()), |text| moment("started", text).map(|_| ()))
    }

    async fn run(args: Args, context: Context<'_>, permit: &Permit<Write>) -> Result<Output, ToolError> {
        let jira = context.jira()?;
        let key = context.found.present_key(args.issue_key);
        if let Some(estimate) = &args.original_estimate {
            jira.estimate(permit, &key, &duration("original_estimate", estimate)?).await?;
        }
        let comment = args.comment.as_deref().map(|comment| given::text(&jira, comment));
        let notes = comment.as_ref().map(|text| text.notes.clone()).unwrap_or_default();
        let worklog = NewWorklog {
            time_spent: duration("time_spent", &args.time_spent)?,
            comment: comment.map(|text| text.value),
            started: args.started.as_deref().map(|text| moment("started", text)).transpose()?,
            remaining: args
                .remaining_estimate
                .as_deref()
                .map(|text| duration("remaining_estimate", text))
                .transpose()?,
        };
        let stored = jira.add_worklog(permit, &key, &worklog).await;
        let stored = stored.map_err(|error| match args.original_estimate {
            None => error.into(),
            Some(_) => ToolError::Partial {
                done: format!("the original estimate of {key} was set, but no work was logged"),
                error: Box::new(error.into()),
            },
        })?;
        let mut shown = shown_worklog(&stored, jira.texts());
        shown.insert("original_estimate_updated".into(), args.original_estimate.is_some().into());
        shown.insert("remaining_estimate_updated".into(), args.remaining_estimate.is_some().into());
        let mut value = json!({"message": format!("Work was logged on issue {key}."), "worklog": shown});
        if let (Value::Object(value), false) = (&mut value, notes.is_empty()) {
            value.insert("notes".into(), json!(notes));
        }
        Ok(Output::Object { actual: None, value })
    }
}

/// A length of time in Jira's own notation, `1h 30m`: Jira alone knows how long a working day is. Jira has no seconds, so
/// that whole minutes of them are written as such.
pub(super) fn duration(argument: &str, text: &str) -> Result<String, ToolError> {
    normal(text).ok_or_else(|| {
        ToolError::Arguments(format!(
            "`{argument}` must be a time with its units, such as `1h 30m`, `2h30m`, `2d`, `1w 3d` or `3600s`"
        ))
    })
}

fn normal(text: &str) -> Option<String> {
    let mut rest = text.trim();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let unit = after.chars().next()?.to_ascii_lowercase();
        parts.push(match unit {
            'w' | 'd' | 'h' | 'm' => number.parse::<f64>().ok().map(|_| format!("{number}{unit}"))?,
            's' => number
                .parse::<u64>()
                .ok()
                .filter(|seconds| seconds % 60 == 0)
                .map(|s| format!("{}m", s / 60))?,
            _ => return None,
        });
        rest = after.get(1..)?.trim_start_matches([' ', ',']);
        // `1min` is no `1m`.
        if rest.starts_with(|next: char| !next.is_ascii_digit()) {
            return None;
        }
    }
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A moment in the only form that Jira takes here.
pub(super) fn moment(argument: &str, text: &str) -> Result<String, ToolError> {
    times::jira(text).ok_or_else(|| {
        ToolError::Arguments(format!("`{argument}` must be a time such as `2024-01-05T10:00:00.000+0000`"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_jiras_or_refused() {
        for fine in ["1h 30m", "2d", "1w 1d 1h", "1.5h", " 2h "] {
            assert_eq!(duration("time_spent", fine).unwrap(), fine.trim());
        }
        let table = [
            ("2h30m", "2h 30m"),
            ("1h, 30m", "1h 30m"),
            ("3600s", "60m"),
            ("1H 120s", "1h 2m"),
            ("1h,30m", "1h 30m"),
        ];
        for (given, wanted) in table {
            assert_eq!(duration("time_spent", given).unwrap(), wanted);
        }
        for bad in ["", "zzz", "1x", "h", "-1h", "1h; 2h", "one hour", "90", "30s", "1min", "1.2.3h", "1h30"]
        {
            let problem = duration("time_spent", bad).map_err(|error| error.to_string());
            assert!(problem.is_err_and(|text| text.contains("`2h30m`")), "{bad}");
        }
        let table = [
            ("2024-01-05T10:00:00.000+0000", "2024-01-05T10:00:00.000+0000"),
            ("2024-01-05T10:00:00Z", "2024-01-05T10:00:00.000+0000"),
            ("2024-01-05T10:00:00.5+02:00", "2024-01-05T10:00:00.500+0200"),
            // Every form that results show.
            ("2024-01-05 10:00:00 UTC", "2024-01-05T10:00:00.000+0000"),
            ("2024-01-05 10:00:00+00:00", "2024-01-05T10:00:00.000+0000"),
            ("2024-01-05T10:00:00+00:00", "2024-01-05T10:00:00.000+0000"),
        ];
        for (given, wanted) in table {
            assert_eq!(moment("started", given).unwrap(), wanted);
        }
        assert!(moment("started", "yesterday").is_err());
    }
}
