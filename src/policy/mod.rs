//! Cedar decides here, and nowhere else: the only place that makes an [`Allowed`].
//!
//! The schema is written from the tool list ([`schema_text`]); policies are read and checked once
//! ([`Engine::load`], the only I/O but that of `prove`, which no server runs); then every call is one [`Question`] to [`Engine::decide`], and every item of a
//! result one [`Engine::may_view`]. The rules: a policy that can never match is an error; a decision needs every
//! entity in the store; any error while evaluating is a denial.

mod alone;
mod candidates;
mod check;
mod context;
mod decide;
mod decision;
mod effect;
mod engine;
mod entities;
mod error;
mod generated;
mod principal;
mod properties;
#[cfg(feature = "prove")]
pub mod prove;
mod record;
mod resource;
mod schema;
mod set;
mod source;
mod summary;
#[cfg(test)]
mod tests;
mod tool;
mod visible;

pub use decide::Viewer;
pub use decision::Allowed;
pub use decision::Decision;
pub use decision::Denied;
pub use decision::DenyReason;
pub use decision::Question;
pub use effect::Access;
pub use effect::Effect;
pub use effect::Read;
pub use effect::Write;
pub use engine::Engine;
pub use error::PolicyError;
pub use error::Problem;
pub use principal::Principal;
pub use principal::PrincipalKind;
pub use principal::Session;
pub use record::Proof;
pub use record::ProofRecord;
pub use record::Proved;
pub use record::Verdict;
pub use resource::Part;
pub use resource::Product;
pub use resource::Resource;
pub use resource::ResourceKind;
pub use schema::schema_text;
pub use source::EngineSettings;
pub use source::PolicySource;
pub use summary::PolicySummary;
pub use summary::Summary;
pub use summary::check_directory;
pub use tool::InputField;
pub use tool::InputKind;
pub use tool::InputValue;
pub use tool::ToolFacts;
