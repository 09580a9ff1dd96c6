//! What is written down: an intent on disk before anything reaches Atlassian, an outcome after, and every refusal.
//!
//! No other module can make a [`Permit`]: [`Trail::admit`] turns what `policy` allowed into one, after the intent is
//! durable. The [`Trail`] of a call is a guard: dropped without an end, it writes `abandoned`.

mod alarm;
mod chain;
mod code;
mod error;
mod event;
mod facts;
mod group;
mod heads;
mod key;
mod ledger;
mod log;
mod merkle;
#[path = "verify/name.rs"]
#[expect(dead_code, reason = "verification uses all of it")]
mod name;
mod note;
mod open_call;
mod permit;
mod record;
mod recovery;
mod reserve;
mod scan;
mod signing;
mod storage;
#[cfg(test)]
mod tests;
mod trail;
mod writer;

pub use code::Code;
pub use code::documentation;
pub use error::AuditError;
pub use event::Event;
pub use event::Opening;
pub use event::Reason;
pub use facts::CallFacts;
pub use facts::CallId;
pub use facts::Outcome;
pub use facts::SearchNote;
pub use facts::UpstreamNote;
pub use key::HmacKey;
pub use log::Audit;
pub use log::AuditSettings;
pub use merkle::TreeHash;
pub use name::LogName;
pub use note::Checkpoint;
pub use note::NoteError;
pub use note::SignedCheckpoint;
pub use note::Signer;
pub use note::VerifierKey;
pub use permit::Admissible;
pub use permit::Admitted;
pub use permit::LookupPermit;
pub use permit::Permit;
pub use permit::Spent;
pub use permit::Warrant;
pub use record::FORMAT;
pub use signing::SigningKey;
pub use trail::Trail;
