//! Paths made of segments, so that no id can leave its place in a URL.

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of a request below a product's base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// A path from segments; each is percent-encoded on its own. A segment that is empty, `.` or `..` cannot climb:
    /// its dots are encoded as well.
    pub fn of<'a>(segments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            if matches!(segment, "." | "..") {
                path.push_str(&segment.replace('.', "%2E"));
            } else {
                path.extend(utf8_percent_encode(segment, SEGMENT));
            }
        }
        Self(path)
    }

    /// The path as text, starting with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_in_their_place() {
        let table: [(&[&str], &str); 5] = [
            (&["rest", "api", "2", "issue", "OPS-1"], "/rest/api/2/issue/OPS-1"),
            (&["a/../b"], "/a%2F..%2Fb"),
            (&["a", "..", "b"], "/a/%2E%2E/b"),
            (&["x?y#z%2F"], "/x%3Fy%23z%252F"),
            (&["ü"], "/%C3%BC"),
        ];
        for (segments, wanted) in table {
            assert_eq!(Path::of(segments.iter().copied()).as_str(), wanted);
        }
    }
}
