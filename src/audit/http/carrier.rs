//! One request with lines of a log file.

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use super::super::LogName;
use crate::net::Receiver;
use crate::net::Untaken;

/// The file that the lines are of.
const LOG: HeaderName = HeaderName::from_static("portcullis-log");

/// The number of the first line's record: what the receiver has of this file up to there, it can leave out.
const FIRST: HeaderName = HeaderName::from_static("portcullis-first-seq");

/// JSON, one value a line.
const KIND: &str = "application/x-ndjson";

/// Takes lines to where they are kept.
pub(in super::super) trait Carrier: Send + 'static {
    /// Returns when the lines are kept, or it is not known that they are. They may come more than once.
    fn carry(&mut self, log: &LogName, first: u64, lines: Vec<u8>) -> Result<(), String>;
}

/// Takes them to an HTTP receiver.
#[derive(Debug)]
pub(in super::super) struct HttpCarrier {
    receiver: Receiver,
    /// Connections are looked after also between requests, so that one that was closed is not used again.
    runtime: Runtime,
}

impl HttpCarrier {
    pub(in super::super) fn new(receiver: Receiver) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("audit-http-io")
            .enable_all()
            .build()?;
        Ok(Self { receiver, runtime })
    }
}

impl Carrier for HttpCarrier {
    fn carry(&mut self, log: &LogName, first: u64, lines: Vec<u8>) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        let log = HeaderValue::from_str(&log.file()).map_err(|error| error.to_string())?;
        headers.insert(LOG, log);
        headers.insert(FIRST, first.into());
        let lines = Bytes::from(lines);
        let send = || self.receiver.take(KIND, headers.clone(), lines.clone());
        let sent = match self.runtime.block_on(send()) {
            // The server may have closed a connection just when it was to be used: that is no fault.
            Err(Untaken::Unreachable(_)) => self.runtime.block_on(send()),
            sent => sent,
        };
        sent.map_err(|error| error.to_string())
    }
}
