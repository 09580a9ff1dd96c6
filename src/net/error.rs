//! What can go wrong between here and Atlassian, said once for the caller and once for the operator.

use serde_json::Value;

use super::Problem;
use crate::audit::ErrorClass;
use crate::policy::Product;

/// Why a request to Jira or Confluence brought no result.
///
/// `Display` is for the caller: what failed, the status, Atlassian's own words, what to do. [`Self::operator`] adds
/// what only the operator should read: hosts and causes.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UpstreamError {
    /// No answer: name, route, refusal, TLS or a broken connection.
    #[error(
        "{} cannot be reached ({problem}); the administrator's log has the cause{}",
        product.title(), doubt(*in_doubt)
    )]
    Unreachable {
        /// Which product.
        product: Product,
        /// Whether a change was asked for that may have been carried out all the same.
        in_doubt: bool,
        /// The kind of problem.
        problem: Problem,
        /// The whole chain of causes, for the operator.
        detail: String,
    },
    /// No answer in time.
    #[error("{} did not answer in time{}", product.title(), late(*in_doubt))]
    Timeout {
        /// Which product.
        product: Product,
        /// Whether a change was asked for that may have been carried out all the same.
        in_doubt: bool,
    },
    /// An answer that is not a success.
    #[error("{}", status_text(self, *product, *status, *retry_after, *in_doubt))]
    Status {
        /// Which product.
        product: Product,
        /// The HTTP status.
        status: u16,
        /// Atlassian's own messages, each shortened.
        messages: Vec<String>,
        /// What we add to them.
        advice: Vec<String>,
        /// Seconds to wait, when the answer said so.
        retry_after: Option<u64>,
        /// Whether a change was asked for that may have been carried out all the same.
        in_doubt: bool,
    },
    /// A success that is not JSON, for example a login page.
    #[error(
        "{} answered {status} with {content}, not with JSON; probably a login page or a proxy answered in its place{}",
        product.title(), doubt(*in_doubt)
    )]
    NotJson {
        /// Which product.
        product: Product,
        /// The HTTP status.
        status: u16,
        /// The kind of content, for example `text/html`.
        content: String,
        /// Whether a change was asked for that may have been carried out all the same.
        in_doubt: bool,
    },
    /// A success that is a page where a file should be.
    #[error(
        "{} answered {status} with {content} in place of the file; probably a login page or a proxy answered in its place",
        product.title()
    )]
    NotFile {
        /// Which product.
        product: Product,
        /// The HTTP status.
        status: u16,
        /// The kind of content.
        content: String,
    },
    /// JSON that is broken, cut, or not of the shape it must have.
    #[error("{}'s answer{} could not be read: {problem}{}", product.title(), given(*status), doubt(*in_doubt))]
    Malformed {
        /// Which product.
        product: Product,
        /// The HTTP status, where it is still known.
        status: Option<u16>,
        /// Whether a change was asked for that may have been carried out all the same.
        in_doubt: bool,
        /// What is wrong with it.
        problem: String,
    },
    /// An answer larger than the limit.
    #[error(
        "{}'s answer{} is larger than {limit} bytes; ask for fewer items or fields{}",
        product.title(), given(Some(*status)), doubt(*in_doubt)
    )]
    TooLarge {
        /// Which product.
        product: Product,
        /// The HTTP status.
        status: u16,
        /// Whether a change was asked for that may have been carried out all the same.
        in_doubt: bool,
        /// The limit in bytes.
        limit: usize,
    },
    /// The request was not sent: the site failed too often just now.
    #[error(
        "{} failed {failures} times in a row and is left alone; it is asked again in {seconds} seconds",
        product.title()
    )]
    LeftAlone {
        /// Which product.
        product: Product,
        /// How many requests in a row failed.
        failures: u32,
        /// Until then.
        seconds: u64,
    },
    /// The request was not sent: the call has asked for enough.
    #[error(
        "the call was ended after {requests} requests to {} with {bytes} bytes of answers; ask for less at once",
        product.title()
    )]
    Exhausted {
        /// Which product.
        product: Product,
        /// How many requests were made.
        requests: usize,
        /// How many bytes the answers had.
        bytes: u64,
    },
    /// Too much was found, or was to be left out, to go through it. How much is not told: some of it may be hidden.
    #[error("{0}; narrow the search, such as to a project or space, a type or a date")]
    TooWide(&'static str),
    /// The request was not sent: a header that the operator adds is not to be had.
    #[error("{text}")]
    NoHeader {
        /// Which product.
        product: Product,
        /// What failed and what to do, without hosts, paths and names of secrets.
        text: String,
        /// The same for the operator.
        detail: String,
    },
    /// The request was not sent: it does more than the permit allows.
    #[error("the request was not sent: a read may not {method} to {}", product.title())]
    NotARead {
        /// Which product.
        product: Product,
        /// The HTTP method.
        method: String,
    },
    /// The request was not sent: it names an object the permit was not made for.
    #[error("the request was not sent: {0}")]
    NotPermitted(String),
}

/// How many of Atlassian's messages are passed on: of things that were sent together, each may have its own.
const MOST_SAID: usize = 50;

impl UpstreamError {
    /// The upstream's HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. }
            | Self::NotJson { status, .. }
            | Self::NotFile { status, .. }
            | Self::TooLarge { status, .. } => Some(*status),
            Self::Malformed { status, .. } => *status,
            _ => None,
        }
    }

    /// What went wrong, in the word of records.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Unreachable { .. } => ErrorClass::UpstreamUnreachable,
            Self::Timeout { .. } => ErrorClass::UpstreamTimeout,
            Self::Status { status: 409 | 412, .. } => ErrorClass::Conflict,
            Self::Status { .. } => ErrorClass::UpstreamStatus,
            Self::NotJson { .. } | Self::NotFile { .. } => ErrorClass::NotAtlassian,
            Self::Malformed { .. } => ErrorClass::BadAnswer,
            Self::TooLarge { .. } => ErrorClass::TooLarge,
            Self::LeftAlone { .. } => ErrorClass::LeftAlone,
            Self::Exhausted { .. } | Self::TooWide(_) => ErrorClass::Exhausted,
            Self::NoHeader { .. } => ErrorClass::CredentialUnavailable,
            Self::NotARead { .. } | Self::NotPermitted(_) => ErrorClass::NotPermitted,
        }
    }

    /// Seconds to wait, when the answer said so.
    pub(super) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::LeftAlone { seconds, .. } => Some(*seconds),
            _ => None,
        }
    }

    /// Whether there was no answer at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Timeout { .. } | Self::LeftAlone { .. })
    }

    /// What Atlassian said in its own words: all of it, as what is left out may be what matters.
    pub fn messages(&self) -> &[String] {
        match self {
            Self::Status { messages, .. } => messages,
            _ => &[],
        }
    }

    /// As much of it as is passed on, joined to one text.
    pub(crate) fn said(&self) -> String {
        let advice: &[String] = match self {
            Self::Status { advice, .. } => advice,
            _ => &[],
        };
        let said = self.messages().iter().take(MOST_SAID).chain(advice);
        said.map(|text| text.trim_end_matches('.')).collect::<Vec<_>>().join("; ")
    }

    /// The same answer, with what we add to Atlassian's own words.
    #[must_use]
    pub(crate) fn with_advice(mut self, added: impl IntoIterator<Item = String>) -> Self {
        if let Self::Status { advice, .. } = &mut self {
            advice.extend(added);
        }
        self
    }

    /// The same answer, with only those of Atlassian's words that may be told.
    #[must_use]
    pub(crate) fn told(&self, may_be_told: impl Fn(&str) -> bool) -> Self {
        let mut told = self.clone();
        if let Self::Status { messages, .. } = &mut told {
            messages.retain(|text| may_be_told(text));
        }
        told
    }

    /// True when Atlassian said that the object does not exist, or hid it.
    pub fn is_absent(&self) -> bool {
        self.status() == Some(404)
    }

    /// The text for the operator's log.
    pub fn operator(&self) -> String {
        match self {
            Self::Unreachable { product, problem, detail, .. } => {
                format!("{self}: {detail}{}", problem.remedy(*product))
            }
            Self::Status { product, status: 407, .. } => {
                format!("{self}{}", Problem::ProxyCredential.remedy(*product))
            }
            Self::NoHeader { product, detail, .. } => {
                format!(
                    "a header that is added to requests to {} is not to be had: {detail}",
                    product.title()
                )
            }
            _ => self.to_string(),
        }
    }

    /// Reads the error of an answer that is not a success.
    pub(crate) fn from_answer(product: Product, status: u16, retry_after: Option<u64>, body: &[u8]) -> Self {
        let messages = serde_json::from_slice(body).map(|body| messages_of(&body)).unwrap_or_default();
        Self::Status { product, status, messages, advice: Vec::new(), retry_after, in_doubt: false }
    }

    /// The same error with its messages changed.
    #[must_use]
    pub(crate) fn with_messages(mut self, change: impl Fn(&str) -> String) -> Self {
        if let Self::Status { messages, .. } = &mut self {
            for message in messages {
                *message = change(message);
            }
        }
        self
    }

    /// An answer with a shape it must not have, seen after it was read.
    pub(crate) fn malformed(product: Product, problem: &str) -> Self {
        Self::Malformed { product, status: None, in_doubt: false, problem: problem.to_owned() }
    }

    /// An answer to a change with a shape it must not have: whether the change was made is not known.
    pub(crate) fn malformed_change(product: Product, status: u16, problem: &str) -> Self {
        Self::Malformed { product, status: Some(status), in_doubt: true, problem: problem.to_owned() }
    }

    /// Whether it is the error of a change of which nobody knows whether it was made.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Unreachable { in_doubt, .. }
            | Self::Timeout { in_doubt, .. }
            | Self::Status { in_doubt, .. }
            | Self::NotJson { in_doubt, .. }
            | Self::Malformed { in_doubt, .. }
            | Self::TooLarge { in_doubt, .. } => *in_doubt,
            Self::LeftAlone { .. }
            | Self::NotFile { .. }
            | Self::Exhausted { .. }
            | Self::TooWide(_)
            | Self::NoHeader { .. }
            | Self::NotARead { .. }
            | Self::NotPermitted(_) => false,
        }
    }

    /// The same error, of a request that was to change something: except where the answer is a plain refusal or
    /// there was no connection, nobody knows whether the change was made, and the caller must not just try again.
    pub(super) fn of_change(mut self) -> Self {
        match &mut self {
            // With Retry-After, 503 comes from who took nothing in; without, what stands in front of Atlassian may say
            // so after it has passed the request on.
            Self::Status { status: ..500, .. }
            | Self::Status { status: 503, retry_after: Some(_), .. }
            | Self::LeftAlone { .. }
            | Self::NotFile { .. }
            | Self::Exhausted { .. }
            | Self::TooWide(_)
            | Self::NoHeader { .. }
            | Self::NotARead { .. }
            | Self::NotPermitted(_) => {}
            Self::Unreachable { problem, in_doubt, .. } => *in_doubt = *problem == Problem::Broken,
            Self::Timeout { in_doubt, .. }
            | Self::Status { in_doubt, .. }
            | Self::NotJson { in_doubt, .. }
            | Self::Malformed { in_doubt, .. }
            | Self::TooLarge { in_doubt, .. } => *in_doubt = true,
        }
        self
    }
}

/// The status of an answer, in brackets.
fn given(status: Option<u16>) -> String {
    status.map(|status| format!(" ({status})")).unwrap_or_default()
}

fn doubt(in_doubt: bool) -> &'static str {
    if in_doubt { ". Whether the change was made is not known: look before you ask for it again" } else { "" }
}

fn late(in_doubt: bool) -> &'static str {
    if in_doubt { doubt(true) } else { "; try again, or ask for less at once" }
}

fn status_text(
    error: &UpstreamError,
    product: Product,
    status: u16,
    retry_after: Option<u64>,
    in_doubt: bool,
) -> String {
    let title = product.title();
    let mut text = format!("{title} answered {status}");
    let said = error.said();
    if !said.is_empty() {
        text.push_str(": ");
        text.push_str(&said);
    }
    match (status, retry_after) {
        (401, _) => text + &format!(". {title} did not accept the credential; check the token"),
        (403, _) => text + &format!(". {title} does not let this account do that"),
        (429, Some(seconds)) => text + &format!(". Wait {seconds} seconds before the next call"),
        (429, None) => text + ". Wait before the next call",
        (407, _) => text + ". That is the proxy: it does not accept the user name and password",
        (300..=399, _) => {
            text + &format!(
                ". It sends on to another address, which is not followed: probably a page to log in, or {}_URL is not \
                 the address it has now",
                title.to_uppercase()
            )
        }
        (410, _) => text + ". The endpoint is gone at this version",
        (500.., _) if in_doubt => text + &format!(". The fault is on the server's side{}", doubt(in_doubt)),
        (500.., Some(seconds)) => {
            text + &format!(". The fault is on the server's side; try again in {seconds} seconds")
        }
        (500.., None) => text + ". The fault is on the server's side; try again later",
        _ => text,
    }
}

/// Collects the messages of Jira's and Confluence's error bodies, in order, each cut at 300 characters.
fn messages_of(body: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let texts =
        |value: &Value| value.as_array().into_iter().flatten().filter_map(text_of).collect::<Vec<_>>();
    found.extend(body.get("errorMessages").map(texts).unwrap_or_default());
    match body.get("errors") {
        Some(Value::Object(fields)) => {
            found.extend(
                fields.iter().filter_map(|(name, value)| Some(format!("{name}: {}", text_of(value)?))),
            );
        }
        Some(Value::Array(errors)) => {
            found.extend(errors.iter().flat_map(entry_messages));
            found.extend(errors.iter().filter_map(text_of));
        }
        _ => {}
    }
    if found.is_empty() {
        found.extend(
            ["message", "errorMessage", "error_description", "error"]
                .iter()
                .find_map(|name| body.get(name).and_then(text_of)),
        );
    }
    found
}

/// What Jira says of one of several issues that were to be created at once.
fn entry_messages(error: &Value) -> Vec<String> {
    let Some(errors) = error.get("elementErrors") else { return Vec::new() };
    let number = error.get("failedElementNumber").and_then(Value::as_u64).unwrap_or(0) + 1;
    messages_of(errors).into_iter().map(|message| format!("entry {number}: {message}")).collect()
}

fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Object(object) => ["detail", "title", "message", "translation"]
            .iter()
            .find_map(|name| object.get(*name).and_then(Value::as_str))?,
        _ => return None,
    };
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn atlassians_own_words_are_kept() {
        let table = [
            (json!({"errorMessages": ["Issue Does Not Exist"], "errors": {}}), vec!["Issue Does Not Exist"]),
            (
                json!({"errorMessages": [], "errors": {"summary": "is required"}}),
                vec!["summary: is required"],
            ),
            (json!({"statusCode": 404, "message": "No content found"}), vec!["No content found"]),
            (
                json!({"errors": [{"status": 400, "code": "X", "title": "Bad space", "detail": null}]}),
                vec!["Bad space"],
            ),
            (
                json!({"errors": [{"failedElementNumber": 1, "elementErrors": {"errors": {"summary": "is empty"}}}]}),
                vec!["entry 2: summary: is empty"],
            ),
            (json!("text"), vec![]),
            (
                json!({"issues": [], "errors": [
                    {"status": 400, "failedElementNumber": 0, "elementErrors": {"errors": {"issuetype": "is required"}}},
                    {"status": 400, "failedElementNumber": 2, "elementErrors": {"errorMessages": ["No."], "errors": {}}},
                ]}),
                vec!["entry 1: issuetype: is required", "entry 3: No."],
            ),
        ];
        for (body, wanted) in table {
            assert_eq!(messages_of(&body), wanted, "{body}");
        }
    }

    #[test]
    fn a_change_without_a_proper_answer_is_in_doubt() {
        let product = Product::Jira;
        let status = |status| UpstreamError::from_answer(product, status, None, b"{}");
        let unreachable =
            |problem| UpstreamError::Unreachable { product, in_doubt: false, problem, detail: String::new() };
        let table = [
            (status(400), false),
            (status(429), false),
            (UpstreamError::from_answer(product, 503, Some(1), b"{}"), false),
            (status(503), true),
            (status(500), true),
            (status(504), true),
            (unreachable(Problem::Refused), false),
            (unreachable(Problem::Broken), true),
            (UpstreamError::Timeout { product, in_doubt: false }, true),
            (UpstreamError::malformed(product, "cut"), true),
            (UpstreamError::LeftAlone { product, failures: 5, seconds: 30 }, false),
        ];
        for (error, wanted) in table {
            assert!(!error.to_string().contains("not known"), "{error}");
            assert!(!error.is_in_doubt(), "{error}");
            let error = error.of_change();
            assert_eq!(error.is_in_doubt(), wanted, "{error}");
            let text = error.to_string();
            assert_eq!(text.contains("look before you ask for it again"), wanted, "{text}");
            assert!(!(wanted && text.contains("try again")), "{text}");
        }
    }

    #[test]
    fn of_many_messages_all_are_read_and_some_are_passed_on() {
        let all: Vec<String> = (0..100).map(|number| format!("Message {number}.")).collect();
        let body = json!({"errorMessages": all}).to_string();
        let error = UpstreamError::from_answer(Product::Jira, 400, None, body.as_bytes());
        assert_eq!(error.messages(), all);
        let text = error.with_advice(["do this".to_owned()]).to_string();
        assert!(text.starts_with("Jira answered 400: Message 0; Message 1; "), "{text}");
        assert!(text.ends_with("; Message 49; do this"), "{text}");
    }

    #[test]
    fn the_next_step_is_said() {
        let error = UpstreamError::from_answer(Product::Jira, 429, Some(7), b"{}");
        assert_eq!(error.to_string(), "Jira answered 429. Wait 7 seconds before the next call");
        let error = UpstreamError::from_answer(Product::Confluence, 401, None, b"<html>");
        assert!(error.to_string().contains("check the token"), "{error}");
    }
}
