//! Where Jira and Confluence are: the configured sites, and those that callers choose.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::LazyLock;

use tokio::sync::OnceCell;
use url::Host;
use url::Url;

use super::Deployment;
use crate::ids::CloudId;
use crate::ids::InstanceName;
use crate::ids::is_cloud_host;
use crate::net::Guard;
use crate::net::GuardError;
use crate::net::Upstream;
use crate::policy::Product;

/// The gateway that OAuth tokens of Cloud are good for.
///
/// <https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/#3--make-calls-to-the-api-using-the-access-token>
pub const GATEWAY_HOST: &str = "api.atlassian.com";

#[expect(clippy::expect_used, reason = "a constant; every test that reaches the gateway reads it")]
static GATEWAY: LazyLock<Url> =
    LazyLock::new(|| Url::parse("https://api.atlassian.com").expect("a constant address"));

/// One way to a Jira or a Confluence.
#[derive(Debug)]
pub struct Instance {
    /// Its name.
    pub name: InstanceName,
    /// The way to it.
    pub upstream: Upstream,
    /// Server or Cloud.
    pub deployment: Deployment,
    /// Where people find it with a browser, for links in results; the gateway has no pages.
    pub site: Url,
    /// The way to Jira's forms, where the site's id on Cloud is known.
    pub forms: Option<Upstream>,
    /// Whether it is reached through the gateway, which has no content endpoints of Confluence's first API.
    pub gateway: bool,
}

impl Instance {
    /// The address for links, without a trailing slash.
    pub fn site(&self) -> &str {
        self.site.as_str().trim_end_matches('/')
    }
}

/// A configured Jira or Confluence, and the ways to it.
#[derive(Debug)]
pub struct Site {
    main: Arc<Instance>,
    gateway: Option<Arc<Instance>>,
    /// The site's id on Cloud, once it was asked for.
    pub asked_id: OnceCell<CloudId>,
}

impl Site {
    /// A site at its own address; or one of which no more than the way through the gateway is known.
    pub fn new(main: Instance) -> Self {
        let main = Arc::new(main);
        let gateway = main.gateway.then(|| Arc::clone(&main));
        Self { main, gateway, asked_id: OnceCell::new() }
    }

    /// Adds the way through the gateway, for a Cloud site whose id is known.
    #[must_use]
    pub fn with_gateway(mut self, product: Product, id: &CloudId) -> Self {
        if self.gateway.is_none() && self.main.deployment == Deployment::Cloud {
            self.gateway = Some(Arc::new(self.behind_gateway(product, id)));
        }
        self
    }

    /// This site under its own name, behind the gateway.
    pub fn behind_gateway(&self, product: Product, id: &CloudId) -> Instance {
        let main = &self.main;
        Instance {
            name: main.name.clone(),
            upstream: main.upstream.at(gateway_base(product, Some(id)), main.name.clone()),
            deployment: Deployment::Cloud,
            site: main.site.clone(),
            forms: forms(&main.upstream, id, &main.name),
            gateway: true,
        }
    }

    /// Its address.
    pub fn address(&self) -> &Url {
        &self.main.site
    }

    /// The host it is on, without the path of the product.
    pub fn root(&self) -> Instance {
        let main = &self.main;
        let mut root = main.site.clone();
        root.set_path("");
        Instance {
            name: main.name.clone(),
            upstream: main.upstream.at(root.clone(), main.name.clone()),
            deployment: main.deployment,
            site: root,
            forms: None,
            gateway: main.gateway,
        }
    }

    /// Its name.
    pub fn name(&self) -> &InstanceName {
        &self.main.name
    }

    /// Server or Cloud.
    pub fn deployment(&self) -> Deployment {
        self.main.deployment
    }

    /// The way for credentials of the site itself; through the gateway only where there is no other.
    pub fn main(&self) -> &Arc<Instance> {
        &self.main
    }

    /// The way for OAuth tokens of Cloud.
    pub fn gateway(&self) -> Option<&Arc<Instance>> {
        self.gateway.as_ref()
    }

    /// Whether an address is that of this site, however it is spelled.
    pub fn is_at(&self, url: &Url) -> bool {
        let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
        self.is_host_of(url) && path(&self.main.site) == path(url)
    }

    /// Whether an address is one of this site, whatever it leads to there.
    pub fn has(&self, url: &Url) -> bool {
        let path = self.main.site.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(path);
        self.is_host_of(url) && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn is_host_of(&self, url: &Url) -> bool {
        let host = |url: &Url| match url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.').to_ascii_lowercase(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let main = &self.main.site;
        host(main) == host(url) && main.port_or_known_default() == url.port_or_known_default()
    }
}

/// The sites of both products.
#[derive(Debug, Default)]
pub struct Products {
    jira: Sites,
    confluence: Sites,
}

/// The sites of one product.
#[derive(Debug, Default)]
pub struct Sites {
    /// The configured ones.
    pub configured: BTreeMap<InstanceName, Site>,
    /// Leads to the gateway, where callers may choose a Cloud site by its id.
    pub any_cloud: Option<Upstream>,
    /// Leads to addresses that callers may choose, through the guard.
    pub elsewhere: Option<(Arc<Guard>, Upstream)>,
}

impl Products {
    /// Takes the sites of each product.
    pub fn new(jira: Sites, confluence: Sites) -> Self {
        Self { jira, confluence }
    }

    /// The configured sites of a product, the default first.
    pub fn all(&self, product: Product) -> impl Iterator<Item = &Site> {
        self.sites(product).configured.values()
    }

    /// The names of a product's configured sites.
    pub fn names(&self, product: Product) -> Vec<String> {
        self.sites(product).configured.keys().map(ToString::to_string).collect()
    }

    /// The site of that name.
    pub fn get(&self, product: Product, name: &InstanceName) -> Option<&Site> {
        self.sites(product).configured.get(name)
    }

    /// The site that is meant where none is named: the default, or the only one.
    pub fn main(&self, product: Product) -> Option<&Site> {
        let configured = &self.sites(product).configured;
        let only = || configured.values().next().filter(|_| configured.len() == 1);
        configured.get(&InstanceName::default()).or_else(only)
    }

    /// Whether a call may have to say which site it means.
    pub fn has_several(&self, product: Product) -> bool {
        self.sites(product).configured.len() > 1
    }

    /// Whether there is any way to the product: a configured site, or one that callers choose.
    pub fn serves(&self, product: Product) -> bool {
        let sites = self.sites(product);
        !sites.configured.is_empty() || sites.any_cloud.is_some() || sites.elsewhere.is_some()
    }

    /// Whether callers may choose a Cloud site by its id.
    pub fn serves_any_cloud(&self, product: Product) -> bool {
        self.sites(product).any_cloud.is_some()
    }

    /// Whether the product may be on Cloud, so that tools which only Cloud has make sense.
    pub fn may_be_cloud(&self, product: Product) -> bool {
        let sites = self.sites(product);
        sites.any_cloud.is_some()
            || sites.configured.values().any(|site| site.deployment() == Deployment::Cloud)
    }

    /// A Cloud site of the caller's choice, behind the gateway; nothing where that is not offered.
    pub fn cloud_site(&self, product: Product, id: &CloudId) -> Option<Arc<Instance>> {
        let upstream = self.sites(product).any_cloud.as_ref()?;
        let base = gateway_base(product, Some(id));
        let name = InstanceName::chosen("cloud", id.as_str());
        Some(Arc::new(Instance {
            upstream: upstream.at(base.clone(), name.clone()),
            forms: forms(upstream, id, &name),
            name,
            deployment: Deployment::Cloud,
            site: base,
            gateway: true,
        }))
    }

    /// An address of the caller's choice, checked by the guard; nothing where that is not offered.
    pub fn elsewhere(&self, product: Product, address: &str) -> Option<Result<Arc<Instance>, GuardError>> {
        let (guard, upstream) = self.sites(product).elsewhere.as_ref()?;
        Some(guard.check(address).map(|guarded| {
            let base = guarded.url().clone();
            let host = base.host_str().unwrap_or_default();
            let port = base.port().map(|port| format!(":{port}")).unwrap_or_default();
            // Without TLS it is another place: whoever answers there may be somebody else.
            let kind = if base.scheme() == "http" { "http" } else { "url" };
            let name =
                InstanceName::chosen(kind, &format!("{host}{port}{}", base.path().trim_end_matches('/')));
            let cloud = is_cloud_host(host);
            Arc::new(Instance {
                upstream: upstream.at(base.clone(), name.clone()),
                name,
                deployment: if cloud { Deployment::Cloud } else { Deployment::DataCenter },
                site: base,
                forms: None,
                gateway: false,
            })
        }))
    }

    fn sites(&self, product: Product) -> &Sites {
        match product {
            Product::Jira => &self.jira,
            Product::Confluence => &self.confluence,
        }
    }
}

/// Where the gateway has a product of a site; without a site, the gateway itself.
pub fn gateway_base(product: Product, id: Option<&CloudId>) -> Url {
    let mut base = GATEWAY.clone();
    if let Some(id) = id {
        let below = match product {
            Product::Jira => "",
            Product::Confluence => "/wiki",
        };
        base.set_path(&format!("/ex/{}/{}{below}", product.as_str(), id.as_str()));
    }
    base
}

/// The way to the forms of a Cloud site.
///
/// <https://developer.atlassian.com/cloud/forms/rest/intro/>
pub fn forms(upstream: &Upstream, id: &CloudId, name: &InstanceName) -> Option<Upstream> {
    let mut base = GATEWAY.clone();
    base.set_path(&format!("/jira/forms/cloud/{}", id.as_str()));
    (upstream.product() == Product::Jira).then(|| upstream.at(base, name.clone()))
}
