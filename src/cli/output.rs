//! The one place that writes to the terminal.

use std::io::BufWriter;
use std::io::ErrorKind;
use std::io::Stdout;
use std::io::Write;

use super::Failure;

/// A line on standard output. A closed pipe is no error of ours.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Text on standard output as it is, without a line end of ours.
pub(super) fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// A line on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "portcullis: {text}");
}

/// Many lines on standard output. A closed pipe is no error, and then nothing more need be said; a full disk is one.
#[derive(Debug)]
pub(super) struct Lines {
    out: BufWriter<Stdout>,
    read: bool,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { out: BufWriter::new(std::io::stdout()), read: true }
    }

    /// Whether somebody still reads.
    pub(super) fn is_read(&self) -> bool {
        self.read
    }

    /// Prints a line.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Failure> {
        let said = writeln!(self.out, "{text}");
        self.told(said)
    }

    /// Sees to it that what was said is out; whether somebody still reads.
    pub(super) fn flush(&mut self) -> Result<bool, Failure> {
        let out = self.out.flush();
        self.told(out)?;
        Ok(self.read)
    }

    fn told(&mut self, result: std::io::Result<()>) -> Result<(), Failure> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.read = false;
                Ok(())
            }
            result => result.map_err(|error| Failure::temporary(format!("cannot write the output: {error}"))),
        }
    }
}
