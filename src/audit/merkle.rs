//! The Merkle tree of a log file as RFC 6962 has it: leaf `i` is line `i` without its newline.
//!
//! One hash of a line serves the tree, as its leaf, and the chain, as `prev` of the line after it.

use std::fmt;
use std::ops::Range;

use aws_lc_rs::digest;

/// The prefix of a leaf before it is hashed, so that no leaf can pass for a node.
const LEAF: &[u8] = &[0];

/// The prefix of two nodes before they are hashed.
const NODE: &[u8] = &[1];

/// The SHA-256 of a leaf, a node or a whole tree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TreeHash([u8; Self::LENGTH]);

impl TreeHash {
    /// How many bytes it has.
    pub const LENGTH: usize = 32;

    /// What `prev` says where there is no record before.
    pub const ZERO: Self = Self([0; Self::LENGTH]);

    /// The hash of a line, which comes without its newline.
    pub fn of_line(line: &[u8]) -> Self {
        Self::of([LEAF, line])
    }

    fn of_nodes(left: Self, right: Self) -> Self {
        Self::of([NODE, &left.0, &right.0])
    }

    fn of<const PARTS: usize>(parts: [&[u8]; PARTS]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        Self::from_slice(context.finish().as_ref()).unwrap_or(Self::ZERO)
    }

    /// A hash from its bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// A hash from its 64 lower-case hexadecimal digits: there is no other spelling.
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        if digits.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        let mut bytes = [0; Self::LENGTH];
        hex::decode_to_slice(digits, &mut bytes).ok().map(|()| Self(bytes))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TreeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tree that only grows: the roots of the full trees it is made of, the largest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Frontier {
    size: u64,
    peaks: Vec<TreeHash>,
}

impl Frontier {
    /// How many leaves the tree has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf. Each full tree that this ends takes in the one of its size to the left.
    pub(super) fn push(&mut self, leaf: TreeHash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = TreeHash::of_nodes(left, node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree as it is now.
    pub(super) fn root(&self) -> TreeHash {
        let mut peaks = self.peaks.iter().rev().copied();
        let Some(last) = peaks.next() else { return TreeHash::of([]) };
        peaks.fold(last, |right, left| TreeHash::of_nodes(left, right))
    }
}

/// Makes the inclusion proof of one leaf from all leaves in their order, in memory that does not grow with the tree.
#[derive(Debug)]
pub(super) struct ProofBuilder {
    position: u64,
    /// The neighbours on the way from the leaf to the root. Every other leaf lies in exactly one of them.
    neighbours: Vec<(Range<u64>, Frontier)>,
}

impl ProofBuilder {
    /// For a leaf of a tree with `size` leaves; none if it has no such leaf.
    pub(super) fn new(index: u64, size: u64) -> Option<Self> {
        if index >= size {
            return None;
        }
        let mut neighbours = Vec::new();
        let mut tree = 0..size;
        while tree.end - tree.start > 1 {
            let middle = tree.start + left_of(tree.end - tree.start);
            let (inside, beside) = if index < middle {
                (tree.start..middle, middle..tree.end)
            } else {
                (middle..tree.end, tree.start..middle)
            };
            neighbours.push((beside, Frontier::default()));
            tree = inside;
        }
        neighbours.reverse();
        Some(Self { position: 0, neighbours })
    }

    /// Takes the next leaf.
    pub(super) fn push(&mut self, leaf: TreeHash) {
        let position = self.position;
        if let Some((_, tree)) = self.neighbours.iter_mut().find(|(range, _)| range.contains(&position)) {
            tree.push(leaf);
        }
        self.position += 1;
    }

    /// The proof, from the leaf's neighbour to those under the root.
    pub(super) fn finish(self) -> Vec<TreeHash> {
        self.neighbours.iter().map(|(_, tree)| tree.root()).collect()
    }
}

/// How many leaves of a tree with more than one leaf are left of its root: the largest power of two below its size.
fn left_of(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The root that a leaf and its inclusion proof lead to. None if the proof cannot belong to this place in a tree of this
/// size.
pub(super) fn root_by_proof(leaf: TreeHash, index: u64, size: u64, proof: &[TreeHash]) -> Option<TreeHash> {
    if index >= size {
        return None;
    }
    // The algorithm of RFC 9162, section 2.1.3.2.
    let (mut place, mut last, mut node) = (index, size - 1, leaf);
    for &neighbour in proof {
        if last == 0 {
            return None;
        }
        if place & 1 == 1 || place == last {
            node = TreeHash::of_nodes(neighbour, node);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            node = TreeHash::of_nodes(node, neighbour);
        }
        place >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(node)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The leaves that the tests of Certificate Transparency use, and the roots of their first 0, 1, .. 8.
    const LEAVES: &[&str] =
        &["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: &[&str] = &[
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    /// Index, size and proof, of the same tests.
    const PROOFS: &[(u64, u64, &[&str])] = &[
        (0, 1, &[]),
        (
            0,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];

    fn leaves() -> Vec<TreeHash> {
        LEAVES.iter().map(|leaf| TreeHash::of_line(&hex::decode(leaf).unwrap())).collect()
    }

    fn numbered(size: u64) -> Vec<TreeHash> {
        (0..size).map(|number| TreeHash::of_line(&number.to_be_bytes())).collect()
    }

    fn prove(leaves: &[TreeHash], index: u64) -> Vec<TreeHash> {
        let mut builder = ProofBuilder::new(index, leaves.len() as u64).unwrap();
        leaves.iter().for_each(|leaf| builder.push(*leaf));
        builder.finish()
    }

    /// The definition of section 2.1 of RFC 6962, word by word.
    fn root_by_definition(leaves: &[TreeHash]) -> TreeHash {
        match leaves {
            [] => TreeHash::of([]),
            [leaf] => *leaf,
            _ => {
                let middle = leaves.len().next_power_of_two() / 2;
                TreeHash::of_nodes(
                    root_by_definition(&leaves[..middle]),
                    root_by_definition(&leaves[middle..]),
                )
            }
        }
    }

    #[test]
    fn roots_are_those_of_certificate_transparency() {
        let mut tree = Frontier::default();
        assert_eq!(tree.root().to_string(), ROOTS[0]);
        for (leaf, wanted) in leaves().into_iter().zip(&ROOTS[1..]) {
            tree.push(leaf);
            assert_eq!((tree.root().to_string().as_str(), tree.clone().root()), (*wanted, tree.root()));
        }
        assert_eq!(tree.size(), 8);
    }

    #[test]
    fn proofs_are_those_of_certificate_transparency() {
        for (index, size, wanted) in PROOFS {
            let leaves = &leaves()[..usize::try_from(*size).unwrap()];
            let proof = prove(leaves, *index);
            assert_eq!(proof.iter().map(TreeHash::to_string).collect::<Vec<_>>(), *wanted);
        }
        assert!(ProofBuilder::new(3, 3).is_none() && ProofBuilder::new(0, 0).is_none());
    }

    #[test]
    fn a_tree_of_any_size_is_as_it_is_defined() {
        let all = numbered(70);
        let mut tree = Frontier::default();
        for size in 1..=all.len() {
            tree.push(all[size - 1]);
            assert_eq!(tree.root(), root_by_definition(&all[..size]), "{size}");
        }
    }

    #[test]
    fn a_proof_leads_to_the_root_from_its_own_place_alone() {
        for size in 1..=20_u64 {
            let leaves = numbered(size);
            let root = root_by_definition(&leaves);
            for index in 0..size {
                let leaf = leaves[usize::try_from(index).unwrap()];
                let mut proof = prove(&leaves, index);
                for place in 0..=size {
                    let led = root_by_proof(leaf, place, size, &proof);
                    assert_eq!(
                        led == Some(root),
                        place == index,
                        "{place} of {size} by the proof of {index}"
                    );
                }
                proof.push(root);
                assert_eq!(root_by_proof(leaf, index, size, &proof), None);
                proof.truncate(proof.len().saturating_sub(2));
                assert_ne!(root_by_proof(leaf, index, size, &proof), Some(root).filter(|_| size > 1));
            }
        }
    }

    #[test]
    fn a_hash_has_one_spelling() {
        let hash = TreeHash::of_line(b"{}");
        let digits = hash.to_string();
        assert_eq!(TreeHash::from_hex(digits.as_bytes()), Some(hash));
        for other in [digits.to_uppercase(), digits[1..].to_owned(), format!("{digits}0"), "é".repeat(32)] {
            assert_eq!(TreeHash::from_hex(other.as_bytes()), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics_on_numbers_of_others(index: u64, size: u64, count in 0_usize..70) {
            let proof = vec![TreeHash::ZERO; count];
            let led = root_by_proof(TreeHash::ZERO, index, size, &proof);
            prop_assert!(led.is_none() || index < size);
            prop_assert_eq!(ProofBuilder::new(index, size).is_some(), index < size);
        }
    }
}
