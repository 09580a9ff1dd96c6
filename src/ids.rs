//! Keys and ids of Jira and Confluence, checked and canonical before anything else sees them.
//!
//! Canonical means: trimmed, zero-width characters refused, upper case, so that `ops-1` and `OPS-1` are one
//! issue and one policy holds for both. Every type here is safe as one segment of a URL path.

mod patterns;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use patterns::KeyPatterns;
use serde::Deserialize;
use serde::Serialize;

pub use patterns::use_key_patterns;

/// Why a key or an id was refused; the message is for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not {expected}")]
pub struct InvalidId {
    /// What was given, shortened and with control characters escaped.
    pub value: String,
    /// What a valid one looks like.
    pub expected: &'static str,
}

/// The key of a Jira issue, for example `OPS-12`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssueKey(String);

/// The key of a Jira project, for example `OPS`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectKey(String);

/// The key of a Confluence space, for example `DOCS` or, for a personal space, `~ANN`.
///
/// Equality and policy see the canonical upper-case form; Confluence is asked with the caller's spelling.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpaceKey {
    canonical: String,
    spelled: String,
}

/// The numeric id of a Confluence page, at most 19 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageId(String);

/// Which Jira or Confluence: the default one, another of the configuration, or a site that a caller chose.
///
/// Ids of the default are bare in policies and records (`OPS`), those of others begin with its name (`lab/OPS`), so
/// that no policy for the project of one site holds for a project of the same key elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct InstanceName(Option<Arc<str>>);

impl InstanceName {
    /// How the default instance is called where it needs a name.
    pub const DEFAULT: &'static str = "default";
    const EXPECTED: &'static str =
        "the name of an instance such as `lab`: small letters, digits, `-` and `_`";

    /// Reads the name of a configured instance.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let name = canonical(text);
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
        let valid =
            name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 32 && name.bytes().all(plain);
        match (valid, name) {
            (true, Self::DEFAULT) => Ok(Self::default()),
            (true, name) => Ok(Self(Some(name.into()))),
            (false, _) => Err(invalid(text, Self::EXPECTED)),
        }
    }

    /// A site that a caller chose: `cloud` with the id of a site, or `url` with an address. A configured name has no
    /// colon, so the two never meet.
    pub fn chosen(kind: &'static str, site: &str) -> Self {
        Self(Some(format!("{kind}:{}", escaped(site)).into()))
    }

    /// Whether it is the default.
    pub fn is_default(&self) -> bool {
        self.0.is_none()
    }

    /// Whether a caller chose it, so that there is no end of such names.
    pub fn is_chosen(&self) -> bool {
        self.as_str().contains(':')
    }

    /// The name; `default` for the default.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(Self::DEFAULT)
    }

    /// The id of an object of this instance, as policies and records name it.
    pub fn qualify<'a>(&self, id: &'a str) -> Cow<'a, str> {
        match &self.0 {
            None => Cow::Borrowed(id),
            Some(name) => Cow::Owned(format!("{name}/{id}")),
        }
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The id of a Cloud site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CloudId(String);

impl CloudId {
    /// Reads an id: letters, digits, `-` and `_`, so that it is one harmless segment of a path.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        // The gateway takes any case: one id for policies.
        (plain && (1..=64).contains(&text.len())).then(|| Self(text.to_ascii_lowercase()))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The ends of the host names of Atlassian's Cloud. Ends, not parts: `x.atlassian.net.example.com` is not Cloud.
const CLOUD_SUFFIXES: [&str; 6] = [
    ".atlassian.net",
    ".jira.com",
    ".jira-dev.com",
    ".atlassian.com",
    ".atlassian-us-gov-mod.net",
    ".atlassian-us-gov.net",
];

/// Whether a host name is one of Atlassian's Cloud.
pub fn is_cloud_host(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    CLOUD_SUFFIXES.iter().any(|suffix| name.ends_with(suffix))
}

/// A text without the slash that ends the name of an instance.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.contains(['/', '%']) {
        return Cow::Owned(text.replace('%', "%25").replace('/', "%2F"));
    }
    Cow::Borrowed(text)
}

impl IssueKey {
    const EXPECTED: &'static str = "an issue key such as `OPS-12`";

    /// The words of a text that could be keys of issues.
    pub fn all_in(text: &str) -> impl Iterator<Item = Self> {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "_-".contains(c)));
        words.filter_map(|word| Self::parse(word).ok())
    }

    /// Reads a key; takes any case and surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let key = canonical(text).to_ascii_uppercase();
        if let Some(own) = KeyPatterns::own() {
            return if own.is_issue(&key) { Ok(Self(key)) } else { Err(invalid(text, patterns::ISSUE)) };
        }
        let valid = key.rsplit_once('-').is_some_and(|(project, number)| {
            is_project(project.split('-').next().unwrap_or_default())
                && project.split('-').skip(1).all(is_digits)
                && is_digits(number)
        });
        if valid { Ok(Self(key)) } else { Err(invalid(text, Self::EXPECTED)) }
    }

    /// The project this key names. The issue may have moved since: Jira's answer decides.
    pub fn project(&self) -> ProjectKey {
        let first = || self.0.split('-').next().unwrap_or_default();
        ProjectKey(KeyPatterns::own().map_or_else(first, |own| own.project_of(&self.0)).to_owned())
    }

    /// The canonical key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ProjectKey {
    const EXPECTED: &'static str = "a project key such as `OPS`";

    /// Reads a key; takes any case and surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let key = canonical(text).to_ascii_uppercase();
        if let Some(own) = KeyPatterns::own() {
            return if own.is_project(&key) { Ok(Self(key)) } else { Err(invalid(text, patterns::PROJECT)) };
        }
        if is_project(&key) { Ok(Self(key)) } else { Err(invalid(text, Self::EXPECTED)) }
    }

    /// The canonical key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SpaceKey {
    const EXPECTED: &'static str = "a space key such as `DOCS` or `~ann`";

    /// Reads a key; takes any case and surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let spelled = canonical(text);
        let name = spelled.strip_prefix('~').unwrap_or(spelled);
        let personal = spelled.starts_with('~');
        let plain = |c: char| c.is_ascii_alphanumeric() || (personal && "._-@:".contains(c));
        let valid = !name.is_empty()
            && spelled.len() <= 255
            && name.chars().all(plain)
            && name.chars().any(|c| c.is_ascii_alphanumeric());
        if !valid {
            return Err(invalid(text, Self::EXPECTED));
        }
        Ok(Self { canonical: spelled.to_ascii_uppercase(), spelled: spelled.to_owned() })
    }

    /// The canonical upper-case key, as policies name it.
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    /// The key as the caller or Confluence spelled it, for requests.
    pub fn spelled(&self) -> &str {
        &self.spelled
    }
}

impl PartialEq for SpaceKey {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for SpaceKey {}

impl std::hash::Hash for SpaceKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl PageId {
    const EXPECTED: &'static str = "a numeric page id such as `65537`";

    /// Reads an id; takes surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let id = canonical(text);
        if is_digits(id) { Ok(Self(id.to_owned())) } else { Err(invalid(text, Self::EXPECTED)) }
    }

    /// The id in digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ids of Jira that are numbers: what each names, and an example for the message.
macro_rules! number_ids {
    ($($(#[$doc:meta])* $type:ident: $expected:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            #[serde(try_from = "String", into = "String")]
            pub struct $type(String);

            impl $type {
                /// Reads an id; takes surrounding blanks.
                pub fn parse(text: &str) -> Result<Self, InvalidId> {
                    let id = canonical(text);
                    if is_digits(id) { Ok(Self(id.to_owned())) } else { Err(invalid(text, $expected)) }
                }

                /// The id in digits.
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }
        )*
        text_forms!($($type),*);
        schema_forms!($($type: None),*);
    };
}

/// The shared ways in and out of each type: text, serde, display.
macro_rules! text_forms {
    ($($type:ident),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.as_str().to_owned()
            }
        }
    )*};
}

/// In a schema an id is a plain string. Keys have the reference server's pattern, for models to see their form; what is
/// taken is more than that, such as a key in lower case.
macro_rules! schema_forms {
    ($($type:ident: $pattern:expr),*) => {$(
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let usual: Option<&str> = $pattern;
                match KeyPatterns::shown(stringify!($type)).or(usual) {
                    Some(pattern) => schemars::json_schema!({"type": "string", "pattern": pattern}),
                    None => schemars::json_schema!({"type": "string"}),
                }
            }

            fn inline_schema() -> bool {
                true
            }
        }
    )*};
}

schema_forms!(
    IssueKey: Some(patterns::DEFAULT_ISSUE),
    ProjectKey: Some(patterns::DEFAULT_PROJECT),
    SpaceKey: None,
    PageId: None
);
text_forms!(IssueKey, ProjectKey, SpaceKey, PageId);

/// The id of a form of Service Management: letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FormId(String);

impl FormId {
    /// Reads an id; takes surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let id = canonical(text);
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let expected = "a form id such as `1946b8b7-8f03-4dc0-ac2d-5fac0d960c6a`";
        if plain && (1..=64).contains(&id.len()) {
            Ok(Self(id.to_owned()))
        } else {
            Err(invalid(text, expected))
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a template of pages: a number, or the UUID of one that a blueprint brought.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TemplateId(String);

impl TemplateId {
    /// Reads an id; takes surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let id = canonical(text);
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && (1..=64).contains(&id.len()) {
            Ok(Self(id.to_owned()))
        } else {
            Err(invalid(text, "a template id such as `90001`"))
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of a file attached to a page, for example `att70001`; one without the `att` is the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttachmentId(String);

impl AttachmentId {
    /// Reads an id; takes surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let id = canonical(text);
        let number = id.strip_prefix("att").unwrap_or(id);
        if is_digits(number) {
            Ok(Self(format!("att{number}")))
        } else {
            Err(invalid(text, "an attachment id such as `att70001`"))
        }
    }

    /// The id with its `att`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A space by its numeric id or by its key, which no number is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SpaceName {
    /// By its id, as Cloud's second API names it.
    Id(String),
    /// By its key.
    Key(SpaceKey),
}

impl SpaceName {
    /// Reads an id or a key; takes surrounding blanks.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let name = canonical(text);
        if is_digits(name) {
            return Ok(Self::Id(name.to_owned()));
        }
        SpaceKey::parse(name)
            .map(Self::Key)
            .map_err(|_| invalid(text, "a space id such as `98306`, or a key"))
    }

    /// The id or the key.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Key(key) => key.spelled(),
        }
    }
}

text_forms!(FormId, TemplateId, AttachmentId, SpaceName);
schema_forms!(FormId: None, TemplateId: None, AttachmentId: None, SpaceName: None);

number_ids! {
    /// The id of an issue, which it keeps when its key changes.
    IssueId: "a numeric issue id such as `10042`";
    /// The id of an agile board.
    BoardId: "a numeric board id such as `12`";
    /// The id of a sprint.
    SprintId: "a numeric sprint id such as `37`";
    /// The id of a service desk, which is not the key of its project.
    ServiceDeskId: "a numeric service desk id such as `4`";
    /// The id of a queue of a service desk.
    QueueId: "a numeric queue id such as `47`";
    /// The id of a request type of a service desk.
    RequestTypeId: "a numeric request type id such as `23`";
    /// The id of a project's version.
    VersionId: "a numeric version id such as `10200`";
    /// The id of a link between two issues.
    LinkId: "a numeric issue link id such as `10301`";
    /// The id of a comment on an issue.
    CommentId: "a numeric comment id such as `10042`";
    /// The id of a comment on a page.
    PageCommentId: "a numeric comment id such as `80001`";
    /// The id of an issue type.
    IssueTypeId: "a numeric issue type id such as `10001`";
}

fn canonical(text: &str) -> &str {
    text.trim()
}

fn is_project(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_uppercase())
        && text.len() >= 2
        && text.len() <= 255
        && characters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A number without leading zeros: `01` and `1` may be one object at Atlassian, and must be one for policies.
fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0')
}

fn invalid(value: &str, expected: &'static str) -> InvalidId {
    let shown: String = value.chars().take(80).flat_map(char::escape_debug).collect();
    InvalidId { value: shown, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advisory_1582_issue_keys_are_canonical_or_refused() {
        let table = [
            ("OPS-1", Some("OPS-1")),
            (" ops-1 ", Some("OPS-1")),
            ("a_b2-77", Some("A_B2-77")),
            ("OPS-1-2", Some("OPS-1-2")),
            ("OPS", None),
            ("OPS-", None),
            ("OPS-01", None),
            ("OPS-0", None),
            ("-1", None),
            ("1OPS-1", None),
            ("OPS-1/../2", None),
            ("OPS%2D1", None),
            ("OPS\u{200b}-1", None),
            ("ＯＰＳ-1", None),
            ("OPS-١", None),
            ("opſ-1", None),
            ("\u{131}ps-1", None),
            ("", None),
        ];
        for (given, wanted) in table {
            assert_eq!(IssueKey::parse(given).ok().as_ref().map(IssueKey::as_str), wanted, "{given:?}");
        }
        assert_eq!(IssueKey::parse("ops-1-2").unwrap().project().as_str(), "OPS");
    }

    #[test]
    fn space_keys_keep_their_spelling_and_compare_canonically() {
        let key = SpaceKey::parse(" docs ").unwrap();
        assert_eq!((key.as_str(), key.spelled()), ("DOCS", "docs"));
        assert_eq!(key, SpaceKey::parse("DOCS").unwrap());
        assert!(SpaceKey::parse("~ann.smith").is_ok());
        for bad in ["", "~", "a/b", "a b", "..", "~..", "a\u{202e}b", "DOCS?x"] {
            assert!(SpaceKey::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn instances_never_share_an_id() {
        let lab = InstanceName::parse(" lab ").unwrap();
        assert_eq!((lab.as_str(), lab.qualify("OPS").as_ref()), ("lab", "lab/OPS"));
        let default = InstanceName::parse("default").unwrap();
        assert_eq!((default.clone(), default.qualify("OPS").as_ref()), (InstanceName::default(), "OPS"));
        let site = InstanceName::chosen("url", "jira.example.com/a/b%2Fc");
        assert_eq!(site.qualify("OPS"), "url:jira.example.com%2Fa%2Fb%252Fc/OPS");
        assert!(site.is_chosen() && !lab.is_chosen());
        for bad in ["", "Lab", "1lab", "lab/x", "cloud:x", "la b", "läb", "-lab"] {
            assert!(InstanceName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn page_ids_are_digits() {
        assert_eq!(PageId::parse(" 65537 ").unwrap().as_str(), "65537");
        for bad in ["", "1/2", "01", "0", "-1", "1.0", "0x1", "12345678901234567890", "٣"] {
            assert!(PageId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
