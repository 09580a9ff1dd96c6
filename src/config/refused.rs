//! Variables of the reference server that this server does not take yet, one rule each: none is passed over in
//! silence, because a protection that is believed to be on and is not is worse than a server that does not start.

use super::kinds::truth;

/// What is done about a variable.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// Refused when it has a value at all.
    Any(&'static str),
    /// Refused when it says yes.
    Yes(&'static str),
    /// Refused when it is another text than this, the default.
    Other(&'static str, &'static str),
    /// Harmless; said that it does nothing.
    Ignored(&'static str),
}

/// What is said about a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It asks for nothing but the default.
    Fine,
    /// It does nothing here, and why.
    Ignored(&'static str),
    /// The server must not start, and what to do instead.
    Refused(&'static str),
}

const OAUTH_PROXY: &str = "only means something to the OAuth proxy, which is not supported yet";
const STORAGE: &str = "own storage for OAuth clients is not supported yet; unset it";

/// Rules by name. `*_` stands for both `JIRA_` and `CONFLUENCE_`.
const RULES: &[(&str, Rule)] = &[
    ("ATLASSIAN_OAUTH_INSTANCE_URL", Rule::Ignored(OAUTH_PROXY)),
    ("ATLASSIAN_OAUTH_ALLOWED_CLIENT_REDIRECT_URIS", Rule::Ignored(OAUTH_PROXY)),
    ("ATLASSIAN_OAUTH_ALLOWED_GRANT_TYPES", Rule::Ignored(OAUTH_PROXY)),
    ("ATLASSIAN_OAUTH_REQUIRE_CONSENT", Rule::Ignored(OAUTH_PROXY)),
    ("ATLASSIAN_OAUTH_CLIENT_STORAGE_MODE", Rule::Other("default", STORAGE)),
    ("ATLASSIAN_OAUTH_CLIENT_STORAGE_FACTORY", Rule::Any(STORAGE)),
    ("ATLASSIAN_OAUTH_CLIENT_STORAGE_CONFIG_JSON", Rule::Any(STORAGE)),
    ("PUBLIC_BASE_URL", Rule::Ignored(OAUTH_PROXY)),
    ("JIRA_FETCHER_MAX_WORKERS", Rule::Ignored("has no effect: there are no worker threads to limit")),
    ("CONFLUENCE_ATTACHMENT_DOWNLOAD_USE_V1", Rule::Ignored("has no effect: the deployment decides")),
    ("MCP_LOGGING_STDOUT", Rule::Yes("logs go to standard error, always; unset it")),
];

const FRAMEWORK: &str = "has no effect: it is read by the framework of the reference server only; the path is \
                         STREAMABLE_HTTP_PATH, the rest is in config/example.toml";

/// What is said about a variable with a value; `None` if no rule knows it.
pub(super) fn judge(name: &str, value: &str) -> Option<Verdict> {
    let value = value.trim();
    let rule = match name.strip_prefix("FASTMCP_") {
        Some(_) => Rule::Ignored(FRAMEWORK),
        None => RULES.iter().find(|(known, _)| matches(known, name)).map(|(_, rule)| *rule)?,
    };
    if value.is_empty() {
        return Some(Verdict::Fine);
    }
    let refused = |refused, what| if refused { Verdict::Refused(what) } else { Verdict::Fine };
    Some(match rule {
        Rule::Any(what) => Verdict::Refused(what),
        // What is neither yes nor no might be meant as yes.
        Rule::Yes(what) => refused(truth(value) != Some(false), what),
        Rule::Other(default, what) => refused(value != default, what),
        Rule::Ignored(what) => Verdict::Ignored(what),
    })
}

/// Every name the rules know, written out.
pub(super) fn names() -> impl Iterator<Item = String> {
    RULES.iter().flat_map(|(name, _)| match name.strip_prefix('*') {
        Some(rest) => vec![format!("JIRA{rest}"), format!("CONFLUENCE{rest}")],
        None => vec![(*name).to_owned()],
    })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(rest) => ["JIRA", "CONFLUENCE"].iter().any(|product| name.strip_prefix(product) == Some(rest)),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_pass_and_requests_do_not() {
        let refused = |name, value| matches!(judge(name, value), Some(Verdict::Refused(_)));
        let fine = |name, value| judge(name, value) == Some(Verdict::Fine);
        let (name, default, other) = ("ATLASSIAN_OAUTH_CLIENT_STORAGE_MODE", "default", "factory");
        assert!(fine(name, default), "{name}={default}");
        assert!(refused(name, other), "{name}={other}");
        for (name, value) in [("FASTMCP_HOME", "/x"), ("JIRA_FETCHER_MAX_WORKERS", "8")] {
            assert!(matches!(judge(name, value), Some(Verdict::Ignored(_))), "{name}");
        }
        assert_eq!(judge("JIRA_URL", "https://jira.example.com"), None);
        assert_eq!(judge("BITBUCKET_URL", "x"), None);
    }

    #[test]
    fn no_rule_hides_a_setting() {
        for name in names() {
            assert!(super::super::keys::find_variable(&name).is_none(), "{name}");
        }
    }
}
