//! The one way out to Jira and Confluence: one client builder, bounded answers, one kind of error.
//!
//! Nothing leaves without a [`Warrant`]: a permit, or the record of a look-up. What the warrant's effect does not
//! allow by method is refused here too, so a read stays a read even if a tool is wrong.

mod authority;
mod certificate;
mod client;
mod credential;
mod error;
mod guard;
mod headers;
mod path;
mod patience;
mod pem;
mod problem;
mod proxy;
mod receiver;
mod request;
#[cfg(feature = "pac")]
mod script;
mod stream;
mod trust;
mod upstream;

pub use authority::Authority;
pub use authority::AuthorityError;
pub use certificate::CertificateError;
pub use certificate::ClientCertificate;
pub use client::ClientError;
pub use client::ClientSettings;
pub use client::build_client;

pub use credential::Credential;
pub use credential::CredentialError;
pub use credential::CredentialSource;
pub use credential::NoUserCredential;
pub use credential::Renew;
pub use credential::UserCredentials;
pub use error::UpstreamError;
pub use guard::Guard;
pub use guard::GuardError;
pub use guard::GuardedUrl;
pub use guard::download_target;
pub use headers::Headers;
pub use path::Path;
pub use patience::Patience;
pub use problem::Problem;
pub use proxy::Exempt;
pub use proxy::Proxies;
pub use proxy::ProxyError;
pub use proxy::within;
pub use receiver::Receiver;
pub use receiver::UnsendableToken;
pub use receiver::Untaken;
pub use request::Body;
pub use request::Content;
pub use request::Field;
pub use request::File;
pub use request::Reply;
pub use request::Request;
pub use reqwest::Client;
pub use stream::Stream;
pub use stream::StreamSettings;
pub use stream::StreamTls;
pub use trust::Trust;
pub use upstream::ANSWER_LIMIT;
pub use upstream::Upstream;
pub use upstream::UpstreamSettings;

pub use crate::audit::Warrant;
