//! A client over one kept-alive connection that costs next to nothing itself, for HTTP/1.1 with a content length.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpStream;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;
use serde_json::Value;

/// A connection that is used again and again.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    received: Vec<u8>,
}

/// A whole answer, and how long it took from the first byte sent to the last byte read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) took: Duration,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        Ok(Self { stream, address, received: Vec::with_capacity(1 << 16) })
    }

    /// The bytes of a request to this address.
    pub(crate) fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Vec<u8> {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if !body.is_empty() {
            let length = body.len().to_string();
            text.extend(["Content-Type: application/json\r\nContent-Length: ", &length, "\r\n"]);
        }
        format!("{text}\r\n{body}").into_bytes()
    }

    /// Sends a request and reads its answer.
    pub(crate) fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.received.clear();
        let started = Instant::now();
        self.stream.write_all(request)?;
        let head = loop {
            if let Some(end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.receive()?;
        };
        let (status, length) = read_head(self.received.get(..head).unwrap_or_default())?;
        while self.received.len() < head + length {
            self.receive()?;
        }
        let took = started.elapsed();
        ensure!(self.received.len() == head + length, "more came than was announced");
        Ok(Answer { status, body: self.received.split_off(head), took })
    }

    fn receive(&mut self) -> anyhow::Result<()> {
        let mut chunk = [0; 16 * 1024];
        let count = self.stream.read(&mut chunk)?;
        if count == 0 {
            bail!("{} closed the connection", self.address);
        }
        self.received.extend_from_slice(chunk.get(..count).unwrap_or_default());
        Ok(())
    }

    /// The text at a path.
    pub(crate) fn text(&mut self, target: &str) -> anyhow::Result<String> {
        let request = self.request("GET", target, &[], "");
        let answer = self.exchange(&request)?;
        ensure!(answer.status == 200, "{target} answered {}", answer.status);
        Ok(String::from_utf8(answer.body)?)
    }

    /// The JSON at a path.
    pub(crate) fn json(&mut self, target: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.text(target)?)?)
    }
}

/// The status and the content length.
fn read_head(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("the answer has no content length")?;
    Ok((status, length.1.trim().parse()?))
}
