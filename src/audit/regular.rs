//! Opening files of a directory that others may write to: a pipe or a device must not make anybody wait.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;

/// Opens a file to read.
///
/// # Errors
/// If it cannot be opened, or is no regular file.
pub(super) fn open(path: &Path) -> io::Result<File> {
    opened(OpenOptions::new().read(true), path)
}

/// Opens a file to read and to add to, with the same errors.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    opened(OpenOptions::new().read(true).append(true), path)
}

fn opened(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Opening a pipe waits for its other end without this; a regular file does not care.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_and_a_directory_are_refused_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        for path in [pipe.as_path(), directory.path()] {
            for opened in [open(path), open_to_append(path)] {
                assert!(opened.is_err(), "{}", path.display());
            }
        }
        std::fs::write(directory.path().join("file"), "x").unwrap();
        assert!(open(&directory.path().join("file")).is_ok());
    }
}
