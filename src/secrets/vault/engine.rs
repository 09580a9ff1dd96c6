//! What engines other than KV have, by name.

use std::fmt;
use std::str::FromStr;

use crate::secrets::is_segment;

/// Something of an engine, a key or a role: `transit/portcullis-audit`, `pki/portcullis`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineRef {
    /// Where the engine is.
    pub(super) mount: String,
    /// What it is called there.
    pub(super) name: String,
}

impl FromStr for EngineRef {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "write the mount of the engine, a slash and the name, such as `transit/portcullis-audit`";
        let (mount, name) = text.rsplit_once('/').ok_or(wrong)?;
        if !mount.split('/').chain([name]).all(is_segment) {
            return Err(wrong);
        }
        Ok(Self { mount: mount.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for EngineRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.mount, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_below_a_mount() {
        let table = [
            ("transit/key", Some(("transit", "key"))),
            ("deep/er/key", Some(("deep/er", "key"))),
            ("key", None),
            ("/key", None),
            ("transit/", None),
            ("transit/../key", None),
            ("transit//key", None),
            ("transit/k y", None),
            ("transit/k?y", None),
        ];
        for (text, wanted) in table {
            let read = text.parse::<EngineRef>().ok();
            let parts = read.as_ref().map(|found| (found.mount.as_str(), found.name.as_str()));
            assert_eq!(parts, wanted, "{text}");
            assert!(read.is_none_or(|found| found.to_string() == text));
        }
    }
}
