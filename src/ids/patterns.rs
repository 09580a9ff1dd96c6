//! Keys of another form than Jira's default: `JIRA_ISSUE_KEY_PATTERN` and `JIRA_PROJECT_KEY_PATTERN`.
//!
//! They belong to the process, as the environment does: keys are read in many places that know no settings. Whatever
//! the patterns say, a key is letters, digits, `_` and `-`, so that it stays one harmless segment of a path.

use std::sync::OnceLock;

use regex::Regex;

/// What a key must be, for messages.
pub(super) const ISSUE: &str = "an issue key of the form that JIRA_ISSUE_KEY_PATTERN has";
/// What a key must be, for messages.
pub(super) const PROJECT: &str = "a project key of the form that JIRA_PROJECT_KEY_PATTERN has";

/// The reference server's defaults, which are also ours.
pub(super) const DEFAULT_ISSUE: &str = r"^[A-Z][A-Z0-9_]+-\d+(?:-\d+)*$";
pub(super) const DEFAULT_PROJECT: &str = "^[A-Z][A-Z0-9_]+$";

const LONGEST: usize = 255;

static OWN: OnceLock<KeyPatterns> = OnceLock::new();

/// The operator's own patterns.
#[derive(Debug)]
pub(super) struct KeyPatterns {
    issue: Regex,
    project: Regex,
}

/// Takes the operator's patterns, before the first key is read; without any, keys have Jira's default form.
///
/// # Errors
/// With what is wrong with a pattern, and its variable.
pub fn use_key_patterns(issue: Option<&str>, project: Option<&str>) -> Result<(), String> {
    let (issue, project) = (issue.unwrap_or(DEFAULT_ISSUE), project.unwrap_or(DEFAULT_PROJECT));
    if (issue, project) == (DEFAULT_ISSUE, DEFAULT_PROJECT) {
        return Ok(());
    }
    let own = KeyPatterns::read(issue, project)?;
    // The first ones stay: there is one configuration in a process.
    let _ = OWN.set(own);
    Ok(())
}

impl KeyPatterns {
    /// Those of this process, if it has any.
    pub(super) fn own() -> Option<&'static Self> {
        OWN.get()
    }

    /// How a schema shows them to clients.
    pub(super) fn shown(kind: &str) -> Option<&'static str> {
        match kind {
            "IssueKey" => Self::own().map(|own| own.issue.as_str()),
            "ProjectKey" => Self::own().map(|own| own.project.as_str()),
            _ => None,
        }
    }

    fn read(issue: &str, project: &str) -> Result<Self, String> {
        let read = |name: &str, pattern: &str| {
            // A pattern is for a whole key, also where it does not say so; keys are upper case by then.
            let bare = pattern.strip_prefix('^').unwrap_or(pattern);
            let whole = format!("^(?i:{})$", bare.strip_suffix('$').unwrap_or(bare));
            Regex::new(&whole).map_err(|error| {
                let reason = error.to_string();
                format!("{name}: `{pattern}` is no pattern: {}", reason.lines().last().unwrap_or_default())
            })
        };
        Ok(Self {
            issue: read("JIRA_ISSUE_KEY_PATTERN", issue)?,
            project: read("JIRA_PROJECT_KEY_PATTERN", project)?,
        })
    }

    pub(super) fn is_issue(&self, key: &str) -> bool {
        is_plain(key) && self.issue.is_match(key)
    }

    pub(super) fn is_project(&self, key: &str) -> bool {
        is_plain(key) && self.project.is_match(key)
    }

    /// The longest start of an issue's key that is a project's key; without any, what stands before the first `-`.
    pub(super) fn project_of<'a>(&self, issue: &'a str) -> &'a str {
        let mut start = issue;
        while let Some((before, _)) = start.rsplit_once('-') {
            if self.is_project(before) {
                return before;
            }
            start = before;
        }
        start
    }
}

fn is_plain(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    key.starts_with(|first: char| first.is_ascii_alphanumeric())
        && key.len() <= LONGEST
        && key.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_patterns_widen_and_narrow_but_never_leave_the_path() {
        let own = KeyPatterns::read(r"^[A-Z][A-Z-]*-\d+$", "^[a-z][a-z-]*$").unwrap();
        let table = [
            ("A-1", true, "A"),
            ("MY-TEAM-12", true, "MY-TEAM"),
            ("OPS2-1", false, "OPS2"),
            ("OPS-1/../2", false, "OPS"),
            ("OPS-1\n", false, "OPS"),
        ];
        for (key, valid, project) in table {
            assert_eq!(own.is_issue(key), valid, "{key}");
            assert_eq!(own.project_of(key), project, "{key}");
        }
        let anything = KeyPatterns::read(".*", ".*").unwrap();
        for bad in ["", "..", "a/b", "A B", "-1", "A%2F", "A\u{200b}"] {
            assert!(!anything.is_issue(bad) && !anything.is_project(bad), "{bad:?}");
        }
        let problem = KeyPatterns::read("(?=A)", "A").unwrap_err();
        assert!(problem.starts_with("JIRA_ISSUE_KEY_PATTERN: `(?=A)` is no pattern: "), "{problem}");
        assert!(use_key_patterns(None, Some(DEFAULT_PROJECT)).is_ok() && KeyPatterns::own().is_none());
    }
}
