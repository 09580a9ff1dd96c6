//! Writes logs as the server does, and as one who forges them would.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::audit::merkle::Frontier;
use crate::audit::merkle::TreeHash;
use crate::audit::note::Checkpoint;
use crate::audit::note::Signer;
use crate::audit::verify::LogName;

/// A directory of logs, and the key that signs them.
pub(super) struct Directory {
    directory: TempDir,
    pub(super) signer: Signer,
}

/// A file that is whole.
#[derive(Clone)]
pub(super) struct Written {
    pub(super) name: LogName,
    pub(super) records: u64,
    root: TreeHash,
    last: TreeHash,
}

/// A file that grows.
pub(super) struct Growing<'d> {
    directory: &'d Directory,
    name: LogName,
    sequence: u64,
    previous: TreeHash,
    tree: Frontier,
    text: String,
    next: Option<String>,
}

impl Directory {
    pub(super) fn new(seed: u8) -> Self {
        let signer = Signer::new("portcullis/default", &[seed; 32]).unwrap();
        Self { directory: tempfile::tempdir().unwrap(), signer }
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(super) fn begin(
        &self,
        name: &str,
        stage: &str,
        continues: Option<&Written>,
        heads: &[&Written],
        sequence: u64,
    ) -> Growing<'_> {
        let previous = continues.map_or(TreeHash::ZERO, |file| file.last);
        let mut file = Growing {
            directory: self,
            name: LogName::read(name).unwrap(),
            sequence,
            previous,
            tree: Frontier::default(),
            text: String::new(),
            next: None,
        };
        file.record(
            stage,
            &json!({
                "checkpoint_key": self.signer.verifier().to_string(),
                "continues": continues.map(Written::triple),
                "heads": heads.iter().map(|file| file.triple()).collect::<Vec<_>>(),
            }),
        );
        file
    }
}

impl Written {
    fn triple(&self) -> Value {
        json!({"file": self.name.file(), "records": self.records, "root": self.root.to_string()})
    }
}

impl Growing<'_> {
    /// Adds a record.
    pub(super) fn record(&mut self, stage: &str, fields: &Value) {
        let Self { sequence, previous, .. } = self;
        let fields = serde_json::to_string(fields).unwrap();
        let fields = fields[1..].strip_suffix('}').unwrap().to_owned();
        let comma = if fields.is_empty() { "" } else { "," };
        let line = format!(
            "{{\"v\":2,\"seq\":{sequence},\"prev\":\"{previous}\",\"stage\":\"{stage}\"{comma}{fields}}}"
        );
        self.previous = TreeHash::of_line(line.as_bytes());
        self.tree.push(self.previous);
        self.sequence += 1;
        self.text.push_str(&line);
        self.text.push('\n');
    }

    /// Adds the records of a call.
    pub(super) fn call(&mut self, id: &str) {
        self.record(
            "intent",
            &json!({"call": id, "code": "PC1002", "decision": {"id": format!("d{}", &id[1..])}}),
        );
        self.record("outcome", &json!({"call": id, "code": "PC1003"}));
    }

    pub(super) fn next(&mut self, file: &str) {
        self.next = Some(file.to_owned());
    }

    /// Ends the file, and signs it.
    pub(super) fn end(mut self, stage: &str) -> Written {
        let fields = self.next.take().map_or(json!({}), |next| json!({"next": next}));
        self.record(stage, &fields);
        self.sign()
    }

    /// Leaves the file as it is, signed.
    pub(super) fn sign(&self) -> Written {
        self.sign_with(&self.directory.signer)
    }

    /// Leaves the file as it is, signed with another key.
    pub(super) fn sign_with(&self, signer: &Signer) -> Written {
        let note = signer.sign(&Checkpoint {
            origin: self.name.origin(),
            size: self.tree.size(),
            root: self.tree.root(),
        });
        fs::write(self.directory.file(&self.name.checkpoint_file()), note).unwrap();
        self.leave()
    }

    /// Leaves the file as it is, with the checkpoint that it had.
    pub(super) fn leave(&self) -> Written {
        fs::write(self.directory.file(&self.name.file()), &self.text).unwrap();
        let (records, root) = (self.tree.size(), self.tree.root());
        Written { name: self.name.clone(), records, root, last: self.previous }
    }
}
