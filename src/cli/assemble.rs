//! From settings to a [`Gate`]: audit log, policies, credentials and clients, in the order in which they can refuse.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use super::Failure;
use super::audit_places;
use super::audit_rules;
use super::check::Untried;
use super::connect;
use super::output;
use super::signing;
use super::started;
use super::vaulted::Told;
use crate::atlassian::WorkingHours;
use crate::atlassian::WorkingHoursError;
use crate::atlassian::jira::Texts;
use crate::audit::Audit;
use crate::audit::Event;
use crate::audit::HmacKey;
use crate::audit::Opening;
use crate::audit::Refusals;
use crate::audit::SigningKey;
use crate::brake::Brake;
use crate::call::Gate;
use crate::config::DeniedTools;
use crate::config::Deployment;
use crate::config::ProductSettings;
use crate::config::ReadOnly;
use crate::config::Settings;
use crate::config::ToolSettings;
use crate::config::Transport;
use crate::identity::AccountSettings;
use crate::identity::Identity;
use crate::identity::IdentitySettings;
use crate::ids;
use crate::ids::InstanceName;
use crate::ids::InvalidId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::lookup::Lookups;
use crate::mcp::Writes;
use crate::policy::Engine;
use crate::policy::EngineSettings;
use crate::policy::Policies;
use crate::policy::PolicySource;
use crate::policy::Product;
use crate::secrets::SecretRef;
use crate::secrets::Secrets;
use crate::telemetry::Metrics;
use crate::tools;
use crate::tools::Offer;
use crate::tools::Options;
use crate::tools::PageTokens;
use crate::tools::SlaMetric;

/// What the gate is made of besides the settings.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// Where secrets come from.
    pub(super) secrets: Arc<Secrets>,
    /// What is counted.
    pub(super) metrics: Metrics,
    /// What happened with Vault and is to be written down.
    pub(super) told: Told,
}

/// Builds the gate. The audit log opens before anything is asked of anybody for the products.
pub(super) async fn gate(settings: &Settings, parts: &Parts) -> Result<Gate, Failure> {
    settings.products().map_err(Failure::configuration)?;
    refuse_what_is_not_there(settings)?;
    audit_places::check(settings)?;
    let engine_settings = engine_settings(settings)?;
    let since = Instant::now();
    let policies = tokio::task::spawn_blocking(move || {
        let policies = Policies::load(tools::facts(), engine_settings);
        started("policies", since);
        policies
    });
    let (keys, page_tokens) = keys(settings, parts).await?;
    started("keys", since);
    let policies = policies.await.map_err(Failure::failed)?.map_err(Failure::configuration)?;
    let engine = policies.current();
    parts.metrics.policy_loaded(engine.policy_hash());
    let enabled = settings.tools.enabled.as_deref();
    let toolsets = settings.tools.toolsets.as_deref();
    for name in Offer::unknown(enabled, toolsets) {
        tracing::warn!(%name, "no tool or toolset has this name");
    }
    let since_loaded = Instant::now();
    let audit = audit(settings, parts, keys, &opening(settings, &engine)).await?;
    announce(settings, &audit, &engine).await?;
    started("audit log", since_loaded);
    let since_audit = Instant::now();
    let connected =
        futures::try_join!(connect::products(settings, parts), connect::logins(settings, parts, &audit));
    if connected.is_err() {
        parts.secrets.end().await;
        parts.told.write_last(&audit).await;
        end(&audit).await;
    }
    let (products, logins) = connected?;
    started("TLS roots, clients, credentials", since_audit);
    let offer = Offer::new(&products, enabled, toolsets);
    started("gate", since);
    Ok(Gate {
        identity: Identity::new(IdentitySettings {
            logins,
            service: settings.server.service_name.clone(),
            lends: settings.server.allow_global_credential_fallback,
            read_only: read_only(settings),
            names_places: names_places(settings),
            accounts: AccountSettings {
                lifetime: Duration::from_secs(settings.server.account_lifetime_seconds),
                most: settings.server.account_limit,
            },
        }),
        policies,
        brake: brake(settings),
        lookups: Lookups::default(),
        refusals: Refusals::new(audit.clone()),
        audit,
        rules: Arc::new(audit_rules::read(&settings.audit.rules)?),
        metrics: parts.metrics.clone(),
        offer,
        products,
        deadline: Duration::from_secs(settings.server.deadline_seconds),
        hide_denied: settings.policy.denied_tools == DeniedTools::Hide,
        os_user: os_user(),
        visits: settings.tools.read_only == ReadOnly::Off && settings.jira_read_only.is_empty(),
        texts: if settings.tools.raw_jira_markup { Texts::Raw } else { Texts::Markdown },
        options: options(&settings.tools)?,
        page_tokens,
        spaces: spaces(settings)?,
    })
}

fn opening(settings: &Settings, engine: &Engine) -> Opening {
    let configuration = settings.fingerprint();
    Opening::server(engine.policy_hash(), engine.schema_hash(), &configuration, read_only(settings))
}

/// Ends the audit log; that waits for the disk.
pub(super) async fn end(audit: &Audit) {
    let audit = audit.clone();
    if let Err(error) = tokio::task::spawn_blocking(move || audit.shutdown()).await {
        tracing::error!(%error, "the audit log did not end");
    }
}

/// What the configuration may ask for and this version does not have: said at start, never ignored.
pub(super) fn refuse_what_is_not_there(settings: &Settings) -> Result<(), Failure> {
    if settings.server.transport == Transport::Sse {
        return Err(Failure::configuration(
            "the transport `sse` is not there yet; use `--transport streamable-http`, which current clients speak, or stdio",
        ));
    }
    Ok(())
}

/// Where policies come from. Own policies are never widened; `READ_ONLY_MODE=true` beats everything.
pub(super) fn engine_settings(settings: &Settings) -> Result<EngineSettings, Failure> {
    // No key was read before.
    let (issue, project) = (&settings.tools.issue_key_pattern, &settings.tools.project_key_pattern);
    ids::use_key_patterns(issue.as_deref(), project.as_deref()).map_err(Failure::configuration)?;
    let source = match (&settings.policy.directory, settings.tools.read_only) {
        (Some(directory), _) => PolicySource::Directory(directory.clone()),
        (None, ReadOnly::Off) => PolicySource::ReadWrite,
        (None, ReadOnly::Unset | ReadOnly::On) => PolicySource::ReadOnly,
    };
    Ok(EngineSettings {
        source,
        read_only: settings.tools.read_only == ReadOnly::On,
        read_only_sites: [Product::Jira, Product::Confluence]
            .into_iter()
            .flat_map(|product| {
                read_only_sites(settings, product).iter().map(move |site| (product, site.clone()))
            })
            .collect(),
        projects: projects(settings)?,
        spaces: spaces(settings)?,
        data_centers: Some(data_centers(settings)),
        require_proof: settings.policy.require_proof.clone(),
        internal_only: internal_only(&settings.tools)?,
        enabled_tools: settings.tools.enabled.as_deref().map(tools::named_tools),
        toolsets: settings.tools.toolsets.as_deref().map(tools::named_toolsets),
    })
}

/// Whether nothing but reads may leave: by the setting, or because the built-in read-only profile is in force.
pub(super) fn read_only(settings: &Settings) -> bool {
    match settings.tools.read_only {
        ReadOnly::On => true,
        ReadOnly::Off => false,
        ReadOnly::Unset => settings.policy.directory.is_none(),
    }
}

/// Whether nothing but reads may leave for this site of a product.
pub(super) fn read_only_at(settings: &Settings, product: Product, site: &InstanceName) -> bool {
    let sites = read_only_sites(settings, product);
    read_only(settings) || sites.contains(site) || sites.contains(&InstanceName::default())
}

/// The names under which no site is on Cloud.
fn data_centers(settings: &Settings) -> BTreeSet<InstanceName> {
    let sites = || settings.jira.iter().chain(&settings.confluence);
    let on_cloud: BTreeSet<&InstanceName> =
        sites().filter(|(_, site)| site.deployment == Deployment::Cloud).map(|(name, _)| name).collect();
    sites().map(|(name, _)| name).filter(|name| !on_cloud.contains(name)).cloned().collect()
}

fn read_only_sites(settings: &Settings, product: Product) -> &BTreeSet<InstanceName> {
    match product {
        Product::Jira => &settings.jira_read_only,
        Product::Confluence => &settings.confluence_read_only,
    }
}

/// What clients are told of writing.
pub(super) fn writes(settings: &Settings) -> Writes {
    if read_only(settings) { Writes::Off } else { Writes::ByPolicy }
}

/// The user this process runs as, by number: names are a matter of the system that reads the log.
#[cfg_attr(unix, expect(clippy::unnecessary_wraps, reason = "other systems have no number"))]
pub(super) fn os_user() -> Option<String> {
    #[cfg(unix)]
    return Some(format!("uid:{}", rustix::process::getuid().as_raw()));
    #[cfg(not(unix))]
    None
}

/// The kill switch in the state directory.
fn brake(settings: &Settings) -> Brake {
    let mut brake = Brake::of(&settings.audit.state_directory);
    if let Err(error) = brake.prepare() {
        let file = brake.file();
        tracing::warn!(%error, file = %file.display(), "`portcullis policy freeze` has nowhere to write to");
    }
    brake
}

/// Whether some rule names projects or spaces, which another name for a configured site would pass by.
fn names_places(settings: &Settings) -> bool {
    settings.policy.directory.is_some() || settings.sites().any(|(.., site)| !site.filter.is_empty())
}

/// How the operator wants some tools to work.
pub(super) fn options(tools: &ToolSettings) -> Result<Options, Failure> {
    let wrong =
        |name: &str, problem: &dyn std::fmt::Display| Failure::configuration(format!("{name}: {problem}"));
    let metric = |name: &String| {
        let problem = || format!("`{name}` is no metric; there are {}", SlaMetric::names());
        SlaMetric::parse(name).ok_or_else(|| wrong("JIRA_SLA_METRICS", &problem()))
    };
    let hours = WorkingHours::parse(
        &tools.working_hours_start,
        &tools.working_hours_end,
        &tools.working_days,
        &tools.time_zone,
    );
    let hours = hours.map_err(|error| {
        let name = match error {
            WorkingHoursError::Day(_) => "JIRA_SLA_WORKING_DAYS",
            WorkingHoursError::Zone(_) => "JIRA_SLA_TIMEZONE",
            WorkingHoursError::Time(_) | WorkingHoursError::Order { .. } => {
                "JIRA_SLA_WORKING_HOURS_START and JIRA_SLA_WORKING_HOURS_END"
            }
        };
        wrong(name, &error)
    })?;
    let phrases = Options::child_phrases(&tools.hierarchy_link_phrases).map_err(|entry| {
        let problem = format!("`{entry}` is neither child:<phrase> nor parent:<phrase>");
        wrong("HIERARCHY_LINK_PHRASES", &problem)
    })?;
    Ok(Options {
        sla_metrics: tools.sla_metrics.iter().map(metric).collect::<Result<_, _>>()?,
        working_hours_only: tools.working_hours_only,
        working_hours: hours,
        child_phrases: phrases,
        most_results: tools.most_results.map(i64::from),
        attachment_directory: tools.attachment_directory.clone(),
        internal_only: internal_only(tools)?,
    })
}

/// The projects in which comments stay internal.
fn internal_only(tools: &ToolSettings) -> Result<Vec<ProjectKey>, Failure> {
    let refused = |error| Failure::configuration(format!("JIRA_INTERNAL_ONLY_PROJECTS: {error}"));
    let mut keys = tools
        .internal_only_projects
        .iter()
        .map(|key| ProjectKey::parse(key).map_err(refused))
        .collect::<Result<Vec<ProjectKey>, Failure>>()?;
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// Every configured Jira with the projects it is bounded to.
fn projects(settings: &Settings) -> Result<BTreeMap<InstanceName, Vec<ProjectKey>>, Failure> {
    bounds(&settings.jira, ProjectKey::parse, "JIRA_PROJECTS_FILTER")
}

/// Every configured Confluence with the spaces it is bounded to.
fn spaces(settings: &Settings) -> Result<BTreeMap<InstanceName, Vec<SpaceKey>>, Failure> {
    bounds(&settings.confluence, SpaceKey::parse, "CONFLUENCE_SPACES_FILTER")
}

fn bounds<Key>(
    sites: &BTreeMap<InstanceName, ProductSettings>,
    parse: impl Fn(&str) -> Result<Key, InvalidId>,
    variable: &str,
) -> Result<BTreeMap<InstanceName, Vec<Key>>, Failure> {
    let refused = |error: InvalidId| Failure::configuration(format!("{variable}: {error}"));
    let mut bounds = BTreeMap::new();
    for (name, site) in sites {
        let keys: Result<Vec<Key>, Failure> =
            site.filter.iter().map(|key| parse(key).map_err(refused)).collect();
        bounds.insert(name.clone(), keys?);
    }
    Ok(bounds)
}

/// The name of this server in its audit log.
pub(super) const INSTANCE: &str = "default";

/// The keys of the audit log, and which of them were made just now.
struct AuditKeys {
    values: HmacKey,
    values_made: bool,
    signing: SigningKey,
    signing_made: bool,
}

/// The keys of the audit log, and what page tokens are sealed with: several servers that are given one key for values take
/// each other's tokens.
async fn keys(settings: &Settings, parts: &Parts) -> Result<(AuditKeys, PageTokens), Failure> {
    let state = &settings.audit.state_directory;
    let (values, values_made, page_tokens) = match &settings.audit.hmac_key {
        Some(reference) => {
            let secret = parts.secrets.resolve_at_start(reference).await.map_err(secret_failure)?;
            (HmacKey::from_secret(secret.expose()), false, PageTokens::shared(secret.expose()))
        }
        None => {
            let (values, made) = HmacKey::load_or_create(state).map_err(Failure::configuration)?;
            (values, made, PageTokens::random())
        }
    };
    let (signing, signing_made) = match (&settings.audit.signing_transit_key, &settings.audit.signing_key) {
        (Some(key), _) => (signing::in_vault(&parts.secrets, key, INSTANCE).await?, false),
        (None, Some(reference)) => {
            let secret = parts.secrets.resolve_at_start(reference).await.map_err(secret_failure)?;
            let key = SigningKey::from_secret(INSTANCE, secret.expose());
            (key.map_err(Failure::configuration)?, false)
        }
        (None, None) => SigningKey::load_or_create(state, INSTANCE).map_err(Failure::configuration)?,
    };
    let page_tokens = page_tokens.map_err(Failure::failed)?;
    Ok((AuditKeys { values, values_made, signing, signing_made }, page_tokens))
}

/// Whether the start will take the key of checkpoints, where it is on this machine.
pub(super) async fn check_signing_key(settings: &Settings, secrets: &Secrets) -> Result<(), Untried> {
    let wrong = |error| Untried::Wrong(Failure::configuration(error));
    let (audit, state) = (&settings.audit, &settings.audit.state_directory);
    match (&audit.signing_transit_key, &audit.signing_key) {
        (Some(_), _) | (None, Some(SecretRef::Vault(_))) => {}
        (None, Some(reference)) => {
            let secret = secrets.resolve(reference).await?;
            SigningKey::from_secret(INSTANCE, secret.expose()).map_err(wrong)?;
        }
        // One that is not there yet is made at the start.
        (None, None) if SigningKey::path(state).exists() => {
            SigningKey::load_or_create(state, INSTANCE).map_err(wrong)?;
        }
        (None, None) => {}
    }
    Ok(())
}

async fn audit(
    settings: &Settings,
    parts: &Parts,
    keys: AuditKeys,
    opening: &Opening,
) -> Result<Audit, Failure> {
    let AuditKeys { values, values_made, signing, signing_made } = keys;
    let audit_settings = crate::audit::AuditSettings {
        directory: settings.audit.directory.clone(),
        key: values,
        signing_key: signing,
        instance: INSTANCE.to_owned(),
        write_deadline: Duration::from_secs(settings.audit.write_deadline_seconds),
        checkpoint_records: settings.audit.checkpoint_records,
        checkpoint_interval: Duration::from_secs(settings.audit.checkpoint_seconds),
        rotate_bytes: settings.audit.rotate_bytes,
        rotate_age: Duration::from_hours(settings.audit.rotate_hours),
        reserve_bytes: RESERVE,
        http: audit_places::http_sink(settings, parts).await?,
        copies: audit_places::copies(settings).await?,
        witness: audit_places::witness(settings, parts).await?,
        metrics: parts.metrics.clone(),
    };
    let audit = Audit::open(&audit_settings, opening).map_err(Failure::configuration)?;
    let directory = &settings.audit.state_directory;
    if values_made {
        report_key(&audit, directory).await?;
    }
    if signing_made {
        report_signing_key(&audit, directory).await?;
    }
    Ok(audit)
}

/// How much of the disk is kept free for the ends of calls.
const RESERVE: u64 = 16 * 1024 * 1024;

/// A key that was just made is reported once: without it, nobody can search the log for a value later.
async fn report_key(audit: &Audit, directory: &Path) -> Result<(), Failure> {
    output::complain(&format!("made a new audit key in {}; keep it with the logs", directory.display()));
    audit.event(Event::key_created(audit.key_id())).await.map_err(Failure::temporary)
}

/// So is the key of checkpoints: who checks the log has to know its public half from elsewhere than the log.
async fn report_signing_key(audit: &Audit, directory: &Path) -> Result<(), Failure> {
    let key = audit.checkpoint_key();
    output::complain(&format!(
        "made a new key for audit checkpoints in {}; check them with this one, kept apart from the logs: {key}",
        directory.display()
    ));
    audit.event(Event::signing_key_created(key)).await.map_err(Failure::temporary)
}

/// What is written down of policies that were loaded on the word of a proof record.
pub(super) fn proof_accepted(engine: &Engine) -> Option<Event> {
    Some(Event::proof_accepted(engine.policy_hash(), engine.proven()?))
}

async fn announce(settings: &Settings, audit: &Audit, engine: &Engine) -> Result<(), Failure> {
    if let Some(event) = proof_accepted(engine) {
        audit.event(event).await.map_err(Failure::temporary)?;
    }
    for (product, name, site) in connect::sites(settings) {
        if !site.reach.ssl_verify {
            output::complain(&format!(
                "warning: TLS certificates of {} are not checked ({}_SSL_VERIFY is off): anybody between here and \
                 there can read the credential",
                name.qualify(product.title()),
                product.title().to_uppercase()
            ));
            audit.event(Event::tls_relaxed(product)).await.map_err(Failure::temporary)?;
        }
    }
    if connect::sites(settings).next().is_none() {
        output::complain(
            "neither Jira nor Confluence is configured: callers must send their own address and token, in \
             X-Atlassian-Jira-Url and X-Atlassian-Jira-Personal-Token, or the same for Confluence",
        );
    }
    Ok(())
}

pub(super) fn secret_failure(error: crate::secrets::SecretError) -> Failure {
    if error.is_temporary() { Failure::temporary(error) } else { Failure::configuration(error) }
}
