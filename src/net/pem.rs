//! PEM, for keys as well: what is decoded is wiped when dropped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One part of a PEM file.
pub(super) struct Section<'a> {
    /// What its first line says, as `CERTIFICATE`.
    pub(super) label: &'a str,
    /// Whether it begins with headers, as only keys with the encryption of old do.
    pub(super) has_headers: bool,
    lines: Vec<&'a str>,
}

impl Section<'_> {
    /// Its bytes.
    pub(super) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, &'static str> {
        let length = self.lines.iter().map(|line| line.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(length));
        for line in &self.lines {
            text.push_str(line);
        }
        // With room for all of it: a buffer that grows leaves copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(length));
        STANDARD.decode_vec(text.as_bytes(), &mut bytes).map_err(|_| "a part of it is not base64")?;
        Ok(bytes)
    }
}

/// All parts, in order; what stands between them is a comment.
pub(super) fn sections(text: &[u8]) -> Result<Vec<Section<'_>>, &'static str> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not text, so perhaps DER or PKCS#12")?;
    let mut sections = Vec::new();
    let mut open: Option<Section<'_>> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) {
            if open.is_some() {
                return Err("a part of it has no end");
            }
            open = Some(Section { label, has_headers: false, lines: Vec::new() });
            continue;
        }
        let Some(section) = &mut open else { continue };
        if let Some(label) = line.strip_prefix(END).and_then(|rest| rest.strip_suffix(DASHES)) {
            if label != section.label {
                return Err("a part of it ends as another one");
            }
            sections.extend(open.take());
        } else if line.contains(':') {
            section.has_headers = true;
        } else {
            section.lines.push(line);
        }
    }
    if open.is_some() { Err("a part of it has no end") } else { Ok(sections) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(text: &str) -> Result<Vec<(&str, bool)>, &'static str> {
        let sections = sections(text.as_bytes())?;
        Ok(sections.into_iter().map(|section| (section.label, section.has_headers)).collect())
    }

    #[test]
    fn parts_are_found_between_comments() {
        let text = "subject=x\r\n-----BEGIN A-----\r\nYWI=\r\n-----END A-----\r\nmore\n -----BEGIN B C-----\n\
                    Proc-Type: 4,ENCRYPTED\n\nYWI=\n-----END B C-----";
        assert_eq!(labels(text), Ok(vec![("A", false), ("B C", true)]));
        assert_eq!(*sections(text.as_bytes()).unwrap()[0].decode().unwrap(), b"ab");
        assert_eq!(labels(""), Ok(vec![]));
        for (text, wanted) in [
            ("-----BEGIN A-----\nYWI=", "a part of it has no end"),
            ("-----BEGIN A-----\n-----BEGIN A-----", "a part of it has no end"),
            ("-----BEGIN A-----\n-----END B-----", "a part of it ends as another one"),
        ] {
            assert_eq!(labels(text), Err(wanted), "{text}");
        }
        assert!(sections(b"\x30\x82\xff").is_err());
        let bad = sections(b"-----BEGIN A-----\n%%\n-----END A-----").unwrap();
        assert_eq!(bad[0].decode().unwrap_err(), "a part of it is not base64");
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..200), width in 1_usize..80) {
            let encoded = STANDARD.encode(&bytes);
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let text = format!("-----BEGIN X-----\n{}\n-----END X-----\n", lines.join("\n"));
            let found = sections(text.as_bytes()).unwrap();
            prop_assert_eq!(&*found[0].decode().unwrap(), &bytes);
        }

        #[test]
        fn nothing_makes_it_panic(text in prop::collection::vec(any::<u8>(), 0..200)) {
            for section in sections(&text).unwrap_or_default() {
                prop_assert!(section.decode().map_or(0, |bytes| bytes.len()) <= text.len());
            }
        }
    }
}
