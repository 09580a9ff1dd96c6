//! Where a call goes and what is shown there: the instance, and the credential for it.
//!
//! A caller may choose a site only with a credential of their own. Sites that callers choose have names that no
//! configured instance has, and their objects ids that no policy for a configured one names; a chosen site that is a
//! configured one under another name is that one.

use std::sync::Arc;

use http::HeaderMap;
use url::Url;

use super::Identity;
use super::IdentityError;
use super::Login;
use super::Named;
use super::Operator;
use super::Own;
use super::Presented;
use super::header::Authorization;
use crate::atlassian::Deployment;
use crate::atlassian::GATEWAY_HOST;
use crate::atlassian::Instance;
use crate::atlassian::Products;
use crate::atlassian::Site;
use crate::audit::Trail;
use crate::ids::CloudId;
use crate::ids::InstanceName;
use crate::lookup;
use crate::lookup::Lookup;
use crate::net::Credential;
use crate::policy::Product;

/// Where a call goes and what is shown there.
#[derive(Debug, Clone)]
pub struct Route {
    /// Which Jira or Confluence.
    pub instance: Arc<Instance>,
    /// What is shown to it.
    pub credential: Arc<Credential>,
    /// Whether the credential is no account's of the caller's: a client certificate, a session that is passed on, or what is
    /// lent to somebody who is named.
    pub(super) is_service: bool,
}

impl Identity {
    /// Finds out where a call goes, by its `instance` argument and by what the caller brought.
    ///
    /// Without a trail nothing is asked of Atlassian, and what would have to be is [`IdentityError::SiteUnknown`].
    pub async fn route(
        &self,
        presented: &Presented,
        product: Product,
        named: Option<&InstanceName>,
        products: &Products,
        trail: Option<&mut Trail>,
    ) -> Result<Route, IdentityError> {
        let site = match named {
            Some(name) => products.get(product, name),
            None => products.main(product),
        };
        let missing = || IdentityError::NoInstance { product, known: products.names(product) };
        if named.is_some() && site.is_none() {
            return Err(missing());
        }
        let route = match &presented.login {
            Login::Own(own) => {
                let (instance, credential) = self.own(own, product, site, products, trail).await?;
                // A header that something in front of this server added is for nobody whom the caller chose.
                let passed = self.passed(presented, product, &instance.name);
                Route { instance, credential: Arc::new(credential.passing(passed)), is_service: false }
            }
            Login::Operator | Login::Lent => {
                let site = site.ok_or_else(missing)?;
                let passed = self.passed(presented, product, site.name());
                let lent = matches!(presented.login, Login::Lent);
                self.operator(product, site, lent, passed).await?
            }
            Login::Named(named) => {
                let site = site.ok_or_else(missing)?;
                let passed = self.passed(presented, product, site.name());
                self.stored(product, site, named, passed).await?
            }
        };
        // A header must not take a call to another site than its arguments name.
        if named.is_some_and(|name| *name != route.instance.name) {
            return Err(missing());
        }
        if !route.credential.is_sendable() {
            return Err(IdentityError::Rejected(product));
        }
        Ok(route)
    }

    /// The headers of the caller that this product's configuration passes on.
    fn passed(&self, presented: &Presented, product: Product, name: &InstanceName) -> HeaderMap {
        let names = self.login(product, name).map(|login| login.passthrough.as_slice()).unwrap_or_default();
        let mut passed = HeaderMap::new();
        for name in names {
            for value in presented.passed.get_all(name) {
                let mut value = value.clone();
                value.set_sensitive(true);
                passed.append(name.clone(), value);
            }
        }
        passed
    }

    async fn operator(
        &self,
        product: Product,
        site: &Site,
        lent: bool,
        passed: HeaderMap,
    ) -> Result<Route, IdentityError> {
        let login = self.login(product, site.name());
        let is_session = matches!(login.map(|login| &login.operator), Some(Operator::Passed));
        if lent && !is_session && !self.settings.lends {
            return Err(IdentityError::NoOwn(product));
        }
        let route = |instance: &Arc<Instance>, credential: Credential, is_service| Route {
            instance: Arc::clone(instance),
            credential: Arc::new(credential),
            is_service,
        };
        match login.map(|login| &login.operator) {
            None | Some(Operator::None) => Err(IdentityError::NoCredential(product)),
            Some(Operator::Users(_)) => Err(IdentityError::Unnamed(product)),
            Some(Operator::Credential(source)) => {
                let credential = source.current().await?;
                Ok(route(way(site, &credential), credential.passing(passed), false))
            }
            Some(Operator::Certificate) => Ok(route(site.main(), Credential::none().passing(passed), true)),
            // Without a session the request would go out as nobody's.
            Some(Operator::Passed) if passed.is_empty() => Err(IdentityError::NotPassed(product)),
            Some(Operator::Passed) => Ok(route(site.main(), Credential::none().passing(passed), true)),
        }
    }

    /// With the credential that is stored for a user who is named. Where a product has one of the operator's instead, the
    /// name opens no more than what is lent to everybody.
    async fn stored(
        &self,
        product: Product,
        site: &Site,
        named: &Named,
        passed: HeaderMap,
    ) -> Result<Route, IdentityError> {
        let login = self.login(product, site.name());
        let Some(Operator::Users(users)) = login.map(|login| &login.operator) else {
            let route = self.operator(product, site, true, passed).await?;
            return Ok(Route { is_service: true, ..route });
        };
        let credential = users.of(&named.user).await?.passing(passed);
        let instance = Arc::clone(way(site, &credential));
        let route = Route { instance, credential: Arc::new(credential), is_service: false };
        // What was refused a moment ago is not shown again, but something newer may be stored since.
        if self.accounts.is_rejected(&route)
            && let Some(newer) = route.credential.renewed().await
        {
            return Ok(Route { credential: Arc::new(newer), ..route });
        }
        Ok(route)
    }

    async fn own(
        &self,
        own: &Own,
        product: Product,
        site: Option<&Site>,
        products: &Products,
        trail: Option<&mut Trail>,
    ) -> Result<(Arc<Instance>, Credential), IdentityError> {
        let missing = || IdentityError::NoInstance { product, known: products.names(product) };
        let direct = || site.map(|site| Arc::clone(site.main())).ok_or_else(missing);
        match &own.authorization {
            Some(Authorization::Bearer(token)) => {
                let oauth = || Credential::oauth(token.clone());
                if let Some(id) = &own.cloud_id {
                    let site = Box::pin(self.cloud_site(id, product, products, trail)).await?;
                    return Ok((site, oauth()));
                }
                match site {
                    Some(site) if site.deployment() == Deployment::Cloud => {
                        let gateway = site.gateway().ok_or(IdentityError::NoSite(product))?;
                        Ok((Arc::clone(gateway), oauth()))
                    }
                    Some(site) if self.login(product, site.name()).is_some_and(|login| login.oauth) => {
                        Ok((direct()?, oauth()))
                    }
                    Some(_) => Ok((direct()?, Credential::personal_token(token.clone()))),
                    None if products.serves_any_cloud(product) => Err(IdentityError::NoSite(product)),
                    None => Err(missing()),
                }
            }
            Some(Authorization::Token(token)) => Ok((direct()?, Credential::personal_token(token.clone()))),
            Some(Authorization::Basic(credential)) => Ok((direct()?, credential.clone())),
            None => {
                let personal = own.personal(product);
                let token = personal.token.clone().ok_or(IdentityError::NoOwn(product))?;
                let instance = match &personal.url {
                    None => direct()?,
                    Some(url) => address(product, url, products)?,
                };
                Ok((instance, Credential::personal_token(token)))
            }
        }
    }

    /// The site of an id behind the gateway: a configured one if it is that, one of the caller's choice otherwise.
    async fn cloud_site(
        &self,
        id: &CloudId,
        product: Product,
        products: &Products,
        mut trail: Option<&mut Trail>,
    ) -> Result<Arc<Instance>, IdentityError> {
        let known =
            |site: &&Site| self.login(product, site.name()).is_some_and(|login| login.cloud_id.is_some());
        let cloud = || products.all(product).filter(|site| site.deployment() == Deployment::Cloud);
        for site in cloud().filter(known).chain(cloud().filter(|site| !known(site))) {
            let configured = self.login(product, site.name()).and_then(|login| login.cloud_id.as_ref());
            let is_it = match configured {
                Some(configured) => configured == id,
                // Only rules that name places can be passed by under another name.
                None if self.settings.names_places => {
                    asked_id(site, product, trail.as_deref_mut()).await? == *id
                }
                None => false,
            };
            match site.gateway() {
                Some(gateway) if is_it => return Ok(Arc::clone(gateway)),
                None if is_it => return Ok(Arc::new(site.behind_gateway(product, id))),
                _ => {}
            }
        }
        products.cloud_site(product, id).ok_or(IdentityError::SitesOff)
    }
}

/// The way to a site with a credential: on Cloud, OAuth tokens go through the gateway.
fn way<'a>(site: &'a Site, credential: &Credential) -> &'a Arc<Instance> {
    site.gateway().filter(|_| credential.method() == "oauth").unwrap_or(site.main())
}

/// The id of a configured site, as the site itself tells everybody.
async fn asked_id(
    site: &Site,
    product: Product,
    trail: Option<&mut Trail>,
) -> Result<CloudId, IdentityError> {
    let unknown = || IdentityError::SiteUnknown(product);
    if let Some(known) = site.asked_id.get() {
        return Ok(known.clone());
    }
    let trail = trail.ok_or_else(unknown)?;
    trail.at(site.name());
    let trail = &*trail;
    let asking = async {
        let answer = lookup::ask(&Lookup::SiteId(product), &site.root(), &Credential::none(), trail).await;
        let answer = answer.map_err(|_| unknown())?;
        let id = answer.get("cloudId").and_then(serde_json::Value::as_str);
        id.and_then(CloudId::parse).ok_or_else(unknown)
    };
    site.asked_id.get_or_try_init(|| asking).await.cloned()
}

/// The instance at an address that a caller chose.
fn address(product: Product, text: &str, products: &Products) -> Result<Arc<Instance>, IdentityError> {
    // An address of the operator's is trusted, and it is that instance whoever names it.
    if let Some(site) = products.all(product).find(|site| Url::parse(text).is_ok_and(|url| site.is_at(&url)))
    {
        return Ok(Arc::clone(site.main()));
    }
    // Another way to a configured host, or past the gateway's own rules, would be a way past the policies for it.
    let host = |url: &Url| url.host_str().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
    let named = Url::parse(text).ok().and_then(|url| host(&url));
    let configured = named.is_some() && products.all(product).any(|site| host(site.address()) == named);
    if configured || named.as_deref() == Some(GATEWAY_HOST) {
        return Err(IdentityError::AddressesOff(product));
    }
    let chosen = products.elsewhere(product, text).ok_or(IdentityError::AddressesOff(product))?;
    chosen.map_err(|error| IdentityError::Address { product, error })
}
