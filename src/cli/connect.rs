//! From settings to the ways to Jira and Confluence: clients, addresses and credentials.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use url::Url;

use super::Failure;
use super::assemble::Parts;
use super::assemble::read_only_at;
use super::assemble::secret_failure;
use super::credentials::Sessions;
use crate::atlassian;
use crate::atlassian::Instance;
use crate::atlassian::Products;
use crate::atlassian::Site;
use crate::atlassian::Sites;
use crate::atlassian::forms;
use crate::atlassian::gateway_base;
use crate::audit::Audit;
use crate::config;
use crate::config::ClientCertificateSettings;
use crate::config::CredentialSettings;
use crate::config::NetworkSettings;
use crate::config::ProductSettings;
use crate::config::ProxyUrl;
use crate::config::Reach;
use crate::config::ReceiverSettings;
use crate::config::Settings;
use crate::config::Transport;
use crate::identity::InstanceLogin;
use crate::ids::InstanceName;
use crate::net;
use crate::net::ClientCertificate;
use crate::net::ClientSettings;
use crate::net::Exempt;
use crate::net::Guard;
use crate::net::Headers;
use crate::net::Patience;
use crate::net::Proxies;
use crate::net::Receiver;
use crate::net::StreamTls;
use crate::net::Trust;
use crate::net::Upstream;
use crate::net::UpstreamSettings;
use crate::policy::Product;

/// Every configured site.
pub(super) fn sites(settings: &Settings) -> impl Iterator<Item = (Product, &InstanceName, &ProductSettings)> {
    let jira = settings.jira.iter().map(|(name, site)| (Product::Jira, name, site));
    jira.chain(settings.confluence.iter().map(|(name, site)| (Product::Confluence, name, site)))
}

/// The ways to both products.
pub(super) async fn products(settings: &Settings, parts: &Parts) -> Result<Products, Failure> {
    let (jira, confluence) =
        futures::try_join!(of(Product::Jira, settings, parts), of(Product::Confluence, settings, parts))?;
    Ok(Products::new(jira, confluence))
}

async fn of(product: Product, settings: &Settings, parts: &Parts) -> Result<Sites, Failure> {
    let mut found = Sites::default();
    for (_, name, from) in sites(settings).filter(|(of, ..)| *of == product) {
        found.configured.insert(name.clone(), site(product, name, from, settings, parts).await?);
    }
    // Over stdio nobody can choose: there are no headers.
    if settings.server.transport != Transport::Stdio {
        if settings.oauth.any_site {
            found.any_cloud = Some(bare(product, settings, parts, None).await?);
        }
        if chooses_addresses(settings) {
            let guard = Guard::new(settings.server.allowed_url_domains.clone());
            let guard = Arc::new(guard.map_err(|error| Failure::configuration(error.to_string()))?);
            let upstream = bare(product, settings, parts, Some(&guard)).await?;
            found.elsewhere = Some((guard, upstream));
        }
    }
    Ok(found)
}

/// Callers may name an address where the operator says which are fine, or configured no site at all.
fn chooses_addresses(settings: &Settings) -> bool {
    !settings.server.allowed_url_domains.is_empty()
        || (sites(settings).next().is_none() && !settings.oauth.any_site)
}

async fn site(
    product: Product,
    name: &InstanceName,
    from: &ProductSettings,
    settings: &Settings,
    parts: &Parts,
) -> Result<Site, Failure> {
    let plain = from.url.as_ref().is_some_and(|url| url.scheme() == "http");
    let certificate = client_certificate(from.reach.client_certificate.as_ref(), parts).await?;
    let client_settings = client_settings(&from.reach, plain, certificate, &settings.network);
    let on_cloud = deployment(from.deployment) == atlassian::Deployment::Cloud;
    let files = if on_cloud && !plain { files_client(product, &client_settings).await? } else { None };
    let client = client(product.title(), client_settings).await?;
    parts.metrics.tls_verification(product, from.reach.ssl_verify);
    let base = match (&from.url, &from.cloud_id) {
        (Some(url), _) => base(product, url, from.deployment),
        (None, Some(id)) => gateway_base(product, Some(id)),
        (None, None) => return Err(Failure::configuration(format!("{}: no address", product.title()))),
    };
    let upstream = UpstreamSettings {
        product,
        instance: name.clone(),
        base: base.clone(),
        client,
        files,
        headers: headers((product, name), from, parts).await?,
        read_only: read_only_at(settings, product, name),
        answer_limit: net::ANSWER_LIMIT,
        patience: patience(&settings.network),
    };
    let upstream = Upstream::new(upstream, parts.metrics.clone());
    let cloud_id =
        from.cloud_id.as_ref().filter(|_| deployment(from.deployment) == atlassian::Deployment::Cloud);
    let site = Site::new(Instance {
        name: name.clone(),
        forms: cloud_id.and_then(|id| forms(&upstream, id, name)),
        upstream,
        deployment: deployment(from.deployment),
        gateway: base.host_str() == Some("api.atlassian.com"),
        site: base,
    });
    Ok(match &from.cloud_id {
        Some(id) => site.with_gateway(product, id),
        None => site,
    })
}

/// A way to sites that callers choose: none of the operator's headers or certificates go there. Whether certificates are
/// checked is the product's setting, as for its own address.
async fn bare(
    product: Product,
    settings: &Settings,
    parts: &Parts,
    guard: Option<&Arc<Guard>>,
) -> Result<Upstream, Failure> {
    let reach = match product {
        Product::Jira => &settings.jira_reach,
        Product::Confluence => &settings.confluence_reach,
    };
    let client_settings = client_settings(reach, false, None, &settings.network);
    // The gateway is no product of the operator's own, whose certificate he might not check.
    let verify = client_settings.verify || guard.is_none();
    let client_settings = ClientSettings { guard: guard.cloned(), verify, ..client_settings };
    let upstream = UpstreamSettings {
        product,
        instance: InstanceName::default(),
        base: gateway_base(product, None),
        files: files_client(product, &client_settings).await?,
        client: client(product.title(), client_settings).await?,
        headers: Headers::default(),
        read_only: read_only_at(settings, product, &InstanceName::default()),
        answer_limit: net::ANSWER_LIMIT,
        patience: patience(&settings.network),
    };
    Ok(Upstream::new(upstream, parts.metrics.clone()))
}

fn client_settings(
    from: &Reach,
    plain: bool,
    client_certificate: Option<ClientCertificate>,
    network: &NetworkSettings,
) -> ClientSettings {
    let proxy = |proxy: &Option<ProxyUrl>| proxy.as_ref().map(|proxy| proxy.expose().clone());
    ClientSettings {
        verify: from.ssl_verify,
        trust: trust(network),
        ca_file: from.ca_file.clone(),
        client_certificate,
        plain,
        timeout: Duration::from_secs(from.timeout_seconds),
        proxies: Proxies {
            http: proxy(&from.http_proxy),
            https: proxy(&from.https_proxy),
            socks: proxy(&from.socks_proxy),
            exempt: Exempt::list(from.no_proxy.as_deref().unwrap_or_default()),
            script: from.proxy_script.clone(),
        },
        user_agent: network.user_agent.clone(),
        guard: None,
    }
}

pub(super) async fn client_certificate(
    from: Option<&ClientCertificateSettings>,
    parts: &Parts,
) -> Result<Option<ClientCertificate>, Failure> {
    let Some(from) = from else { return Ok(None) };
    let password = match &from.password {
        Some(reference) => Some(parts.secrets.resolve_at_start(reference).await.map_err(secret_failure)?),
        None => None,
    };
    Ok(Some(ClientCertificate { certificate: from.certificate.clone(), key: from.key.clone(), password }))
}

/// A receiver of the audit log or its checkpoints. It is reached directly, without a proxy.
pub(super) async fn receiver(
    section: &str,
    from: &ReceiverSettings,
    settings: &Settings,
    parts: &Parts,
) -> Result<Receiver, Failure> {
    let client_settings = ClientSettings {
        trust: trust(&settings.network),
        ca_file: from.ca_file.clone(),
        client_certificate: client_certificate(from.client_certificate.as_ref(), parts).await?,
        plain: from.url.scheme() == "http",
        timeout: Duration::from_secs(from.timeout_seconds),
        ..ClientSettings::default()
    };
    let client = client(section, client_settings).await?;
    let token = match &from.token {
        Some(reference) => Some(parts.secrets.resolve_at_start(reference).await.map_err(secret_failure)?),
        None => None,
    };
    Receiver::new(client, from.url.clone(), token.as_ref())
        .map_err(|error| Failure::configuration(format!("{section}: {error}")))
}

/// The TLS of what is no HTTP.
pub(super) async fn stream_tls(
    section: &str,
    ca_file: Option<PathBuf>,
    network: &NetworkSettings,
) -> Result<StreamTls, Failure> {
    let trust = trust(network);
    let tls = tokio::task::spawn_blocking(move || StreamTls::new(trust, ca_file));
    tls.await.map_err(Failure::failed)?.map_err(|error| Failure::configuration(format!("{section}: {error}")))
}

fn trust(network: &NetworkSettings) -> Trust {
    if network.system_truststore { Trust::System } else { Trust::Bundled }
}

fn patience(network: &NetworkSettings) -> Patience {
    let own = Patience::default();
    let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    Patience {
        retries: network.retries.unwrap_or(own.retries),
        backoff: network.retry_backoff_seconds.map_or(own.backoff, seconds),
        include_writes: network.retry_writes,
        ignore_retry_after: network.ignore_retry_after,
        max_concurrent: network.max_concurrent_requests,
        per_second: network.requests_per_second,
        breaker_threshold: network.breaker_threshold.unwrap_or(own.breaker_threshold),
        breaker_cooldown: network.breaker_cooldown_seconds.map_or(own.breaker_cooldown, Duration::from_secs),
        budget: own.budget,
    }
}

/// The client for the files of Confluence Cloud, which are kept on other hosts. It shows no certificate of ours, and looks
/// at what their names resolve to, unless the operator's proxy resolves them.
async fn files_client(product: Product, from: &ClientSettings) -> Result<Option<net::Client>, Failure> {
    if product != Product::Confluence {
        return Ok(None);
    }
    let Proxies { http, https, socks, script, .. } = &from.proxies;
    let direct = [http, https, socks, script].iter().all(|proxy| proxy.is_none());
    let guard = if direct { Some(Arc::new(Guard::default())) } else { from.guard.clone() };
    let settings = ClientSettings { client_certificate: None, guard, ..from.clone() };
    client(product.title(), settings).await.map(Some)
}

async fn client(what: &str, settings: ClientSettings) -> Result<net::Client, Failure> {
    // Reading the operating system's trust store takes a while; it must not hold up the handshake.
    let client = tokio::task::spawn_blocking(move || net::build_client(&settings));
    client.await.map_err(Failure::failed)?.map_err(|error| Failure::configuration(format!("{what}: {error}")))
}

fn deployment(deployment: config::Deployment) -> atlassian::Deployment {
    match deployment {
        config::Deployment::Cloud => atlassian::Deployment::Cloud,
        config::Deployment::DataCenter => atlassian::Deployment::DataCenter,
    }
}

/// Confluence Cloud lives under `/wiki`, also when the configured URL leaves it out.
fn base(product: Product, url: &Url, deployment: config::Deployment) -> Url {
    let mut base = url.clone();
    let bare = base.path().trim_matches('/').is_empty();
    if product == Product::Confluence && deployment == config::Deployment::Cloud && bare {
        base.set_path("/wiki");
    }
    base
}

/// The headers the operator adds. Those in Vault are watched there.
async fn headers(
    (product, instance): (Product, &InstanceName),
    from: &ProductSettings,
    parts: &Parts,
) -> Result<Headers, Failure> {
    let site = instance.qualify(product.as_str());
    let mut headers = Headers::default();
    for (name, reference) in &from.custom_headers {
        let wrong =
            |_| Failure::configuration(format!("{}: `{name}` is not the name of a header", product.title()));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(wrong)?;
        let label = format!("{site} header {header}");
        let value = parts.secrets.current(&label, reference, Headers::value).await.map_err(secret_failure)?;
        headers.add(header, value);
    }
    Ok(headers)
}

/// A client for the authorization server: that of a Data Center is the product itself and reached like it; that of
/// Cloud is another host, whose certificate is always checked.
pub(super) async fn authority_client(
    reach: &Reach,
    network: &NetworkSettings,
    is_cloud: bool,
    certificate: Option<ClientCertificate>,
) -> Result<net::Client, Failure> {
    let certificate = certificate.filter(|_| !is_cloud);
    let settings = client_settings(reach, false, certificate, network);
    client("OAuth", ClientSettings { verify: settings.verify || is_cloud, ..settings }).await
}

/// How every configured site is logged in to. Products with one app have one session.
pub(super) async fn logins(
    settings: &Settings,
    parts: &Parts,
    audit: &Audit,
) -> Result<BTreeMap<(Product, InstanceName), InstanceLogin>, Failure> {
    let mut sessions = Sessions::new(audit);
    let mut logins = BTreeMap::new();
    for (product, name, from) in sites(settings) {
        let login = InstanceLogin {
            operator: sessions.operator((product, name), from, settings, parts).await?,
            passthrough: from.passthrough_headers.clone(),
            cloud_id: from.cloud_id.clone(),
            oauth: from.oauth,
            scopes: scopes(&from.credential),
        };
        logins.insert((product, name.clone()), login);
    }
    Ok(logins)
}

/// What the tokens of the operator's own OAuth app are limited to.
fn scopes(credential: &CredentialSettings) -> BTreeSet<String> {
    match credential {
        CredentialSettings::App(app) => app.scope.split_whitespace().map(str::to_owned).collect(),
        _ => BTreeSet::new(),
    }
}
