//! Who calls: the account at Atlassian whose credential is used, or a service named in the configuration.

mod account;
mod header;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

pub use header::HeaderError;
pub use header::credential_of;

use crate::atlassian::Instance;
use crate::audit::Trail;
use crate::lookup::LookupError;
use crate::net::Credential;
use crate::net::UpstreamError;
use crate::policy::Engine;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Session;
use crate::secrets::SecretError;

/// How long an account is believed before the credential is shown to Atlassian again.
const ACCOUNT_LIFETIME: Duration = Duration::from_mins(5);

/// How many accounts are remembered at most.
const ACCOUNTS: u64 = 1000;

/// How a caller came, before anybody looked at what the credential is worth.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Whose credential is used.
    pub login: Login,
    /// The MCP client's own name, or empty.
    pub client: String,
    /// The network address; none over stdio.
    pub address: Option<IpAddr>,
    /// `stdio` or `http`.
    pub transport: &'static str,
}

/// Whose credential a call uses.
#[derive(Debug, Clone)]
pub enum Login {
    /// stdio: the operator's own client uses the operator's credential.
    Operator,
    /// HTTP without a credential, where the configuration lends the operator's.
    Lent,
    /// HTTP with the caller's own credential.
    Own(Arc<Credential>),
}

/// An identified caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The principal of every decision.
    pub principal: Principal,
    /// How and from where.
    pub session: Session,
    /// What is shown to Atlassian.
    pub credential: Arc<Credential>,
}

/// Why a caller could not be identified.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Atlassian does not accept the credential.
    #[error("{} does not accept the credential (401); check the token", .0.title())]
    Rejected(Product),
    /// There is no credential to use.
    #[error("no credential for {} is configured; set {}", .0.title(), variables(*.0))]
    NoCredential(Product),
    /// A credential was to be lent, but no service is named.
    #[error("the operator's credential is not lent: name a service in `server.service_name`")]
    NoService,
    /// The configured credential could not be had.
    #[error("{}", .0.caller_text())]
    Secret(#[from] SecretError),
    /// The account's groups, which a policy names, could not be had whole.
    #[error("{} did not give the account's groups, which the policies need; the call was refused", .0.title())]
    Groups(Product),
    /// The account could not be asked for.
    #[error(transparent)]
    Lookup(LookupError),
}

impl IdentityError {
    /// What the product answered instead of an account, or that it did not answer.
    pub fn upstream(&self) -> Option<&UpstreamError> {
        match self {
            Self::Lookup(LookupError::Upstream(error)) => Some(error),
            _ => None,
        }
    }
}

fn variables(product: Product) -> &'static str {
    match product {
        Product::Jira => "JIRA_PERSONAL_TOKEN, or JIRA_USERNAME and JIRA_API_TOKEN",
        Product::Confluence => "CONFLUENCE_PERSONAL_TOKEN, or CONFLUENCE_USERNAME and CONFLUENCE_API_TOKEN",
    }
}

/// Identifies callers, and remembers whom Atlassian has already vouched for.
#[derive(Debug)]
pub struct Identity {
    operator: BTreeMap<Product, Arc<Credential>>,
    service: Option<String>,
    read_only: bool,
    accounts: Cache<(Product, [u8; 32]), Principal>,
}

impl Identity {
    /// Takes the operator's credentials, the name of the service that borrows them, and the server's posture.
    pub fn new(
        operator: BTreeMap<Product, Arc<Credential>>,
        service: Option<String>,
        read_only: bool,
    ) -> Self {
        let accounts = Cache::builder().max_capacity(ACCOUNTS).time_to_live(ACCOUNT_LIFETIME).build();
        Self { operator, service, read_only, accounts }
    }

    /// Finds out who calls: at most one validation request per credential and five minutes.
    pub async fn identify(
        &self,
        presented: &Presented,
        product: Product,
        instance: &Instance,
        engine: &Engine,
        trail: &Trail,
    ) -> Result<Caller, IdentityError> {
        let credential = self.credential(presented, product)?;
        let principal = match presented.login {
            Login::Lent => self.service()?,
            Login::Operator | Login::Own(_) => {
                let key = (product, credential.fingerprint());
                match self.accounts.get(&key).await {
                    Some(principal) => principal,
                    None => {
                        let groups = engine.asks_groups(product);
                        let principal = account::ask(product, instance, &credential, groups, trail).await?;
                        self.accounts.insert(key, principal.clone()).await;
                        principal
                    }
                }
            }
        };
        let session = self.session(presented, &credential, instance);
        Ok(Caller { principal, session, credential })
    }

    /// The principal Atlassian has already vouched for, without asking; for lists of tools.
    pub async fn known(&self, presented: &Presented, product: Product) -> Option<Principal> {
        match presented.login {
            Login::Lent => self.service().ok(),
            Login::Operator | Login::Own(_) => {
                let credential = self.credential(presented, product).ok()?;
                self.accounts.get(&(product, credential.fingerprint())).await
            }
        }
    }

    /// The session of a caller, as policies see it.
    pub fn session(&self, presented: &Presented, credential: &Credential, instance: &Instance) -> Session {
        Session {
            method: match presented.login {
                Login::Operator => "stdio",
                Login::Lent => "lent",
                Login::Own(_) => credential.method(),
            },
            client: presented.client.clone(),
            address: presented.address,
            deployment: instance.deployment.as_str(),
            read_only: self.read_only,
            now_ms: jiff::Timestamp::now().as_millisecond(),
        }
    }

    /// The credential a call uses for a product.
    pub fn credential(
        &self,
        presented: &Presented,
        product: Product,
    ) -> Result<Arc<Credential>, IdentityError> {
        match &presented.login {
            Login::Own(credential) => Ok(Arc::clone(credential)),
            Login::Operator | Login::Lent => {
                self.operator.get(&product).cloned().ok_or(IdentityError::NoCredential(product))
            }
        }
    }

    fn service(&self) -> Result<Principal, IdentityError> {
        let id = self.service.clone().ok_or(IdentityError::NoService)?;
        // A service has no groups at Atlassian: it is named in policies by its own id.
        Ok(Principal { kind: PrincipalKind::Service, id, groups: Some(std::collections::BTreeSet::new()) })
    }
}

impl Presented {
    /// How the caller logs in, for records: `stdio`, `lent`, `pat` or `basic`.
    pub fn method(&self) -> &'static str {
        match &self.login {
            Login::Operator => "stdio",
            Login::Lent => "lent",
            Login::Own(credential) => credential.method(),
        }
    }
}
