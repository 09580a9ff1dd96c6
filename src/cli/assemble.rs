//! From settings to a [`Gate`]: audit log, policies, credentials and clients, in the order in which they can refuse.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;

use super::Failure;
use super::output;
use super::started;
use crate::atlassian;
use crate::atlassian::Instance;
use crate::atlassian::Products;
use crate::audit::Audit;
use crate::audit::Event;
use crate::audit::HmacKey;
use crate::call::Gate;
use crate::config;
use crate::config::CredentialSettings;
use crate::config::DeniedTools;
use crate::config::ProductSettings;
use crate::config::ReadOnly;
use crate::config::Settings;
use crate::config::Transport;
use crate::identity::Identity;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::lookup::Lookups;
use crate::net;
use crate::net::ClientSettings;
use crate::net::Credential;
use crate::net::Upstream;
use crate::net::UpstreamSettings;
use crate::policy::Engine;
use crate::policy::EngineSettings;
use crate::policy::PolicySource;
use crate::policy::Product;
use crate::secrets::Secret;
use crate::secrets::SecretRef;
use crate::secrets::Secrets;
use crate::telemetry::Metrics;
use crate::tools;
use crate::tools::Offer;

/// What the gate is made of besides the settings.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// Where secrets come from.
    pub(super) secrets: Arc<Secrets>,
    /// What is counted.
    pub(super) metrics: Metrics,
}

/// Builds the gate. Policies load on a thread of their own, beside the clients and the credentials.
pub(super) async fn gate(settings: &Settings, parts: &Parts) -> Result<Gate, Failure> {
    settings.products().map_err(Failure::configuration)?;
    refuse_what_is_not_there(settings)?;
    let engine_settings = engine_settings(settings)?;
    let since = Instant::now();
    let engine = tokio::task::spawn_blocking(move || {
        let engine = Engine::load(&tools::facts(), &engine_settings);
        started("policies", since);
        engine
    });
    let audit = audit(settings, parts).await?;
    started("audit log", since);
    let since_audit = Instant::now();
    let (products, operator) = futures::try_join!(products(settings, parts), operator(settings, parts))?;
    started("TLS roots, clients, credentials", since_audit);
    let engine = engine.await.map_err(Failure::failed)?.map_err(Failure::configuration)?;
    parts.metrics.policy_loaded(engine.policy_hash());
    let enabled = settings.tools.enabled.as_deref();
    let toolsets = settings.tools.toolsets.as_deref();
    for name in Offer::unknown(enabled, toolsets) {
        tracing::warn!(%name, "no tool or toolset has this name");
    }
    let offer = Offer::new(&products, enabled, toolsets);
    let since_loaded = Instant::now();
    announce(settings, &audit, &engine).await?;
    started("start record", since_loaded);
    started("gate", since);
    Ok(Gate {
        identity: Identity::new(operator, service_name(settings)?, read_only(settings)),
        engine,
        lookups: Lookups::default(),
        audit,
        metrics: parts.metrics.clone(),
        offer,
        products,
        deadline: Duration::from_secs(settings.server.deadline_seconds),
        hide_denied: settings.policy.denied_tools == DeniedTools::Hide,
        os_user: os_user(),
        visits: settings.tools.read_only == ReadOnly::Off,
        projects: projects(settings)?,
        spaces: spaces(settings)?,
    })
}

/// What the configuration may ask for and this version does not have: said at start, never ignored.
pub(super) fn refuse_what_is_not_there(settings: &Settings) -> Result<(), Failure> {
    if settings.server.transport == Transport::Sse {
        return Err(Failure::configuration(
            "the transport `sse` is not there yet; use `--transport streamable-http`, which current clients speak, or stdio",
        ));
    }
    service_name(settings).map(|_| ())
}

/// Where policies come from. Own policies are never widened; `READ_ONLY_MODE=true` beats everything.
pub(super) fn engine_settings(settings: &Settings) -> Result<EngineSettings, Failure> {
    let source = match (&settings.policy.directory, settings.tools.read_only) {
        (Some(directory), _) => PolicySource::Directory(directory.clone()),
        (None, ReadOnly::Off) => PolicySource::ReadWrite,
        (None, ReadOnly::Unset | ReadOnly::On) => PolicySource::ReadOnly,
    };
    Ok(EngineSettings {
        source,
        read_only: settings.tools.read_only == ReadOnly::On,
        projects: projects(settings)?,
        spaces: spaces(settings)?,
    })
}

/// Whether nothing but reads may leave: by the setting, or because the built-in read-only profile is in force.
fn read_only(settings: &Settings) -> bool {
    match settings.tools.read_only {
        ReadOnly::On => true,
        ReadOnly::Off => false,
        ReadOnly::Unset => settings.policy.directory.is_none(),
    }
}

/// The user this process runs as, by number: names are a matter of the system that reads the log.
#[cfg_attr(unix, expect(clippy::unnecessary_wraps, reason = "other systems have no number"))]
fn os_user() -> Option<String> {
    #[cfg(unix)]
    return Some(format!("uid:{}", rustix::process::getuid().as_raw()));
    #[cfg(not(unix))]
    None
}

fn service_name(settings: &Settings) -> Result<Option<String>, Failure> {
    let server = &settings.server;
    if server.allow_global_credential_fallback
        && server.transport != Transport::Stdio
        && server.service_name.is_none()
    {
        return Err(Failure::configuration(
            "ALLOW_GLOBAL_CRED_FALLBACK lends the operator's credential: name the service that borrows it, in \
             `server.service_name` or PORTCULLIS_SERVER__SERVICE_NAME, so that policies and records can name it",
        ));
    }
    Ok(server.service_name.clone())
}

fn projects(settings: &Settings) -> Result<Vec<ProjectKey>, Failure> {
    let keys = settings.jira.iter().flat_map(|jira| &jira.filter);
    keys.map(|key| {
        ProjectKey::parse(key)
            .map_err(|error| Failure::configuration(format!("JIRA_PROJECTS_FILTER: {error}")))
    })
    .collect()
}

fn spaces(settings: &Settings) -> Result<Vec<SpaceKey>, Failure> {
    let keys = settings.confluence.iter().flat_map(|confluence| &confluence.filter);
    keys.map(|key| {
        SpaceKey::parse(key)
            .map_err(|error| Failure::configuration(format!("CONFLUENCE_SPACES_FILTER: {error}")))
    })
    .collect()
}

async fn audit(settings: &Settings, parts: &Parts) -> Result<Audit, Failure> {
    let (key, created) = match &settings.audit.hmac_key {
        Some(reference) => (
            HmacKey::from_secret(parts.secrets.resolve(reference).await.map_err(secret_failure)?.expose()),
            None,
        ),
        None => {
            let (key, created) =
                HmacKey::load_or_create(&settings.audit.state_directory).map_err(Failure::configuration)?;
            (key, created.then(|| settings.audit.state_directory.clone()))
        }
    };
    let audit_settings = crate::audit::AuditSettings {
        directory: settings.audit.directory.clone(),
        key,
        instance: "default".to_owned(),
        write_deadline: Duration::from_secs(settings.audit.write_deadline_seconds),
        metrics: parts.metrics.clone(),
    };
    let audit = Audit::open(&audit_settings).map_err(Failure::configuration)?;
    if let Some(directory) = created {
        report_key(&audit, &directory).await?;
    }
    Ok(audit)
}

/// A key that was just made is reported once: without it, nobody can search the log for a value later.
async fn report_key(audit: &Audit, directory: &Path) -> Result<(), Failure> {
    output::complain(&format!("made a new audit key in {}; keep it with the logs", directory.display()));
    audit.event(Event::key_created(audit.key_id())).await.map_err(Failure::temporary)
}

async fn announce(settings: &Settings, audit: &Audit, engine: &Engine) -> Result<(), Failure> {
    audit
        .event(Event::start(engine.policy_hash(), engine.schema_hash(), read_only(settings)))
        .await
        .map_err(Failure::temporary)?;
    for (product, settings) in both(settings) {
        if let Some(settings) = settings
            && !settings.ssl_verify
        {
            output::complain(&format!(
                "warning: TLS certificates of {} are not checked ({}_SSL_VERIFY is off): anybody between here and \
                 there can read the credential",
                product.title(),
                product.title().to_uppercase()
            ));
            audit.event(Event::tls_relaxed(product)).await.map_err(Failure::temporary)?;
        }
    }
    Ok(())
}

fn both(settings: &Settings) -> [(Product, Option<&ProductSettings>); 2] {
    [(Product::Jira, settings.jira.as_ref()), (Product::Confluence, settings.confluence.as_ref())]
}

async fn products(settings: &Settings, parts: &Parts) -> Result<Products, Failure> {
    let [(_, jira), (_, confluence)] = both(settings);
    Ok(Products {
        jira: instance(Product::Jira, jira, settings, parts).await?,
        confluence: instance(Product::Confluence, confluence, settings, parts).await?,
    })
}

async fn instance(
    product: Product,
    from: Option<&ProductSettings>,
    settings: &Settings,
    parts: &Parts,
) -> Result<Option<Instance>, Failure> {
    let Some(from) = from else { return Ok(None) };
    let proxy = if from.url.scheme() == "https" { &from.https_proxy } else { &from.http_proxy };
    let client_settings = ClientSettings {
        verify: from.ssl_verify,
        ca_file: from.ca_file.clone(),
        plain: from.url.scheme() == "http",
        timeout: Duration::from_secs(from.timeout_seconds),
        proxy: proxy.as_ref().map(|proxy| proxy.expose().to_string()),
        no_proxy: from.no_proxy.clone(),
    };
    // Reading the operating system's trust store takes a while; it must not hold up the handshake.
    let client = tokio::task::spawn_blocking(move || net::build_client(&client_settings));
    let client = client
        .await
        .map_err(Failure::failed)?
        .map_err(|error| Failure::configuration(format!("{}: {error}", product.title())))?;
    parts.metrics.tls_verification(product, from.ssl_verify);
    let deployment = deployment(from.deployment);
    let upstream = UpstreamSettings {
        product,
        base: base(product, from),
        client,
        headers: headers(product, from, parts).await?,
        read_only: read_only(settings),
        answer_limit: net::ANSWER_LIMIT,
    };
    Ok(Some(Instance { upstream: Upstream::new(upstream, parts.metrics.clone()), deployment }))
}

fn deployment(deployment: config::Deployment) -> atlassian::Deployment {
    match deployment {
        config::Deployment::Cloud => atlassian::Deployment::Cloud,
        config::Deployment::DataCenter => atlassian::Deployment::DataCenter,
    }
}

/// Confluence Cloud lives under `/wiki`, also when the configured URL leaves it out.
fn base(product: Product, from: &ProductSettings) -> url::Url {
    let mut base = from.url.clone();
    let bare = base.path().trim_matches('/').is_empty();
    if product == Product::Confluence && from.deployment == config::Deployment::Cloud && bare {
        base.set_path("/wiki");
    }
    base
}

async fn headers(product: Product, from: &ProductSettings, parts: &Parts) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    for (name, value) in &from.custom_headers {
        let wrong = |what: &str| {
            Failure::configuration(format!("{}: the custom header `{name}` {what}", product.title()))
        };
        let value = parts.secrets.resolve(value).await.map_err(secret_failure)?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("is not a header name"))?;
        let mut value =
            HeaderValue::from_str(value.expose()).map_err(|_| wrong("has a value that cannot be sent"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

async fn operator(settings: &Settings, parts: &Parts) -> Result<BTreeMap<Product, Arc<Credential>>, Failure> {
    let mut credentials = BTreeMap::new();
    for (product, from) in both(settings) {
        let Some(from) = from else { continue };
        if let Some(credential) = credential(product, &from.credential, &parts.secrets).await? {
            credentials.insert(product, Arc::new(credential));
        }
    }
    Ok(credentials)
}

async fn credential(
    product: Product,
    from: &CredentialSettings,
    secrets: &Secrets,
) -> Result<Option<Credential>, Failure> {
    let read = async |reference: &SecretRef| secrets.resolve(reference).await.map_err(secret_failure);
    let credential = match from {
        CredentialSettings::None => return Ok(None),
        CredentialSettings::PersonalToken(reference) => {
            Credential::personal_token(Secret::new(read(reference).await?.expose().trim()))
        }
        CredentialSettings::Basic { username, secret } => Credential::basic(username, read(secret).await?),
    };
    if !credential.is_sendable() {
        let text = format!(
            "{}: the credential holds characters that cannot be sent, such as a line break",
            product.title()
        );
        return Err(Failure::configuration(text));
    }
    Ok(Some(credential))
}

fn secret_failure(error: crate::secrets::SecretError) -> Failure {
    if error.is_temporary() { Failure::temporary(error) } else { Failure::configuration(error) }
}
