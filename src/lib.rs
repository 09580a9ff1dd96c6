//! Portcullis: an MCP server for Jira and Confluence where every call is allowed by policy, written down and
//! explainable afterwards.
//!
//! The path of one call is [`call`]; a tool is one file under [`tools`]; a rule is one policy under `policies/`.
//! Edges between the modules (a test holds them): `mcp` -> `call` -> `identity`, `tools`, `lookup`, `policy`, `audit`;
//! `tools` -> `atlassian`, `markup`; `atlassian`, `lookup` -> `net` -> `secrets`; nothing -> `mcp`. Only `net` (and
//! `secrets::vault`) names reqwest, only `config` reads the environment, only `policy` makes an
//! [`policy::Allowed`], only `audit` makes an [`audit::Permit`].

pub mod atlassian;
pub mod audit;
pub mod brake;
pub mod call;
pub mod cli;
pub mod config;
pub mod identity;
pub mod ids;
pub mod lookup;
pub mod markup;
pub mod mcp;
pub mod net;
pub mod oauth;
pub mod policy;
pub mod secrets;
pub mod sim;
pub mod telemetry;
pub mod tools;
