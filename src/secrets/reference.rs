//! Where a secret is: `vault://`, `file://`, `cred://`, `env://`, or written out in the setting itself.
//!
//! Every reference is checked here, once, so that no source has to ask again whether a path climbs out of its
//! tree: segments come from a closed alphabet and `.` and `..` are refused.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;
use serde::Deserializer;

use super::Secret;
use super::UserTemplate;

/// The kinds of reference, as they are written.
const SCHEMES: [&str; 4] = ["vault", "file", "cred", "env"];

/// Where a secret comes from.
#[derive(Clone)]
pub enum SecretRef {
    /// The setting holds the secret itself.
    Literal(Secret),
    /// `env://NAME`: a variable of the environment.
    Environment(String),
    /// `file:///path`: the content of a file.
    File(PathBuf),
    /// `cred://name`: a file of `$CREDENTIALS_DIRECTORY`, as systemd and others provide it.
    Credential(String),
    /// `vault://mount/path#key`: one key of a KV secret in Vault or `OpenBao`.
    Vault(VaultRef),
    /// The same with `{user}` in its path: of whoever is served.
    User(UserTemplate),
}

/// One key of one secret; or two that belong together, and are always of one version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VaultRef {
    mount: String,
    path: String,
    key: String,
    second: Option<String>,
}

/// Why a reference was refused. Says nothing of a value that may be the secret itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReference {
    /// Nothing was given.
    #[error("is empty; give the secret or a reference such as `file:///run/secrets/token`")]
    Empty,
    /// A scheme, but none of ours.
    #[error(
        "starts with `{scheme}://`, which is not a known kind of reference; use `vault://`, `file://`, `cred://` or \
         `env://`{hint}"
    )]
    UnknownScheme {
        /// What stood before `://`.
        scheme: String,
        /// The nearest scheme, as the end of the sentence.
        hint: String,
    },
    /// The reference is not of the form its scheme has.
    #[error("`{reference}` {problem}; write {form}")]
    Form {
        /// The reference as given; it names a place, not a secret.
        reference: String,
        /// What is wrong.
        problem: &'static str,
        /// What a right one looks like.
        form: &'static str,
    },
    /// A control character in a secret that is written out.
    #[error("holds a control character, such as a line break; remove it")]
    Control,
}

impl SecretRef {
    /// Reads a setting's text.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        if text.trim().is_empty() {
            return Err(InvalidReference::Empty);
        }
        match text.split_once("://") {
            Some(("vault", rest)) if rest.contains(UserTemplate::PLACE) => {
                UserTemplate::parse(text).map(Self::User)
            }
            Some(("vault", rest)) => VaultRef::parse(text, rest).map(Self::Vault),
            Some(("file", rest)) => file(text, rest),
            Some(("cred", rest)) => named(text, rest, "`cred://NAME`").map(Self::Credential),
            Some(("env", rest)) => named(text, rest, "`env://NAME`").map(Self::Environment),
            Some((scheme, _)) if is_scheme(scheme) => Err(unknown_scheme(scheme)),
            _ if text.chars().any(char::is_control) => Err(InvalidReference::Control),
            _ => Ok(Self::Literal(Secret::new(text.trim()))),
        }
    }

    /// `literal`, `env`, `file`, `cred` or `vault`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Literal(_) => "literal",
            Self::Environment(_) => "env",
            Self::File(_) => "file",
            Self::Credential(_) => "cred",
            Self::Vault(_) | Self::User(_) => "vault",
        }
    }
}

impl VaultRef {
    const FORM: &'static str = "`vault://MOUNT/PATH#KEY`";

    fn parse(text: &str, rest: &str) -> Result<Self, InvalidReference> {
        let refuse = |problem| Err(form(text, problem, Self::FORM));
        let Some((place, key)) = rest.split_once('#') else {
            return refuse("names no key");
        };
        let Some((mount, path)) = place.split_once('/') else {
            return refuse("names no path under the mount");
        };
        if !is_segment(mount) || !is_segment(key) || !path.split('/').all(is_segment) {
            return refuse(
                "has an empty part, `.` or `..`, or a character other than letters, digits, `-`, `_`, `.` and `@`",
            );
        }
        Ok(Self { mount: mount.to_owned(), path: path.to_owned(), key: key.to_owned(), second: None })
    }

    /// A reference of parts that were checked before.
    pub(super) fn of_checked(mount: String, path: String, key: String) -> Self {
        Self { mount, path, key, second: None }
    }

    /// The mount of the secrets engine.
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// The path under the mount; one or more segments.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The key within the secret.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Every key that is wanted, in order.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.key.as_str()).chain(self.second.as_deref())
    }

    /// Both keys, if they are of one secret.
    pub fn with(&self, second: &Self) -> Option<Self> {
        let is_same = self.mount == second.mount && self.path == second.path;
        (is_same && self.second.is_none() && second.second.is_none())
            .then(|| Self { second: Some(second.key.clone()), ..self.clone() })
    }

    /// Where it is, without the key.
    pub(super) fn place(&self) -> String {
        format!("{}/{}", self.mount, self.path)
    }
}

impl fmt::Display for VaultRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "vault://{}/{}#{}", self.mount, self.path, self.key)?;
        self.second.as_ref().map_or(Ok(()), |second| write!(formatter, " and #{second}"))
    }
}

/// The reference for the operator; `a literal` where it is the secret itself.
impl fmt::Display for SecretRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(_) => formatter.write_str("a literal"),
            Self::Environment(name) => write!(formatter, "env://{name}"),
            Self::File(path) => write!(formatter, "file://{}", path.display()),
            Self::Credential(name) => write!(formatter, "cred://{name}"),
            Self::Vault(reference) => reference.fmt(formatter),
            Self::User(template) => template.fmt(formatter),
        }
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretRef({self})")
    }
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Whether a text is one harmless segment of a path: what Vault, file systems and URLs all read the same way.
pub(crate) fn is_segment(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@');
    !text.is_empty() && text != "." && text != ".." && text.bytes().all(allowed)
}

fn file(text: &str, rest: &str) -> Result<SecretRef, InvalidReference> {
    const FORM: &str = "`file:///absolute/path`";
    let path = Path::new(rest);
    if !path.is_absolute() {
        return Err(form(text, "is not an absolute path", FORM));
    }
    let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
    if climbs || rest.ends_with('/') || rest.chars().any(char::is_control) {
        return Err(form(text, "has `..`, a control character or no file name", FORM));
    }
    Ok(SecretRef::File(path.to_path_buf()))
}

fn named(text: &str, name: &str, wanted: &'static str) -> Result<String, InvalidReference> {
    if !is_segment(name) {
        let problem = "has no name, or one with other characters than letters, digits, `-`, `_`, `.` and `@`";
        return Err(form(text, problem, wanted));
    }
    Ok(name.to_owned())
}

fn form(reference: &str, problem: &'static str, form: &'static str) -> InvalidReference {
    InvalidReference::Form { reference: reference.escape_debug().to_string(), problem, form }
}

/// A scheme as URLs know it; a password with `://` later on is still a literal.
fn is_scheme(text: &str) -> bool {
    text.len() <= 12 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn unknown_scheme(scheme: &str) -> InvalidReference {
    let nearest = SCHEMES.into_iter().find(|known| strsim::damerau_levenshtein(known, scheme) <= 2);
    let hint = nearest.map(|known| format!(" (did you mean `{known}://`?)")).unwrap_or_default();
    InvalidReference::UnknownScheme { scheme: scheme.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn references_and_literals() {
        for (text, kind, shown) in [
            ("vault://kv/atlassian/jira#token", "vault", "vault://kv/atlassian/jira#token"),
            ("vault://kv/{user}/jira#token", "vault", "vault://kv/{user}/jira#token"),
            ("vault://kv/ann@example.com#a.b", "vault", "vault://kv/ann@example.com#a.b"),
            ("file:///run/secrets/token", "file", "file:///run/secrets/token"),
            ("cred://jira-token", "cred", "cred://jira-token"),
            ("env://MY_TOKEN", "env", "env://MY_TOKEN"),
            ("NjM0canary", "literal", "a literal"),
            ("pass#word with ://inside", "literal", "a literal"),
        ] {
            let reference = SecretRef::parse(text).unwrap();
            assert_eq!((reference.kind(), reference.to_string().as_str()), (kind, shown), "{text}");
            assert!(!format!("{reference:?}").contains("canary"));
        }
    }

    #[test]
    fn malformed_references_are_refused_with_the_form() {
        for (text, says) in [
            ("", "is empty"),
            ("   ", "is empty"),
            ("vault://kv/app", "names no key"),
            ("vault://kv#token", "names no path"),
            ("vault://kv/users/../alice#token", "`..`"),
            ("vault://kv/./alice#token", "`.`"),
            ("vault://kv//alice#token", "empty part"),
            ("vault://kv/alice/#token", "empty part"),
            ("vault://kv/a%2Fb#token", "character other"),
            ("vault://kv/a?version=1#token", "character other"),
            ("vault:///kv/a#token", "empty part"),
            ("vault://kv/a#", "empty part"),
            ("file://relative", "absolute"),
            ("file:///run/../etc/shadow", "`..`"),
            ("file:///run/", "no file name"),
            ("cred://../x", "`cred://NAME`"),
            ("cred://", "`cred://NAME`"),
            ("env://A B", "`env://NAME`"),
            ("vualt://kv/a#b", "did you mean `vault://`"),
            ("https://canary", "not a known kind"),
            ("to\nken-canary", "control character"),
        ] {
            let error = SecretRef::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_vault_reference_leaves_its_path(text in "vault://[a-z./%#@ \\\\]{0,24}") {
            if let Ok(SecretRef::Vault(reference)) = SecretRef::parse(&text) {
                prop_assert!(reference.path().split('/').all(is_segment));
                prop_assert_eq!(reference.to_string(), text);
            }
        }

        #[test]
        fn a_literal_never_shows(text in "[ -~]{12,40}") {
            if let Ok(reference @ SecretRef::Literal(_)) = SecretRef::parse(&text) {
                let shown = format!("{reference:?} {reference}");
                prop_assert!(!shown.contains(text.trim()));
            }
        }
    }
}
