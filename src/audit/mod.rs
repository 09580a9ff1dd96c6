//! What is written down: an intent on disk before anything reaches Atlassian, an outcome after, and every refusal.
//!
//! No other module can make a [`Permit`]: [`Trail::admit`] turns what `policy` allowed into one, after the intent is
//! durable. The [`Trail`] of a call is a guard: dropped without an end, it writes `abandoned`.

mod alarm;
mod class;
mod code;
mod error;
mod event;
mod facts;
mod group;
mod key;
mod level;
mod log;
mod merkle;
mod note;
mod parts;
mod permit;
pub mod read;
mod reason;
mod record;
mod reference;
mod refusals;
mod storage;
#[cfg(test)]
mod tests;
mod trail;
mod values;
pub mod verify;
mod writer;

pub use class::ErrorClass;
pub use code::Code;
pub use error::AuditError;
pub use event::Event;
pub use event::Reason;
pub use facts::Account;
pub use facts::CallFacts;
pub use facts::CallId;
pub use facts::Ended;
pub use facts::Outcome;
pub use facts::SearchNote;
pub use facts::UpstreamNote;
pub use key::HmacKey;
pub use level::Level;
pub use level::Rule;
pub use level::Rules;
pub use log::Audit;
pub use log::AuditSettings;
pub use merkle::Frontier;
pub use merkle::TreeHash;
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
pub use reason::RefusalReason;
pub use record::FORMAT;
pub use reference::documentation;
pub use refusals::Refusals;
pub use refusals::Refused;
pub use trail::Trail;
