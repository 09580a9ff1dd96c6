//! The records of one file: each by itself, each after the one before, and the tree of them all.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::ops::ControlFlow;

use super::super::merkle::Frontier;
use super::super::merkle::ProofBuilder;
use super::super::merkle::TreeHash;
use super::finding::RecordFault;
use super::line::LONGEST;
use super::line::Line;
use super::stream;

/// A record with its text.
pub(super) type Record = (Line, Vec<u8>);

/// What is in a file, up to its first bad record.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) tree: Frontier,
    /// The roots that were asked for, by the number of records.
    pub(super) roots: BTreeMap<u64, TreeHash>,
    pub(super) first: Option<Record>,
    pub(super) last: Option<Record>,
    /// The records that were looked for, by their place from 0.
    pub(super) kept: Vec<(u64, Vec<u8>)>,
    /// How many bytes there are after the last whole line.
    pub(super) torn: u64,
    /// What is wrong with the record after these.
    pub(super) fault: Option<RecordFault>,
}

impl Contents {
    /// Reads the first `length` bytes of a file; takes note of the roots at these sizes, and of records that `keep`
    /// chooses.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(super) fn read<R: Read + Seek>(
        open: impl Fn() -> io::Result<R> + Sync,
        length: u64,
        sizes: &BTreeSet<u64>,
        keep: impl Fn(&[u8]) -> bool + Sync,
    ) -> io::Result<Self> {
        let mut contents = Self::default();
        contents.note_root(sizes);
        stream::in_order(
            open,
            length,
            |bytes| Block::inspect(bytes, &keep),
            |block| contents.add(block, sizes),
        )?;
        Ok(contents)
    }

    /// How many good records there are.
    pub(super) fn records(&self) -> u64 {
        self.tree.size()
    }

    fn add(&mut self, block: Block, sizes: &BTreeSet<u64>) -> ControlFlow<()> {
        if let (Some((before, _)), Some((first, _))) = (&self.last, &block.first)
            && let Err(fault) = first.follows(before)
        {
            self.fault = Some(fault);
            return ControlFlow::Break(());
        }
        let begun = self.tree.size();
        for hash in block.hashes {
            self.tree.push(hash);
            self.note_root(sizes);
        }
        self.kept.extend(block.kept.into_iter().map(|(place, text)| (begun + place, text)));
        self.first = self.first.take().or(block.first);
        self.last = block.last.or(self.last.take());
        self.torn = block.torn;
        self.fault = block.fault;
        if self.fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn note_root(&mut self, sizes: &BTreeSet<u64>) {
        if sizes.contains(&self.tree.size()) {
            self.roots.insert(self.tree.size(), self.tree.root());
        }
    }
}

/// The inclusion proofs of some records among the first `size`, from the same file.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn proofs<R: Read + Seek>(
    open: impl Fn() -> io::Result<R> + Sync,
    length: u64,
    size: u64,
    places: &[u64],
) -> io::Result<Vec<Vec<TreeHash>>> {
    let mut builders: Vec<ProofBuilder> =
        places.iter().filter_map(|place| ProofBuilder::new(*place, size)).collect();
    stream::in_order(
        open,
        length,
        |bytes| Block::inspect(bytes, &|_| false).hashes,
        |hashes| {
            for builder in &mut builders {
                for hash in &hashes {
                    builder.push(*hash);
                }
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(builders.into_iter().map(ProofBuilder::finish).collect())
}

/// What a worker found in a block.
#[derive(Default)]
struct Block {
    hashes: Vec<TreeHash>,
    first: Option<Record>,
    last: Option<Record>,
    kept: Vec<(u64, Vec<u8>)>,
    torn: u64,
    fault: Option<RecordFault>,
}

impl Block {
    fn inspect(bytes: &[u8], keep: &impl Fn(&[u8]) -> bool) -> Self {
        let mut block = Self::default();
        let mut rest = bytes;
        let mut last: Option<(Line, &[u8])> = None;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let text = rest.get(..end).unwrap_or_default();
            let read = Line::read(text);
            match read
                .and_then(|line| last.map_or(Ok(line), |(before, _)| line.follows(&before).map(|()| line)))
            {
                Ok(line) => {
                    if keep(text) {
                        block.kept.push((block.size(), text.to_vec()));
                    }
                    block.hashes.push(line.hash);
                    block.first.get_or_insert_with(|| (line, text.to_vec()));
                    last = Some((line, text));
                }
                Err(fault) => {
                    block.fault = Some(fault);
                    break;
                }
            }
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        block.last = last.map(|(line, text)| (line, text.to_vec()));
        if block.fault.is_none() && rest.len() > LONGEST {
            block.fault = Some(RecordFault::TooLong);
        }
        block.torn = u64::try_from(rest.len()).unwrap_or(u64::MAX);
        block
    }

    fn size(&self) -> u64 {
        u64::try_from(self.hashes.len()).unwrap_or(u64::MAX)
    }
}
