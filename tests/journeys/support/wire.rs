//! HTTP byte by byte: what no proper client would send.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::World;

/// An answer, its header names in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl World {
    /// Sends bytes and reads until the server closes, which `Connection: close` in them asks for.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        parse(&self.sent(request).await)
    }

    /// Sends bytes, and returns what came until the server closed.
    pub(crate) async fn sent(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.authority()).await.unwrap();
        // The server may answer and close before it has read a request that is too large.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "no end of the answer: {}", String::from_utf8_lossy(&answer));
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// A POST to the endpoint with these further headers, each with its line end.
    pub(crate) async fn post(&self, headers: &str, body: &[u8]) -> Answer {
        self.post_to("/mcp", &format!("Host: {}\r\n{headers}", self.authority()), body).await
    }

    /// A POST with these headers and no `Host` of its own.
    pub(crate) async fn post_to(&self, path: &str, headers: &str, body: &[u8]) -> Answer {
        let length = body.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n");
        // Headers are Latin-1 on the wire.
        let head = head.chars().map(|character| u8::try_from(u32::from(character)).unwrap());
        self.raw(&head.chain(body.iter().copied()).collect::<Vec<u8>>()).await
    }
}

fn parse(text: &str) -> Answer {
    let text = text.strip_prefix("HTTP/1.1 100 Continue\r\n\r\n").unwrap_or(text);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Answer { status, headers, body: body.to_owned() }
}
