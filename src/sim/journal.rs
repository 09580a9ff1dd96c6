//! The log of product requests: what came, without secrets, what was answered, and whether the client left early.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;

use axum::body::HttpBody;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::Method;
use http::Uri;
use http::header;
use http::request::Parts;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::call;
use super::site::lock;

/// Older entries are dropped, so that a long benchmark does not fill the memory.
const LONGEST: usize = 10_000;
const SECRET_HEADERS: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "x-api-key"];

#[derive(Debug, Default)]
pub(crate) struct Journal {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    list: VecDeque<Entry>,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// The scheme of the credential: all of it that is kept.
    scheme: Option<String>,
    body: Bytes,
    /// What follows `~` in the credential.
    mark: Option<String>,
    status: Option<u16>,
    /// How long the answer is, where that is known.
    length: Option<u64>,
    client_gone: bool,
}

/// An entry whose answer is not sent yet; dropped unfinished, the client has gone.
#[derive(Debug)]
pub(crate) struct Open {
    journal: Arc<Journal>,
    number: u64,
    finished: bool,
}

impl Journal {
    pub(crate) fn begin(self: &Arc<Self>, parts: &Parts) -> Open {
        let mut headers = parts.headers.clone();
        let scheme = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .map(|value| value.split(' ').next().unwrap_or_default().to_owned());
        for name in SECRET_HEADERS {
            headers.remove(name);
        }
        let mut entries = lock(&self.entries);
        entries.last += 1;
        let number = entries.last;
        if entries.list.len() == LONGEST {
            entries.list.pop_front();
        }
        let (method, uri) = (parts.method.clone(), parts.uri.clone());
        let body = Bytes::new();
        entries.list.push_back(Entry {
            number,
            method,
            uri,
            headers,
            scheme,
            body,
            mark: call::mark(&parts.headers),
            status: None,
            length: None,
            client_gone: false,
        });
        drop(entries);
        Open { journal: Arc::clone(self), number, finished: false }
    }

    pub(crate) fn clear(&self) {
        lock(&self.entries).list.clear();
    }

    /// How many requests there were, those that are no longer in the log among them.
    pub(crate) fn count(&self) -> u64 {
        lock(&self.entries).last
    }

    /// All entries, oldest first.
    pub(crate) fn rendered(&self) -> Value {
        lock(&self.entries).list.iter().map(Entry::rendered).collect()
    }

    fn change(&self, number: u64, change: impl FnOnce(&mut Entry)) {
        let mut entries = lock(&self.entries);
        // The newest are at the end, and so is nearly every entry that changes.
        if let Some(entry) = entries.list.iter_mut().rev().find(|entry| entry.number == number) {
            change(entry);
        }
    }
}

impl Open {
    pub(crate) fn set_body(&mut self, body: &Bytes) {
        if !body.is_empty() {
            self.journal.change(self.number, |entry| entry.body = body.clone());
        }
    }

    /// Notes the answer and hands it on.
    pub(crate) fn finish(mut self, response: Response) -> Response {
        self.finished = true;
        let length = response.body().size_hint().exact();
        self.journal.change(self.number, |entry| {
            entry.status = Some(response.status().as_u16());
            entry.length = length;
        });
        response
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.finished {
            self.journal.change(self.number, |entry| entry.client_gone = true);
        }
    }
}

impl Entry {
    fn rendered(&self) -> Value {
        let mut headers: Map<String, Value> = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), Value::from(String::from_utf8_lossy(value.as_bytes()))))
            .collect();
        if let Some(scheme) = &self.scheme {
            headers.insert("authorization".to_owned(), Value::from(format!("{scheme} …")));
        }
        let query: Vec<Value> =
            call::query(&self.uri).into_iter().map(|(name, value)| json!([name, value])).collect();
        let body = match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(_) if self.body.is_empty() => Value::Null,
            Err(_) => Value::from(String::from_utf8_lossy(&self.body)),
        };
        json!({
            "number": self.number,
            "method": self.method.as_str(),
            "path": self.uri.path(),
            "query": query,
            "headers": headers,
            "body": body,
            "mark": self.mark,
            "status": self.status,
            "length": self.length,
            "client_gone": self.client_gone,
        })
    }
}
