//! Records on standard output, as they stand in the file.

use std::io;
use std::io::Write as _;
use std::sync::Arc;

use super::queue::Taker;

/// Standard output of this process.
#[derive(Debug)]
pub(super) struct Stdout;

impl Taker<Arc<str>> for Stdout {
    fn take(&mut self, line: &Arc<str>) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{line}")?;
        stdout.flush()
    }
}
