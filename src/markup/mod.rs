//! `markup`.
