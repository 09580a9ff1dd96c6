//! Cedar decides here, and nowhere else: the only place that makes an [`Allowed`].
//!
//! The schema is written from the tool list ([`schema_text`]); policies are read and checked once
//! ([`Engine::load`], with [`profiles`] the only I/O but that of `prove`, which no server runs); then every call is one
//! [`Question`] to [`Engine::decide`], and every item of a result one [`Engine::may_view`]. The rules: a policy that can
//! never match is an error; a decision needs every entity in the store; any error while evaluating is a denial.

mod alone;
mod attributes;
mod blind;
mod candidates;
mod cases;
mod check;
mod context;
mod decide;
mod decision;
mod effect;
mod engine;
mod entities;
mod error;
mod explain;
mod generated;
mod matrix;
mod narrow;
mod principal;
mod profiles;
mod properties;
#[cfg(feature = "prove")]
pub mod prove;
mod record;
mod resource;
mod sample;
mod schema;
mod set;
mod shown;
mod source;
mod summary;
#[cfg(test)]
mod tests;
mod tool;
mod visible;

pub use attributes::Attribute;
pub use attributes::Known;
pub use attributes::Needs;
pub use attributes::Observed;
pub use cases::CaseFile;
pub use cases::CaseResult;
pub use cases::Report;
pub use cases::run_cases;
pub use decide::Viewer;
pub use decision::Allowed;
pub use decision::Asked;
pub use decision::Basis;
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
pub use explain::Explainer;
pub use explain::Explanation;
pub use explain::Finding;
pub use explain::PartFinding;
pub use explain::Step;
pub use matrix::Cell;
pub use matrix::Class;
pub use matrix::Matrix;
pub use matrix::Row;
pub use narrow::Condition;
pub use narrow::Filter;
pub use narrow::Narrowing;
pub use narrow::Searcher;
pub use principal::LoginFacts;
pub use principal::Principal;
pub use principal::PrincipalKind;
pub use principal::Session;
pub use profiles::Profile;
pub use profiles::profiles;
pub use record::Proof;
pub use record::ProofRecord;
pub use record::Proved;
pub use record::Verdict;
pub use resource::Part;
pub use resource::Product;
pub use resource::Resource;
pub use resource::ResourceKind;
pub use sample::Sample;
pub use schema::schema_text;
pub use shown::Shown;
pub use shown::ShownFile;
pub use shown::in_force;
pub use source::EngineSettings;
pub use source::PolicySource;
pub use summary::PolicySummary;
pub use summary::Summary;
pub use summary::check_directory;
pub use tool::InputField;
pub use tool::InputKind;
pub use tool::InputValue;
pub use tool::ToolFacts;
