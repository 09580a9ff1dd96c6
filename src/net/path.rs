//! Paths made of segments, so that no id can leave its place in a URL.

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of a request below a product's base URL.
///
/// It is written down as the code has it: words of the code are `&'static str`, and everything else goes in by a name,
/// which is all that the [`template`](Self::template) has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    path: String,
    template: String,
}

impl Path {
    /// A path from words of the code.
    pub fn of(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self { path: String::new(), template: String::new() }.then(words)
    }

    /// The same path with more words of the code after it.
    #[must_use]
    pub fn then(mut self, words: impl IntoIterator<Item = &'static str>) -> Self {
        for word in words {
            self.push(word);
            self.template.push('/');
            self.template.push_str(word);
        }
        self
    }

    /// The same path with a value as the next segment, which records show by this name.
    #[must_use]
    pub fn value(mut self, name: &'static str, value: &str) -> Self {
        self.push(value);
        self.template.push_str("/{");
        self.template.push_str(name);
        self.template.push('}');
        self
    }

    /// Each segment is percent-encoded on its own. One that is empty, `.` or `..` cannot climb: its dots are encoded as
    /// well.
    fn push(&mut self, segment: &str) {
        self.path.push('/');
        if matches!(segment, "." | "..") {
            self.path.push_str(&segment.replace('.', "%2E"));
        } else {
            self.path.extend(utf8_percent_encode(segment, SEGMENT));
        }
    }

    /// The path as text, starting with a slash.
    pub fn as_str(&self) -> &str {
        &self.path
    }

    /// The path with the names of its values in place of them, for example `/rest/api/2/issue/{key}`.
    pub fn template(&self) -> &str {
        &self.template
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_in_their_place() {
        let table = [
            ("OPS-1", "/rest/OPS-1/x"),
            ("a/../b", "/rest/a%2F..%2Fb/x"),
            ("..", "/rest/%2E%2E/x"),
            ("x?y#z%2F", "/rest/x%3Fy%23z%252F/x"),
            ("ü", "/rest/%C3%BC/x"),
        ];
        for (value, wanted) in table {
            let path = Path::of(["rest"]).value("key", value).then(["x"]);
            assert_eq!((path.as_str(), path.template()), (wanted, "/rest/{key}/x"));
        }
        assert_eq!(Path::of(["a", "..", "b"]).as_str(), "/a/%2E%2E/b");
    }
}
