//! What of the development of an issue is asked for.

use crate::tools::ToolError;

/// A kind by the name that Jira has for it; others are taken that can mean no other. Jira itself answers to an unknown one
/// as if there were nothing.
pub(super) fn kind(given: Option<&str>) -> Result<Option<&'static str>, ToolError> {
    let Some(given) = given else { return Ok(None) };
    let plain: String =
        given.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Ok(Some(match plain.as_str() {
        "pullrequest" | "pullrequests" | "pr" | "prs" | "mergerequest" | "mergerequests" => "pullrequest",
        "branch" | "branches" => "branch",
        // Commits come with their repositories.
        "repository" | "repositories" | "commit" | "commits" => "repository",
        "build" | "builds" => "build",
        _ => {
            let text = "`data_type` must be pullrequest, branch, repository (with its commits) or build; leave it out \
                        for all";
            return Err(ToolError::Arguments(text.to_owned()));
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_known_by_the_names_that_people_use() {
        for (given, wanted) in [
            ("pullrequest", "pullrequest"),
            ("Pull_Request", "pullrequest"),
            ("PR", "pullrequest"),
            ("branches", "branch"),
            ("commit", "repository"),
            ("Build", "build"),
        ] {
            assert_eq!(kind(Some(given)).unwrap(), Some(wanted), "{given}");
        }
        assert_eq!(kind(None).unwrap(), None);
        assert!(kind(Some("bogus")).unwrap_err().to_string().contains("`data_type` must be"));
    }
}
