//! Which entries two lists have in common.

/// Pairs that are compared in one list at most.
const MOST_PAIRS: usize = 4_000_000;

/// The longest common part of two lists, as pairs of places.
pub(super) fn common<T: PartialEq>(one: &[T], other: &[T]) -> Vec<(usize, usize)> {
    let before = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let after = one.iter().skip(before).rev().zip(other.iter().skip(before).rev());
    let after = after.take_while(|(a, b)| a == b).count();
    let (one_end, other_end) = (one.len() - after, other.len() - after);
    let middle = match (one.get(before..one_end), other.get(before..other_end)) {
        (Some(one), Some(other)) if one.len().saturating_mul(other.len()) <= MOST_PAIRS => {
            longest(one, other)
        }
        _ => Vec::new(),
    };
    let middle = middle.into_iter().map(|(a, b)| (a + before, b + before));
    let end = (0..after).map(|number| (one_end + number, other_end + number));
    (0..before).map(|number| (number, number)).chain(middle).chain(end).collect()
}

fn longest<T: PartialEq>(one: &[T], other: &[T]) -> Vec<(usize, usize)> {
    let width = other.len() + 1;
    // How long the common part of what comes after each pair of places is.
    let mut lengths = vec![0_u32; (one.len() + 1) * width];
    let length =
        |lengths: &[u32], a: usize, b: usize| lengths.get(a * width + b).copied().unwrap_or_default();
    for (a, left) in one.iter().enumerate().rev() {
        for (b, right) in other.iter().enumerate().rev() {
            let longest = if left == right {
                length(&lengths, a + 1, b + 1) + 1
            } else {
                length(&lengths, a + 1, b).max(length(&lengths, a, b + 1))
            };
            if let Some(slot) = lengths.get_mut(a * width + b) {
                *slot = longest;
            }
        }
    }
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while let (Some(left), Some(right)) = (one.get(a), other.get(b)) {
        if left == right {
            pairs.push((a, b));
            (a, b) = (a + 1, b + 1);
        } else if length(&lengths, a + 1, b) >= length(&lengths, a, b + 1) {
            a += 1;
        } else {
            b += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_aligned() {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let table =
            [("abc", "abc", 3), ("abc", "axc", 2), ("abcd", "bd", 2), ("", "x", 0), ("xaby", "zabw", 2)];
        for (one, other, wanted) in table {
            let pairs = common(&chars(one), &chars(other));
            assert_eq!(pairs.len(), wanted, "{one} {other}: {pairs:?}");
            assert!(pairs.iter().all(|(a, b)| chars(one)[*a] == chars(other)[*b]));
            assert!(pairs.is_sorted(), "{pairs:?}");
        }
    }
}
