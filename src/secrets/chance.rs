//! Chance, for waits that are not to be in step with others.

/// A number from 0 to 1 that nobody can guess.
pub(crate) fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness every wait is the longest one: late, but never a storm.
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return 1.0;
    }
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}
