//! A request to a product, and its answer.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use super::Path;

/// Reads that are a POST at Atlassian, by path below the product's base: nothing else but GET passes for a read. `{id}`
/// is one segment of digits.
const READS_BY_POST: [&str; 3] =
    ["/rest/api/2/changelog/bulkfetch", "/rest/api/3/search/jql", "/rest/api/content/{id}/permission/check"];

fn is_read_by_post(path: &str) -> bool {
    READS_BY_POST.iter().any(|pattern| match pattern.split_once("{id}") {
        None => *pattern == path,
        Some((before, after)) => {
            let id = path.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
        }
    })
}

/// One request below a product's base URL.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path below the base URL.
    pub path: Path,
    /// The query, in order; names and values are encoded when sent.
    pub query: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// Further headers, all of them our own constants.
    pub headers: Vec<(&'static str, &'static str)>,
}

/// What a request carries.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// JSON.
    Json(Value),
    /// A form with files.
    Form(Vec<Field>),
}

/// A field of a form.
#[derive(Debug, Clone)]
pub enum Field {
    /// The file, as the part `file`.
    File(Box<File>),
    /// A yes or no.
    Flag(&'static str, bool),
    /// A text, in UTF-8.
    Text(&'static str, String),
}

/// A file and what it is called.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Its name; no path.
    pub name: String,
    /// Its media type, as whoever gave it says; without, Atlassian goes by the name.
    pub media_type: Option<String>,
    /// What is in it.
    pub bytes: Bytes,
}

impl std::fmt::Debug for File {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "File({} bytes)", self.bytes.len())
    }
}

impl Request {
    /// A GET.
    pub fn get(path: Path) -> Self {
        Self { method: Method::GET, path, query: Vec::new(), body: Body::None, headers: Vec::new() }
    }

    /// A POST with a JSON body.
    pub fn post(path: Path, body: Value) -> Self {
        Self { method: Method::POST, path, query: Vec::new(), body: Body::Json(body), headers: Vec::new() }
    }

    /// A PUT with a JSON body.
    pub fn put(path: Path, body: Value) -> Self {
        Self { method: Method::PUT, path, query: Vec::new(), body: Body::Json(body), headers: Vec::new() }
    }

    /// A DELETE.
    pub fn delete(path: Path) -> Self {
        Self { method: Method::DELETE, path, query: Vec::new(), body: Body::None, headers: Vec::new() }
    }

    /// A POST that uploads a file. Atlassian wants the header: a form in a page of somebody else cannot send it.
    pub fn upload(path: Path, file: File) -> Self {
        Self::form(Method::POST, path, vec![Field::File(Box::new(file))])
    }

    /// A form with a file and what is said of it.
    pub fn form(method: Method, path: Path, fields: Vec<Field>) -> Self {
        let headers = vec![("x-atlassian-token", "no-check")];
        Self { method, path, query: Vec::new(), body: Body::Form(fields), headers }
    }

    /// Adds one query parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Adds one header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Whether it does no harm to ask twice: reads, and a GET that only marks what was read.
    pub(super) fn is_repeatable(&self) -> bool {
        self.is_read() || matches!(self.method, Method::GET | Method::HEAD)
    }

    /// Whether the request can change nothing at Atlassian.
    ///
    /// A GET with a side effect (`updateHistory=true`) is not a read.
    pub fn is_read(&self) -> bool {
        let silent = !self.query.iter().any(|(name, value)| *name == "updateHistory" && value != "false");
        match self.method {
            Method::GET | Method::HEAD => silent,
            Method::POST => is_read_by_post(self.path.as_str()),
            _ => false,
        }
    }
}

/// What came back with a 2xx status.
#[derive(Debug)]
pub struct Reply<T = Value> {
    /// The body: JSON, null for an empty one, or a file's content.
    pub body: T,
    /// The HTTP status.
    pub status: u16,
    /// How long the body was.
    pub bytes: u64,
}

/// A file's content as it came.
#[derive(Debug)]
pub struct Content {
    /// Its media type, lower case and without parameters; empty if none was said.
    pub media_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reads_pass_for_reads() {
        let issue = || Path::of(["rest", "api", "2", "issue", "OPS-1"]);
        let search = || Path::of(["rest", "api", "3", "search", "jql"]);
        let check =
            |id: &str| Path::of(["rest", "api", "content"]).value("id", id).then(["permission", "check"]);
        let table = [
            (Request::get(issue()), true),
            (Request::get(issue()).with("updateHistory", "false"), true),
            (Request::get(issue()).with("updateHistory", "true"), false),
            (Request::post(search(), Value::Null), true),
            (Request::post(Path::of(["rest", "api", "2", "changelog", "bulkfetch"]), Value::Null), true),
            (Request::post(check("65537"), Value::Null), true),
            (Request::post(check(""), Value::Null), false),
            (Request::post(check("1/../../content/2"), Value::Null), false),
            (
                Request::post(
                    Path::of(["rest", "api", "content", "1", "x", "permission", "check"]),
                    Value::Null,
                ),
                false,
            ),
            (
                Request::post(
                    Path::of(["rest", "api", "content", "1", "permission", "check", "2"]),
                    Value::Null,
                ),
                false,
            ),
            (Request::put(check("65537"), Value::Null), false),
            (Request::delete(issue()), false),
            (Request::post(issue(), Value::Null), false),
            (Request::put(search(), Value::Null), false),
        ];
        for (request, wanted) in table {
            assert_eq!(request.is_read(), wanted, "{request:?}");
        }
    }
}
