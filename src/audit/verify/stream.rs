//! A file in blocks of whole lines: worker threads look at them, and what they found comes back in the file's order.
//! Memory does not grow with the file.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::ops::ControlFlow;
use std::sync::mpsc;
use std::sync::mpsc::SyncSender;
use std::thread;

use super::line::LONGEST;

/// How many bytes a block has, up to the end of its last line.
const BLOCK: u64 = 1024 * 1024;

/// How many blocks a worker may be ahead of the one who takes them.
const AHEAD: usize = 2;

/// How many bytes at once are read on to the end of a line.
const STEP: u64 = 16 * 1024;

/// Shows every block of a file's first `length` bytes to `inspect`, on as many threads as there are processors, and gives
/// what it made of them to `take`, one after another.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn in_order<R, T>(
    open: impl Fn() -> io::Result<R> + Sync,
    length: u64,
    inspect: impl Fn(&[u8]) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()>,
) -> io::Result<()>
where
    R: Read + Seek,
    T: Send,
{
    let blocks = length.div_ceil(BLOCK);
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(usize::try_from(blocks).unwrap_or(usize::MAX))
        .max(1);
    let work = |first: u64, give: &mut dyn FnMut(io::Result<T>) -> ControlFlow<()>| {
        let mut reader = open().map(|file| Blocks { file, length, buffer: Vec::new() });
        for block in (first..blocks).step_by(workers) {
            let result = match &mut reader {
                Ok(reader) => reader.read(block * BLOCK).map(&inspect),
                Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
            };
            if give(result).is_break() {
                return;
            }
        }
    };
    // A thread costs more than a small file.
    if workers <= 1 {
        let mut end = Ok(());
        work(0, &mut |result| pass(result, &mut take, &mut end));
        return end;
    }
    thread::scope(|scope| {
        let work = &work;
        let receivers: Vec<_> = (0..blocks)
            .take(workers)
            .map(|first| {
                let (sender, receiver) = mpsc::sync_channel(AHEAD);
                scope.spawn(move || work(first, &mut |result| send(&sender, result)));
                receiver
            })
            .collect();
        let mut end = Ok(());
        for (_, receiver) in (0..blocks).zip(receivers.iter().cycle()) {
            let result =
                receiver.recv().unwrap_or_else(|_| Err(io::Error::other("a thread that read it ended")));
            if pass(result, &mut take, &mut end).is_break() {
                break;
            }
        }
        // With the receivers gone, the workers end as well.
        end
    })
}

fn pass<T>(
    result: io::Result<T>,
    take: &mut impl FnMut(T) -> ControlFlow<()>,
    end: &mut io::Result<()>,
) -> ControlFlow<()> {
    match result {
        Ok(found) => take(found),
        Err(error) => {
            *end = Err(error);
            ControlFlow::Break(())
        }
    }
}

fn send<T>(sender: &SyncSender<T>, result: T) -> ControlFlow<()> {
    if sender.send(result).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// One worker's view of the file.
struct Blocks<R> {
    file: R,
    length: u64,
    buffer: Vec<u8>,
}

impl<R: Read + Seek> Blocks<R> {
    /// The lines that begin in the block at `start`. The last one is whole, unless the file ends before it does, or it is
    /// too long for a record.
    fn read(&mut self, start: u64) -> io::Result<&[u8]> {
        // The byte before tells whether a line begins right here.
        let from = start.saturating_sub(1);
        self.buffer.clear();
        self.file.seek(SeekFrom::Start(from))?;
        let mut position = self.extend(from, (start + BLOCK).min(self.length) - from)?;
        let first = match memchr::memchr(b'\n', &self.buffer) {
            _ if start == 0 => 0,
            Some(newline) => newline + 1,
            None => self.buffer.len(),
        };
        if first < self.buffer.len() && !self.buffer.ends_with(b"\n") {
            let begun = self.buffer.len();
            while position < self.length && self.buffer.len() - begun <= LONGEST {
                let before = self.buffer.len();
                position = self.extend(position, STEP.min(self.length - position))?;
                let added = self.buffer.get(before..).unwrap_or_default();
                if let Some(newline) = memchr::memchr(b'\n', added) {
                    self.buffer.truncate(before + newline + 1);
                    break;
                }
            }
        }
        Ok(self.buffer.get(first..).unwrap_or_default())
    }

    /// Reads on by so many bytes; returns the new position.
    fn extend(&mut self, position: u64, count: u64) -> io::Result<u64> {
        let read = self.file.by_ref().take(count).read_to_end(&mut self.buffer)?;
        if u64::try_from(read).is_ok_and(|read| read == count) {
            Ok(position + count)
        } else {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn lines(contents: &[u8]) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let length = contents.len() as u64;
        in_order(
            || Ok(Cursor::new(contents)),
            length,
            |block| block.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>(),
            |block| {
                found.extend(block);
                ControlFlow::Continue(())
            },
        )
        .unwrap();
        found
    }

    #[test]
    fn every_line_comes_once_and_in_order() {
        let block = usize::try_from(BLOCK).unwrap();
        for length in [1, 7, 600, block / 2 - 1, block / 2, block - 2, block - 1, block, LONGEST - 1] {
            let mut contents = Vec::new();
            while contents.len() < 5 * block {
                contents.extend(std::iter::repeat_n(b'a', length - 1));
                contents.push(b'\n');
            }
            contents.extend(b"torn");
            let found = lines(&contents);
            assert!(found.concat() == contents, "{length}");
            assert!(found[..found.len() - 1].iter().all(|line| line.len() == length), "{length}");
        }
    }

    #[test]
    fn a_line_without_end_is_cut_off_and_memory_with_it() {
        let contents = vec![b'a'; 6 * LONGEST];
        let found = lines(&contents);
        assert!(found.len() == 1 && found[0].len() > LONGEST && found[0].len() < 3 * LONGEST);
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn a_file_that_shrinks_is_an_error_and_who_has_enough_stops() {
        let contents = b"a\n".repeat(3 * 1024 * 1024);
        let open = || Ok(Cursor::new(&contents));
        let length = contents.len() as u64;
        let error = in_order(open, length + 1, <[u8]>::len, |_| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let mut taken = 0;
        let stop = |_| {
            taken += 1;
            ControlFlow::Break(())
        };
        in_order(open, length, <[u8]>::len, stop).unwrap();
        assert_eq!(taken, 1);
        let nothing = || Err::<Cursor<&[u8]>, _>(io::Error::from(io::ErrorKind::NotFound));
        assert!(in_order(nothing, length, <[u8]>::len, |_| ControlFlow::Continue(())).is_err());
    }
}
