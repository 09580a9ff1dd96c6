//! Counts how far a reader looks ahead, so that tests can say how much work a text is without a clock.

#[cfg(test)]
thread_local! {
    static TAKEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// So many bytes were looked at that are looked at again later.
#[cfg(test)]
pub(super) fn add(bytes: usize) {
    TAKEN.set(TAKEN.get() + bytes);
}

/// Outside of tests nobody counts.
#[cfg(not(test))]
pub(super) const fn add(_bytes: usize) {}

/// What was counted so far in this thread.
#[cfg(test)]
pub(in super::super) fn taken() -> usize {
    TAKEN.get()
}
