//! Records in the journal of systemd, in its native protocol: one datagram with fields, of which the record is the
//! message (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>).

use std::io;
use std::sync::Arc;

use super::queue::Taker;

/// Where the journal listens.
#[cfg(target_os = "linux")]
const SOCKET: &str = "/run/systemd/journal/socket";

/// How long it may take for one record.
#[cfg(target_os = "linux")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// A socket of our own.
#[derive(Debug)]
pub(super) struct Journal {
    #[cfg(target_os = "linux")]
    socket: std::os::unix::net::UnixDatagram,
}

impl Journal {
    #[cfg(target_os = "linux")]
    pub(super) fn new() -> io::Result<Self> {
        let socket = std::os::unix::net::UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { socket })
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn new() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The fields of a record. A line has no line end in it, so that each of them is text.
fn fields(line: &str) -> String {
    format!("PRIORITY=6\nSYSLOG_FACILITY=13\nSYSLOG_IDENTIFIER=portcullis-audit\nMESSAGE={line}\n")
}

impl Taker<Arc<str>> for Journal {
    #[cfg(target_os = "linux")]
    fn take(&mut self, line: &Arc<str>) -> io::Result<()> {
        match self.socket.send_to(fields(line).as_bytes(), SOCKET) {
            // More than a datagram holds would have to be handed over as a file.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "the record is too long for the journal"))
            }
            sent => sent.map(drop),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn take(&mut self, line: &Arc<str>) -> io::Result<()> {
        drop(fields(line));
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_message_with_fields() {
        let text = fields("{\"v\":2}");
        let found: Vec<(&str, &str)> = text.lines().map(|line| line.split_once('=').unwrap()).collect();
        assert_eq!(
            found,
            [
                ("PRIORITY", "6"),
                ("SYSLOG_FACILITY", "13"),
                ("SYSLOG_IDENTIFIER", "portcullis-audit"),
                ("MESSAGE", "{\"v\":2}"),
            ]
        );
    }
}
