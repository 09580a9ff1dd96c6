//! Checkpoints of a log file as [C2SP signed notes](https://c2sp.org/signed-note), in the form of
//! [tlog-checkpoint](https://c2sp.org/tlog-checkpoint), so that the tools of others can check them.
//!
//! What is read may come from anyone: one spelling is taken of every note and every key, and no other.

use std::fmt;
use std::fmt::Write;
use std::str::FromStr;

use aws_lc_rs::digest;
use aws_lc_rs::signature::ED25519;
use aws_lc_rs::signature::Ed25519KeyPair;
use aws_lc_rs::signature::KeyPair;
use aws_lc_rs::signature::UnparsedPublicKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::merkle::TreeHash;

/// The type byte of an Ed25519 key in a note.
const ALGORITHM: u8 = 1;

/// How many bytes of a key's hash a signature names it by.
const ID_LENGTH: usize = 4;

/// How many bytes an Ed25519 public key has.
const KEY_LENGTH: usize = 32;

/// How many signatures of others a note may carry: witnesses add theirs.
const MOST_SIGNATURES: usize = 16;

/// The longest note that is read.
pub(super) const LONGEST_NOTE: usize = 64 * 1024;

/// Why a note or a key is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not a checkpoint at all.
    #[error("it is not a checkpoint: {0}")]
    Form(&'static str),
    /// Not one signature is of the key.
    #[error("it is not signed with the key `{wanted}`, but with {signed}")]
    OtherKey {
        /// The key it should be signed with, as signatures name it.
        wanted: String,
        /// The keys it is signed with.
        signed: String,
    },
    /// The signature of the key is wrong.
    #[error("the signature of `{0}` is wrong: what it signed was something else")]
    Signature(String),
    /// It is not a key to check with.
    #[error("it is not a key to check with: {0}; one looks like `name+1a2b3c4d+AbCd..`")]
    Key(&'static str),
}

/// How much of a log file was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: `portcullis/` and the file's name without its ending.
    pub origin: String,
    /// How many records.
    pub size: u64,
    /// The root of the tree of these records.
    pub root: TreeHash,
}

impl Checkpoint {
    /// What is signed.
    pub(super) fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.as_bytes()))
    }

    /// The signed note, with a signature that was made elsewhere.
    ///
    /// # Errors
    /// If that is not the key's signature of this checkpoint.
    pub(super) fn with(&self, key: &VerifierKey, signature: &[u8]) -> Result<String, NoteError> {
        let text = self.text();
        UnparsedPublicKey::new(&ED25519, &key.public)
            .verify(text.as_bytes(), signature)
            .map_err(|_| NoteError::Signature(named(&key.name, key.id)))?;
        Ok(signed(&text, key, signature))
    }
}

/// A checkpoint as it was read, with signatures that nobody has checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    unchecked: Checkpoint,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    id: [u8; ID_LENGTH],
    bytes: Vec<u8>,
}

impl SignedCheckpoint {
    /// Reads a note.
    ///
    /// # Errors
    /// If it is not spelled as [`Signer::sign`] spells it, with more signatures at most.
    pub fn read(note: &[u8]) -> Result<Self, NoteError> {
        if note.len() > LONGEST_NOTE {
            return Err(NoteError::Form("it is too long"));
        }
        let note = std::str::from_utf8(note).map_err(|_| NoteError::Form("it is not UTF-8"))?;
        let lines = note.strip_suffix('\n').ok_or(NoteError::Form("its last line has no end"))?;
        let mut lines = lines.split('\n');
        let mut line = || lines.next().ok_or(NoteError::Form("it is cut short"));
        let unchecked = checkpoint(line()?, line()?, line()?)?;
        if !line()?.is_empty() {
            return Err(NoteError::Form("an empty line is missing after the root"));
        }
        let signatures = lines.map(signature).collect::<Result<Vec<_>, _>>()?;
        if signatures.is_empty() || signatures.len() > MOST_SIGNATURES {
            return Err(NoteError::Form("it has no signature, or too many"));
        }
        Ok(Self { unchecked, signatures })
    }

    /// The checkpoint, if the key has signed it. Signatures of other keys say nothing, for or against.
    ///
    /// # Errors
    /// If no signature is of this key, or one of them is wrong.
    pub fn verify(&self, key: &VerifierKey) -> Result<&Checkpoint, NoteError> {
        let text = self.unchecked.text();
        let mut own =
            self.signatures.iter().filter(|found| found.name == key.name && found.id == key.id).peekable();
        if own.peek().is_none() {
            let signed: Vec<String> =
                self.signatures.iter().map(|found| named(&found.name, found.id)).collect();
            return Err(NoteError::OtherKey { wanted: named(&key.name, key.id), signed: signed.join(", ") });
        }
        for signature in own {
            UnparsedPublicKey::new(&ED25519, &key.public)
                .verify(text.as_bytes(), &signature.bytes)
                .map_err(|_| NoteError::Signature(named(&key.name, key.id)))?;
        }
        Ok(&self.unchecked)
    }

    /// Which log it says it is of. Nothing is known of that before [`Self::verify`].
    pub fn claimed_origin(&self) -> &str {
        &self.unchecked.origin
    }

    /// How many records it says it covers. Nothing is known of that before [`Self::verify`].
    pub fn claimed_size(&self) -> u64 {
        self.unchecked.size
    }
}

fn checkpoint(origin: &str, size: &str, root: &str) -> Result<Checkpoint, NoteError> {
    if !is_name(origin) {
        return Err(NoteError::Form("its first line is not the name of a log"));
    }
    let number = size.parse().ok().filter(|number: &u64| number.to_string() == size);
    let size = number.ok_or(NoteError::Form("its second line is not a number of records"))?;
    // The decoder takes canonical base64 alone.
    let root = STANDARD.decode(root).ok().and_then(|root| TreeHash::from_slice(&root));
    let root = root.ok_or(NoteError::Form("its third line is not a root hash"))?;
    Ok(Checkpoint { origin: origin.to_owned(), size, root })
}

fn signature(line: &str) -> Result<Signature, NoteError> {
    let wrong = NoteError::Form("a signature line is not one");
    let (name, encoded) =
        line.strip_prefix("— ").and_then(|line| line.split_once(' ')).ok_or(wrong.clone())?;
    let decoded = STANDARD.decode(encoded).map_err(|_| wrong.clone())?;
    match decoded.split_first_chunk() {
        Some((id, bytes)) if is_name(name) && !bytes.is_empty() => {
            Ok(Signature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
        }
        _ => Err(wrong),
    }
}

/// What may stand as a name: of a key by the specification, and of a log by its recommendation.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn named(name: &str, id: [u8; ID_LENGTH]) -> String {
    format!("{}+{}", name.escape_debug(), hex::encode(id))
}

/// A key that checks signatures, as one writes it down: `<name>+<8 hexadecimal digits>+<base64>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; ID_LENGTH],
    public: [u8; KEY_LENGTH],
}

impl VerifierKey {
    /// A key by its name and its bytes.
    ///
    /// # Errors
    /// If no key can have this name.
    pub fn new(name: &str, public: [u8; KEY_LENGTH]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty, or has a space or a plus sign"));
        }
        let mut hashed = digest::Context::new(&digest::SHA256);
        hashed.update(name.as_bytes());
        hashed.update(&[b'\n', ALGORITHM]);
        hashed.update(&public);
        let id = hashed.finish().as_ref().first_chunk().copied().unwrap_or_default();
        Ok(Self { name: name.to_owned(), id, public })
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name and id, by which people tell keys apart: `<name>+<8 hexadecimal digits>`.
    pub fn short(&self) -> String {
        named(&self.name, self.id)
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        // Base64 has plus signs as well, and names have none.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it has not three parts"));
        };
        let decoded = STANDARD.decode(encoded).map_err(|_| NoteError::Key("its last part is not base64"))?;
        let Some((&ALGORITHM, public)) = decoded.split_first() else {
            return Err(NoteError::Key("it is not for Ed25519"));
        };
        let public =
            public.try_into().map_err(|_| NoteError::Key("it has not the length of an Ed25519 key"))?;
        let key = Self::new(name, public)?;
        if key.to_string() != text {
            return Err(NoteError::Key("its parts do not belong together"));
        }
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ALGORITHM];
        key.extend_from_slice(&self.public);
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id), STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key that signs checkpoints.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl Signer {
    /// A key from its 32 secret bytes.
    ///
    /// # Errors
    /// If no key can have this name, or these bytes are no key.
    pub fn new(name: &str, seed: &[u8]) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)
            .map_err(|_| NoteError::Key("it has not the length of an Ed25519 key"))?;
        let public =
            pair.public_key().as_ref().try_into().map_err(|_| NoteError::Key("it is not for Ed25519"))?;
        Ok(Self { verifier: VerifierKey::new(name, public)?, pair })
    }

    /// The key that checks what this one signs.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// A checkpoint as a signed note.
    pub fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint.text();
        let signature = self.pair.sign(text.as_bytes());
        signed(&text, &self.verifier, signature.as_ref())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.verifier)
    }
}

fn signed(text: &str, key: &VerifierKey, signature: &[u8]) -> String {
    let mut bytes = key.id.to_vec();
    bytes.extend_from_slice(signature);
    let mut note = text.to_owned();
    // Writing to a string cannot fail.
    let _ = writeln!(note, "\n— {} {}", key.name, STANDARD.encode(bytes));
    note
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of Go's golang.org/x/mod/sumdb/note, where this format comes from.
    const GO_SEED: &str = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    /// The example of the specification of checkpoints.
    const C2SP_NOTE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
    /// The verifier key of the specification of notes.
    const C2SP_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    fn signer() -> Signer {
        Signer::new("portcullis/default", &[7; 32]).unwrap()
    }

    fn example() -> Checkpoint {
        let origin = "portcullis/audit-default-20261129T054000Z".to_owned();
        Checkpoint { origin, size: 1042, root: TreeHash::of_line(b"{}") }
    }

    #[test]
    fn signatures_are_those_of_the_implementation_in_go() {
        let seed = STANDARD.decode(GO_SEED).unwrap();
        let signer = Signer::new("PeterNeumann", &seed[1..]).unwrap();
        assert_eq!(signer.verifier().to_string(), GO_KEY);
        let signature = signer.pair.sign(GO_TEXT.as_bytes());
        assert_eq!(signed(GO_TEXT, signer.verifier(), signature.as_ref()), GO_NOTE);
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let note = SignedCheckpoint::read(C2SP_NOTE.as_bytes()).unwrap();
        assert_eq!((note.claimed_origin(), note.claimed_size()), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(hex::encode(note.signatures[0].id), "033de0ae");
        assert_eq!(C2SP_KEY.parse::<VerifierKey>().unwrap().to_string(), C2SP_KEY);
    }

    #[test]
    fn a_checkpoint_comes_back_and_no_bit_of_it_can_change() {
        let note = signer().sign(&example());
        let read = SignedCheckpoint::read(note.as_bytes()).unwrap();
        assert_eq!(read.verify(signer().verifier()), Ok(&example()));
        for bit in 0..note.len() * 8 {
            let mut bytes = note.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let taken =
                SignedCheckpoint::read(&bytes).is_ok_and(|read| read.verify(signer().verifier()).is_ok());
            assert!(!taken, "{bit}");
        }
    }

    #[test]
    fn a_note_has_one_spelling() {
        let note = signer().sign(&example());
        let tail = note.lines().last().unwrap();
        let others = [
            note.replace('\n', "\r\n"),
            note.trim_end().to_owned(),
            format!("{note}\n"),
            format!(" {note}"),
            note.replace("\n1042\n", "\n01042\n"),
            note.replace("\n1042\n", "\n+1042\n"),
            note.replace("\n1042\n", "\n18446744073709551616\n"),
            note.replace("\n\n", "\nextension\n\n"),
            note.replace("\n\n", "\n\n\n"),
            note.replace("— ", "- "),
            note.replace("—", " —"),
            note.replace(tail, &format!("{tail}=")),
            note.replace(tail, ""),
            format!("{note}{}\n", "— other AAAAAAA=\n".repeat(MOST_SIGNATURES).trim_end()),
            note.replace("portcullis/audit", "port cullis"),
            String::new(),
        ];
        for other in others {
            assert!(SignedCheckpoint::read(other.as_bytes()).is_err(), "{other:?}");
        }
        assert!(SignedCheckpoint::read(&vec![b'a'; LONGEST_NOTE + 1]).is_err());
    }

    #[test]
    fn signatures_of_others_say_nothing() {
        let note = signer().sign(&example());
        let other = Signer::new("portcullis/default", &[8; 32]).unwrap();
        let theirs = other.sign(&example());
        let both = format!("{note}{}\n", theirs.lines().last().unwrap());
        let read = SignedCheckpoint::read(both.as_bytes()).unwrap();
        assert_eq!(read.verify(signer().verifier()), read.verify(other.verifier()));
        let error =
            SignedCheckpoint::read(theirs.as_bytes()).unwrap().verify(signer().verifier()).unwrap_err();
        assert!(matches!(error, NoteError::OtherKey { .. }), "{error}");
    }

    #[test]
    fn a_key_has_one_spelling() {
        let others = [
            GO_KEY.replace("c74f20a3", "C74F20A3"),
            GO_KEY.replace("c74f20a3", "c74f20a4"),
            GO_KEY.replace("PeterNeumann", "Peter Neumann"),
            GO_KEY.replace("+ARpc", "+ABpc"),
            GO_KEY.replace("TW", "TX"),
            format!("{GO_KEY} "),
            format!("{GO_KEY}="),
            "PeterNeumann+c74f20a3".to_owned(),
            "+c74f20a3+AQ==".to_owned(),
        ];
        for other in others {
            assert!(other.parse::<VerifierKey>().is_err(), "{other}");
        }
        assert!(Signer::new("a b", &[7; 32]).is_err() && Signer::new("ab", &[7; 31]).is_err());
    }

    proptest! {
        #[test]
        fn what_is_taken_is_printed_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in ".*\\+[0-9a-f]{8}\\+.*") {
            prop_assert!(SignedCheckpoint::read(&bytes).is_err());
            if let Ok(key) = text.parse::<VerifierKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
