//! How the records of a file hang together: their numbers, the hash of the one before, and the tree of them all.

use super::TreeHash;
use super::key::RecordKey;
use super::merkle::Frontier;
use super::record::write_line;

/// Where the next record goes.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    /// The number of the last record, over all files of the process.
    sequence: u64,
    /// The hash of the last record.
    previous: TreeHash,
    /// The tree of this file.
    tree: Frontier,
}

impl Default for Chain {
    fn default() -> Self {
        Self::after(TreeHash::ZERO)
    }
}

impl Chain {
    /// The chain of a new process, whose first record comes after another process's last one.
    pub(super) fn after(previous: TreeHash) -> Self {
        Self { sequence: 0, previous, tree: Frontier::default() }
    }

    /// The chain as the records of a file leave it.
    pub(super) fn of(sequence: u64, previous: TreeHash, tree: Frontier) -> Self {
        Self { sequence, previous, tree }
    }

    /// The same chain at the start of the next file.
    pub(super) fn next_file(&self) -> Self {
        Self { tree: Frontier::default(), ..*self }
    }

    /// Adds the line of a record to what is to be written.
    pub(super) fn append(&mut self, text: &mut String, inside: &str, key: &RecordKey) {
        let start = text.len();
        self.sequence += 1;
        write_line(text, self.sequence, self.previous, inside);
        key.seal(text, start);
        self.previous = TreeHash::of_line(text.as_bytes().get(start..).unwrap_or_default());
        self.tree.push(self.previous);
        text.push('\n');
    }

    /// The hash of the last record.
    pub(super) fn previous(&self) -> TreeHash {
        self.previous
    }

    /// How many records the file has.
    pub(super) fn records(&self) -> u64 {
        self.tree.size()
    }

    /// The root of the file's tree.
    pub(super) fn root(&self) -> TreeHash {
        self.tree.root()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::HmacKey;
    use super::*;

    #[test]
    fn each_record_has_the_hash_of_the_one_before_and_the_next_file_goes_on() {
        let mut chain = Chain::default();
        let mut text = String::new();
        let key = HmacKey::from_secret("0123456789abcdef0123456789abcdef");
        let key = key.records();
        chain.append(&mut text, "\"a\":1", key);
        chain.append(&mut text, "\"a\":2", key);
        assert_eq!(chain.records(), 2);
        let mut chain = chain.next_file();
        chain.append(&mut text, "\"a\":3", key);
        assert_eq!(chain.records(), 1);
        let lines: Vec<&str> = text.lines().collect();
        let read: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let before = |line: &str| TreeHash::of_line(line.as_bytes()).to_string();
        let previous = [TreeHash::ZERO.to_string(), before(lines[0]), before(lines[1])];
        for (record, (sequence, previous)) in read.iter().zip((1..).zip(previous)) {
            assert_eq!((&record["seq"], &record["prev"]), (&Value::from(sequence), &Value::from(previous)));
        }
        assert_eq!(chain.root(), TreeHash::of_line(lines[2].as_bytes()));
        let other = HmacKey::from_secret("another key with more than 32 characters");
        for line in lines {
            assert!(
                key.has_sealed(line.as_bytes()) && !other.records().has_sealed(line.as_bytes()),
                "{line}"
            );
            assert!(!key.has_sealed(line.replace("\"a\"", "\"b\"").as_bytes()), "{line}");
            assert!(!key.has_sealed(&line.as_bytes()[..line.len() - 1]), "{line}");
        }
        assert!(!key.has_sealed(b"") && !key.has_sealed(b"{}"));
    }
}
