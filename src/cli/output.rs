//! The one place that writes to the terminal.

use std::io::Write;

/// A line on standard output. A closed pipe is no error of ours.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// A line on standard error.
pub(super) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "portcullis: {text}");
}
