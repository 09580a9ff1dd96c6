//! Records to a syslog server: RFC 5424, over a socket of this machine, or over TCP with octet counting (RFC 6587), which
//! with TLS is RFC 5425.

use std::io;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
#[cfg(unix)]
use std::time::Duration;

use serde::Deserialize;

use super::queue::Taker;
use crate::net::Stream;
use crate::net::StreamSettings;

/// Where the server is.
#[derive(Debug, Clone)]
pub enum SyslogServer {
    /// A socket of this machine, for datagrams.
    Unix(PathBuf),
    /// A host.
    Tcp(StreamSettings),
}

/// Facility 13, `log audit`, and severity 6, `informational`.
const PRIORITY: u8 = 13 * 8 + 6;

/// How long the other side of a socket may take for one message.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(5);

/// A way to the server, made when it is needed.
pub(super) struct Syslog {
    server: SyslogServer,
    host: String,
    connection: Option<Connection>,
}

enum Connection {
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixDatagram),
    Tcp(Box<Stream>),
}

/// What the head of a message repeats of a record.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Head {
    time: String,
    code: String,
}

impl Syslog {
    pub(super) fn new(server: SyslogServer) -> Self {
        Self { server, host: host(), connection: None }
    }

    fn connect(&self) -> io::Result<Connection> {
        match &self.server {
            #[cfg(unix)]
            SyslogServer::Unix(path) => {
                let socket = std::os::unix::net::UnixDatagram::unbound()?;
                socket.connect(path)?;
                socket.set_write_timeout(Some(PATIENCE))?;
                Ok(Connection::Unix(socket))
            }
            #[cfg(not(unix))]
            SyslogServer::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
            SyslogServer::Tcp(settings) => Ok(Connection::Tcp(Box::new(Stream::connect(settings)?))),
        }
    }
}

/// A record as a message. It is ASCII or UTF-8 without control characters, and has the time of the record.
fn message(host: &str, line: &str) -> String {
    let head: Head = serde_json::from_str(line).unwrap_or_default();
    let name = |text: &str| if is_name(text) { text.to_owned() } else { "-".to_owned() };
    let (time, code, process) = (name(&head.time), name(&head.code), std::process::id());
    format!("<{PRIORITY}>1 {time} {host} portcullis {process} {code} - {line}")
}

/// Whether a text can be a field of the head.
fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The name of this machine, as far as it can stand in a message.
fn host() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = String::new();
    let good = (1..=255).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if good { name } else { "-".to_owned() }
}

impl Taker<Arc<str>> for Syslog {
    fn take(&mut self, line: &Arc<str>) -> io::Result<()> {
        let connection = match self.connection.take() {
            Some(Connection::Tcp(stream)) if stream.is_closed() => self.connect()?,
            Some(connection) => connection,
            None => self.connect()?,
        };
        let connection = self.connection.insert(connection);
        let message = message(&self.host, line);
        let sent = match connection {
            #[cfg(unix)]
            Connection::Unix(socket) => match socket.send(message.as_bytes()) {
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) => {
                    Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too long for the socket"))
                }
                sent => sent.map(drop),
            },
            Connection::Tcp(stream) => {
                let framed = format!("{} {message}", message.len());
                stream.write_all(framed.as_bytes()).and_then(|()| stream.flush())
            }
        };
        if sent.is_err() {
            self.connection = None;
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_form_of_rfc_5424() {
        let line =
            "{\"v\":2,\"seq\":1,\"time\":\"2026-11-29T05:41:07.412Z\",\"code\":\"PC1003\",\"x\":\"é\"}";
        let process = std::process::id();
        let head = format!("<110>1 2026-11-29T05:41:07.412Z host.example portcullis {process} PC1003 - ");
        assert_eq!(message("host.example", line), head + line);
    }

    #[test]
    fn what_cannot_stand_in_the_head_does_not() {
        let line = "{\"time\":\"a b\",\"code\":\"\\n\"}";
        let process = std::process::id();
        assert_eq!(message("-", line), format!("<110>1 - - portcullis {process} - - {line}"));
        assert_eq!(message("-", "no record"), format!("<110>1 - - portcullis {process} - - no record"));
    }
}
