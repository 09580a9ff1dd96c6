//! The markup module and the verification of the audit log by themselves, and what must hold for any input.

#[path = "../../../src/markup/mod.rs"]
pub mod markup;

pub mod audit;

mod laws;

/// Holds an input of a format against the laws.
pub fn hold(format: markup::Format, input: &[u8]) {
    laws::hold(format, input);
}
