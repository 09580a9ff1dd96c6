//! `tools`.
