//! Where the secrets of callers are: a path with the caller's name in it.
//!
//! The name is a whole segment of a closed alphabet. Servers drop `.` and `..`, so that `users/../ann` would be read as
//! `ann`, and take `/` for a sub-tree: neither is ever sent.

use std::fmt;

use super::InvalidReference;
use super::SecretRef;
use super::VaultRef;
use super::reference::is_segment;

/// What is put there to check the rest.
const SOMEBODY: &str = "somebody";

/// The longest name.
const LONGEST: usize = 128;

/// The name of a caller, fit for a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

/// Why there is no secret for a caller of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this name cannot have a secret: it has other characters than letters, digits, `-`, `_`, `.` and `@`, or is too long"
)]
pub struct InvalidUserName(());

/// A path with a place for the caller's name: `vault://kv/users/{user}/jira#token`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTemplate {
    mount: String,
    segments: Vec<String>,
    key: String,
}

impl UserName {
    /// Takes a name as it is: nothing is folded, trimmed or replaced, so that no two callers share a place.
    pub fn parse(text: &str) -> Result<Self, InvalidUserName> {
        let fits = is_segment(text) && text.len() <= LONGEST && !text.starts_with('.');
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidUserName(())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UserTemplate {
    /// What stands for the name.
    pub(super) const PLACE: &str = "{user}";

    /// Reads a setting's text.
    pub fn parse(text: &str) -> Result<Self, InvalidReference> {
        let refuse = |problem| InvalidReference::Form {
            reference: text.escape_debug().to_string(),
            problem,
            form: "`vault://MOUNT/PATH/{user}/PATH#KEY`",
        };
        let place = text.split_once("://").map_or(text, |(_, rest)| rest);
        let place = place.split_once('#').map_or(place, |(place, _)| place);
        if place.split('/').skip(1).filter(|segment| *segment == Self::PLACE).count() != 1 {
            return Err(refuse("has not exactly one `{user}`, which is a whole part of its path"));
        }
        match SecretRef::parse(&text.replacen(Self::PLACE, SOMEBODY, 1))? {
            SecretRef::Vault(reference) => Ok(Self {
                mount: reference.mount().to_owned(),
                segments: place.split('/').skip(1).map(str::to_owned).collect(),
                key: reference.key().to_owned(),
            }),
            _ => Err(refuse("is not in Vault")),
        }
    }

    /// The place of a caller's secret.
    pub fn of(&self, user: &UserName) -> VaultRef {
        let filled = |segment: &String| if segment == Self::PLACE { user.0.clone() } else { segment.clone() };
        let path: Vec<String> = self.segments.iter().map(filled).collect();
        VaultRef::of_checked(self.mount.clone(), path.join("/"), self.key.clone())
    }
}

impl fmt::Display for UserTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "vault://{}/{}#{}", self.mount, self.segments.join("/"), self.key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEMPLATE: &str = "vault://kv/users/{user}/jira#token";

    #[test]
    fn templates_have_one_whole_place() {
        let template = UserTemplate::parse(TEMPLATE).unwrap();
        assert_eq!(template.to_string(), TEMPLATE);
        let ann = UserName::parse("ann@example.com").unwrap();
        assert_eq!(template.of(&ann).to_string(), "vault://kv/users/ann@example.com/jira#token");
        for wrong in [
            "vault://kv/users/jira#token",
            "vault://kv/users/{user}x/jira#token",
            "vault://kv/{user}/{user}#token",
            "vault://{user}/jira#token",
            "vault://kv/users/jira#{user}",
            "vault://kv/users/../{user}#token",
            "vault://kv/{user}",
            "file:///run/{user}",
            "{user}",
        ] {
            assert!(UserTemplate::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_that_climb_or_hide_are_refused() {
        for name in
            ["", ".", "..", "../ann", "a/b", "a\\b", "a%2fb", "a b", "a\n", "ä", ".hidden", "a?b", "a#b"]
        {
            assert!(UserName::parse(name).is_err(), "{name:?}");
        }
        assert!(UserName::parse(&"a".repeat(128)).is_ok() && UserName::parse(&"a".repeat(129)).is_err());
        // Two names that differ in case are two callers.
        assert_ne!(UserName::parse("Ann").unwrap(), UserName::parse("ann").unwrap());
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_place(name in "[a-z./%#@ \\\\{}\\n]{0,12}") {
            let template = UserTemplate::parse(TEMPLATE).unwrap();
            if let Ok(user) = UserName::parse(&name) {
                let reference = template.of(&user);
                let segments: Vec<&str> = reference.path().split('/').collect();
                prop_assert_eq!(segments, ["users", name.as_str(), "jira"]);
                // What is made is what would have been read.
                let read = SecretRef::parse(&reference.to_string()).unwrap();
                prop_assert!(matches!(read, SecretRef::Vault(read) if read == reference));
            }
        }

        #[test]
        fn two_callers_never_share_a_place(one in "[a-zA-Z0-9._@-]{1,8}", two in "[a-zA-Z0-9._@-]{1,8}") {
            let template = UserTemplate::parse(TEMPLATE).unwrap();
            if let (Ok(a), Ok(b)) = (UserName::parse(&one), UserName::parse(&two)) {
                prop_assert_eq!(one == two, template.of(&a) == template.of(&b));
            }
        }

        #[test]
        fn whatever_a_template_is_it_keeps_its_other_parts(text in "vault://kv/[a-z{}/.]{0,16}\\{user\\}[a-z{}/.]{0,8}#k") {
            if let Ok(template) = UserTemplate::parse(&text) {
                prop_assert_eq!(template.to_string(), text.clone());
                let filled = template.of(&UserName::parse("ann").unwrap()).to_string();
                prop_assert_eq!(filled, text.replace("{user}", "ann"));
            }
        }
    }
}
