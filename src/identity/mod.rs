//! Who calls, and where: the account at Atlassian whose credential is used, or a service named in the configuration.

mod account;
mod accounts;
mod error;
mod header;
mod named;
mod route;
mod vouched;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::HeaderName;

pub use accounts::AccountSettings;
pub use error::IdentityError;
pub use header::HeaderError;
pub use header::Own;
pub use named::CertificateNames;
pub use named::NameError;
pub use named::NamePart;
pub use named::Named;
pub use route::Route;

use crate::atlassian::Instance;
use crate::audit::Account;
use crate::audit::Trail;
use crate::ids::CloudId;
use crate::ids::InstanceName;
use crate::net::CredentialSource;
use crate::net::UserCredentials;
use crate::policy::Engine;
use crate::policy::LoginFacts;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Session;
use accounts::Accounts;

/// How a caller came, before anybody looked at what the credential is worth.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Whose credential is used.
    pub login: Login,
    /// The name by which the caller comes, whether the login goes by it or not.
    pub named: Option<Named>,
    /// Headers of the caller's request that the configuration passes on to Atlassian.
    pub passed: Arc<HeaderMap>,
    /// The MCP client's own name, or empty.
    pub client: String,
    /// The network address; none over stdio.
    pub address: Option<IpAddr>,
    /// The trusted proxy that says so, if one stands between.
    pub proxy: Option<IpAddr>,
    /// `stdio` or `http`.
    pub transport: &'static str,
}

/// Whose credential a call uses.
#[derive(Debug, Clone)]
pub enum Login {
    /// stdio: the operator's own client uses the operator's credential.
    Operator,
    /// HTTP without a credential, where the configuration lends the operator's or passes a session on.
    Lent,
    /// HTTP with the caller's own credentials.
    Own(Arc<Own>),
    /// HTTP without a credential, from somebody whose name is known: the one that is stored for them.
    Named(Named),
}

/// An identified caller.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The principal of every decision.
    pub principal: Principal,
    /// How and from where.
    pub session: Session,
    /// Which Jira or Confluence, and what is shown to it.
    pub route: Route,
}

impl Caller {
    /// The account at Atlassian that is used for a service: the operator's credential or certificate, or a session that
    /// is passed on. A user's is their own.
    pub fn account(&self) -> Option<Account> {
        let credential = &self.route.credential;
        let (of, method) = match (self.principal.kind, credential.method()) {
            (PrincipalKind::User, _) => return None,
            (PrincipalKind::Service, "passed") => ("session", "passed"),
            (PrincipalKind::Service, "none") => ("operator", "certificate"),
            (PrincipalKind::Service, method) => ("operator", method),
        };
        Some(Account { of, method, name: credential.username().map(str::to_owned) })
    }
}

/// How one instance is logged in to, as configured.
#[derive(Debug, Clone)]
pub struct InstanceLogin {
    /// The operator's own way in.
    pub operator: Operator,
    /// Names of headers that are copied from the caller's request.
    pub passthrough: Vec<HeaderName>,
    /// The site's id on Cloud, if it is known.
    pub cloud_id: Option<CloudId>,
    /// Whether bearer tokens of callers are OAuth tokens here, and not personal ones.
    pub oauth: bool,
    /// The scopes that the operator's OAuth app asks for; empty where there is none.
    pub scopes: std::collections::BTreeSet<String>,
}

/// The operator's own way in to an instance.
#[derive(Clone)]
pub enum Operator {
    /// There is none: callers bring theirs.
    None,
    /// A credential; over stdio its account is the principal.
    Credential(Arc<dyn CredentialSource>),
    /// None of the operator's: one for each user who is named, whose account is the principal.
    Users(Arc<dyn UserCredentials>),
    /// The client certificate of the connection alone. Whose account that is, is not asked: it is the service.
    Certificate,
    /// The session in the headers that callers bring and the configuration passes on.
    Passed,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Credential(_) => "Credential",
            Self::Users(_) => "Users",
            Self::Certificate => "Certificate",
            Self::Passed => "Passed",
        })
    }
}

/// What callers are identified by.
#[derive(Debug)]
pub struct IdentitySettings {
    /// Every configured instance.
    pub logins: BTreeMap<(Product, InstanceName), InstanceLogin>,
    /// The name of the `Service` principal that uses a credential of the operator.
    pub service: String,
    /// Whether HTTP callers who bring no credential are lent the operator's.
    pub lends: bool,
    /// Whether the server runs read-only.
    pub read_only: bool,
    /// Whether a rule names places of the configured sites, so that no other name for one of them may pass.
    pub names_places: bool,
    /// How accounts are remembered.
    pub accounts: AccountSettings,
}

/// Identifies callers, and remembers whom Atlassian has already vouched for.
#[derive(Debug)]
pub struct Identity {
    settings: IdentitySettings,
    accounts: Accounts,
}

impl Identity {
    /// Takes what callers are identified by.
    pub fn new(settings: IdentitySettings) -> Self {
        let accounts = Accounts::new(settings.accounts);
        Self { settings, accounts }
    }

    /// Finds out who calls: at most one validation request per credential and time.
    pub async fn identify(
        &self,
        presented: &Presented,
        route: Route,
        engine: &Engine,
        trail: &Trail,
    ) -> Result<Caller, IdentityError> {
        let product = route.instance.upstream.product();
        let principal = match self.known(presented, &route, engine).await {
            Some(known) => known,
            None => {
                let groups = engine.asks_groups(product);
                let asking = account::ask(product, &route.instance, &route.credential, groups, trail);
                let found = Box::pin(self.accounts.get(&route, groups, asking)).await;
                match (&presented.login, &found) {
                    (Login::Own(_), Ok(_)) => self.accounts.vouch(&route),
                    (Login::Own(_) | Login::Named(_), Err(IdentityError::Rejected(_))) => {
                        self.accounts.reject(&route).await;
                    }
                    _ => {}
                }
                found.map_err(|error| presented.rejection(error))?
            }
        };
        let session = self.session_of(presented, &route);
        Ok(Caller { principal, session, route })
    }

    /// The principal Atlassian has already vouched for, with all that these policies look at, without asking.
    pub async fn known(&self, presented: &Presented, route: &Route, engine: &Engine) -> Option<Principal> {
        match self.service_of(presented, route) {
            Some(service) => Some(service),
            None => {
                let groups = engine.asks_groups(route.instance.upstream.product());
                self.accounts.known(route, groups).await
            }
        }
    }

    /// That Atlassian did not accept the caller's own credential a moment ago: it is not shown there again so soon, which
    /// might lock the account.
    pub fn rejected(&self, presented: &Presented, route: &Route) -> Option<IdentityError> {
        let is_rejected = presented.is_themselves() && self.accounts.is_rejected(route);
        let product = route.instance.upstream.product();
        is_rejected.then(|| presented.rejection(IdentityError::Rejected(product)))
    }

    /// Whether Atlassian accepted the caller's own credential of late, and has not refused it since: it is still shown there,
    /// but nobody has made it up.
    pub fn has_vouched(&self, presented: &Presented, route: &Route) -> bool {
        matches!(presented.login, Login::Own(_)) && self.accounts.has_vouched(route)
    }

    /// The service, where the credential says nothing about who calls.
    fn service_of(&self, presented: &Presented, route: &Route) -> Option<Principal> {
        let lent = matches!(presented.login, Login::Lent);
        if !lent && !route.is_service {
            return None;
        }
        // A service has no groups at Atlassian: it is named in policies by its own id.
        let groups = Some(std::collections::BTreeSet::new());
        Some(Principal { kind: PrincipalKind::Service, id: self.settings.service.clone(), groups })
    }

    /// The session of a caller on a route, as policies see it.
    pub fn session_of(&self, presented: &Presented, route: &Route) -> Session {
        let method = match &presented.login {
            Login::Own(_) => route.credential.method(),
            _ => presented.method_on(route),
        };
        let session = self.session(presented, &route.instance, method);
        Session { login: self.login_facts(presented, route), ..session }
    }

    /// What is known of the log-in. No way in there is tells of a second factor or when it was; of the operator's own
    /// OAuth app the scopes are known.
    fn login_facts(&self, presented: &Presented, route: &Route) -> LoginFacts {
        let own = presented.is_themselves() && !route.is_service;
        let login = self.login(route.instance.upstream.product(), &route.instance.name);
        let scopes = login.filter(|_| !own).map(|login| login.scopes.clone());
        LoginFacts { scopes: scopes.unwrap_or_default(), ..LoginFacts::default() }
    }

    /// The session of a caller who logs in to an instance by a method.
    pub fn session(&self, presented: &Presented, instance: &Instance, method: &'static str) -> Session {
        Session {
            method,
            client: presented.client.clone(),
            address: presented.address,
            instance: instance.name.clone(),
            deployment: instance.deployment.as_str(),
            read_only: self.settings.read_only,
            now_ms: jiff::Timestamp::now().as_millisecond(),
            login: LoginFacts::default(),
        }
    }

    fn login(&self, product: Product, name: &InstanceName) -> Option<&InstanceLogin> {
        self.settings.logins.get(&(product, name.clone()))
    }
}

impl Presented {
    /// Whether there is a credential for a product, as far as the request says.
    pub fn is_for(&self, product: Product) -> bool {
        match &self.login {
            Login::Operator | Login::Lent | Login::Named(_) => true,
            Login::Own(own) => own.is_for(product),
        }
    }

    /// Whether one credential is for every product; else each has its own.
    pub fn is_one_for_all(&self) -> bool {
        matches!(&self.login, Login::Own(own) if own.authorization.is_some())
    }

    /// How the caller logs in, for records: `stdio`, `lent`, `pat`, `oauth`, `basic`, `certificate` or `header`.
    pub fn method(&self) -> &'static str {
        match &self.login {
            Login::Operator => "stdio",
            Login::Lent => "lent",
            Login::Own(own) => own.method(),
            Login::Named(named) => named.method(),
        }
    }

    /// The same once it is known where to: a name opens no more than what is lent where no credential is stored for it.
    pub fn method_on(&self, route: &Route) -> &'static str {
        match &self.login {
            Login::Named(_) if route.is_service => "lent",
            _ => self.method(),
        }
    }

    /// Whether the caller logs in with a credential that is theirs alone: one they bring, or one that is stored for them.
    fn is_themselves(&self) -> bool {
        matches!(self.login, Login::Own(_) | Login::Named(_))
    }

    /// Who brought no token must not be told to check it, but that the one is no good that is stored for them.
    fn rejection(&self, error: IdentityError) -> IdentityError {
        match (&self.login, error) {
            (Login::Named(_), IdentityError::Rejected(product)) => IdentityError::StoredRejected(product),
            (_, error) => error,
        }
    }
}
