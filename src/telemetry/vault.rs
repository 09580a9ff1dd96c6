//! Metrics of Vault. Secrets are named as the configuration names them, never by their path, and callers not at all.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use prometheus::HistogramOpts;
use prometheus::HistogramVec;
use prometheus::IntCounter;
use prometheus::IntCounterVec;
use prometheus::IntGauge;
use prometheus::IntGaugeVec;
use prometheus::Opts;
use prometheus::Registry;
use prometheus::core::Collector;
use prometheus::core::Desc;
use prometheus::proto::MetricFamily;

use super::metrics::counter;
use super::metrics::counters;
use super::metrics::gauge;
use super::metrics::gauges;

/// Seconds, from a Vault nearby to its deadline.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// How a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretHealth {
    /// Vault vouches for it.
    Good,
    /// The last good version goes on for now.
    Stale,
    /// Nothing is used.
    Closed,
}

/// The metrics of a Vault.
#[derive(Debug)]
pub struct VaultMetrics {
    up: IntGauge,
    logins: IntCounterVec,
    renewals: IntCounterVec,
    expiry: IntGauge,
    requests: HistogramVec,
    version: IntGaugeVec,
    confirmed: IntGaugeVec,
    health: IntGaugeVec,
    rotations: IntCounterVec,
    suspicious: IntCounter,
}

impl VaultMetrics {
    /// Registers them. Fails only when that was done before.
    pub(super) fn new(at: &Registry, stale: Box<CountStale>) -> Result<Self, prometheus::Error> {
        at.register(Box::new(ServedStale::new(stale)?))?;
        let requests = HistogramOpts::new(
            "vault_request_seconds",
            "How long Vault took, by operation and class of status.",
        );
        let requests = HistogramVec::new(requests.buckets(SECONDS.to_vec()), &["operation", "class"])?;
        at.register(Box::new(requests.clone()))?;
        let expiry = "When the token in use expires, in seconds since 1970; 0 is never.";
        let confirmed = "When Vault last vouched for a secret, in seconds since 1970.";
        let version = "How many versions of a secret were in use since the start.";
        let health = "1 for how a secret is: good, stale (the last good version goes on for now) or closed.";
        let suspicious = "Answers that may be somebody's attack.";
        Ok(Self {
            up: gauge(at, "vault_up", "1 while Vault answers.")?,
            logins: counters(at, "vault_login_total", "Logins to Vault.", &["result"])?,
            renewals: counters(at, "vault_token_renew_total", "Renewals of the token.", &["result"])?,
            expiry: gauge(at, "vault_token_expiry_seconds", expiry)?,
            requests,
            version: gauges(at, "vault_secret_version", version, &["secret"])?,
            confirmed: gauges(at, "vault_secret_confirmed_seconds", confirmed, &["secret"])?,
            health: gauges(at, "vault_secret_state", health, &["secret", "state"])?,
            rotations: counters(
                at,
                "vault_secret_rotations_total",
                "Versions that replaced another.",
                &["secret"],
            )?,
            suspicious: counter(at, "vault_suspicious_total", suspicious)?,
        })
    }

    /// A request ended.
    pub fn asked(&self, operation: &str, class: &str, elapsed: Duration) {
        self.requests.with_label_values(&[operation, class]).observe(elapsed.as_secs_f64());
    }

    /// Whether Vault answers.
    pub fn up(&self, is_up: bool) {
        self.up.set(i64::from(is_up));
    }

    /// A login ended.
    pub fn login(&self, accepted: bool) {
        self.logins.with_label_values(&[result(accepted)]).inc();
    }

    /// A renewal ended.
    pub fn renewal(&self, accepted: bool) {
        self.renewals.with_label_values(&[result(accepted)]).inc();
    }

    /// The token expires, or never.
    pub fn expires(&self, within: Option<Duration>) {
        self.expiry.set(within.map_or(0, |within| seconds(SystemTime::now() + within)));
    }

    /// Vault vouches for a secret.
    pub fn confirmed(&self, secret: &str) {
        self.confirmed.with_label_values(&[secret]).set(seconds(SystemTime::now()));
        self.health(secret, SecretHealth::Good);
    }

    /// Another version of a secret came into use.
    pub fn changed(&self, secret: &str, number: u64) {
        self.version.with_label_values(&[secret]).set(i64::try_from(number).unwrap_or(i64::MAX));
        if number > 1 {
            self.rotations.with_label_values(&[secret]).inc();
        }
        self.confirmed(secret);
    }

    /// How a secret is.
    pub fn health(&self, secret: &str, health: SecretHealth) {
        let all =
            [(SecretHealth::Good, "good"), (SecretHealth::Stale, "stale"), (SecretHealth::Closed, "closed")];
        for (state, name) in all {
            self.health.with_label_values(&[secret, name]).set(i64::from(state == health));
        }
    }

    /// Something may be an attack.
    pub fn suspicious(&self) {
        self.suspicious.inc();
    }
}

/// Says by name how often a secret was given for which Vault did not vouch, since it was asked last.
pub(super) type CountStale = dyn Fn() -> Vec<(String, u64)> + Send + Sync;

/// Counts where secrets are given, and is asked when somebody reads the metrics: who is given one must not wait for a look
/// at labels.
struct ServedStale {
    counted: IntCounterVec,
    count: Box<CountStale>,
}

impl ServedStale {
    fn new(count: Box<CountStale>) -> Result<Self, prometheus::Error> {
        let help = "How often the last good version of a secret was used while Vault did not vouch for it.";
        let counted = IntCounterVec::new(Opts::new("vault_served_stale_total", help), &["secret"])?;
        Ok(Self { counted, count })
    }
}

impl Collector for ServedStale {
    fn desc(&self) -> Vec<&Desc> {
        self.counted.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        for (secret, count) in (self.count)() {
            self.counted.with_label_values(&[secret]).inc_by(count);
        }
        self.counted.collect()
    }
}

fn result(accepted: bool) -> &'static str {
    if accepted { "ok" } else { "failed" }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Metrics;

    #[test]
    fn what_happened_is_in_the_text() {
        let metrics = Metrics::new().unwrap();
        assert!(!metrics.text().contains("vault"), "only where there is one");
        let vault = metrics.vault(|| vec![("jira".to_owned(), 3)]).unwrap();
        vault.up(true);
        vault.login(true);
        vault.changed("jira", 1);
        vault.changed("jira", 2);
        vault.health("jira", SecretHealth::Stale);
        vault.asked("read", "2xx", Duration::from_millis(2));
        vault.expires(Some(Duration::from_mins(1)));
        let text = metrics.text();
        for line in [
            "portcullis_vault_up 1",
            "portcullis_vault_login_total{result=\"ok\"} 1",
            "portcullis_vault_secret_version{secret=\"jira\"} 2",
            "portcullis_vault_secret_rotations_total{secret=\"jira\"} 1",
            "portcullis_vault_secret_state{secret=\"jira\",state=\"good\"} 0",
            "portcullis_vault_secret_state{secret=\"jira\",state=\"stale\"} 1",
            "portcullis_vault_request_seconds_count{class=\"2xx\",operation=\"read\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("portcullis_vault_token_expiry_seconds 0"));
        // What is counted elsewhere is added up, each time it is read.
        assert!(text.contains("portcullis_vault_served_stale_total{secret=\"jira\"} 3"), "{text}");
        assert!(metrics.text().contains("portcullis_vault_served_stale_total{secret=\"jira\"} 6"));
    }
}
