//! Prometheus metrics, all with the prefix `portcullis_` and labels from closed lists.

use std::sync::Arc;
use std::time::Duration;

use prometheus::Encoder;
use prometheus::Histogram;
use prometheus::HistogramOpts;
use prometheus::HistogramVec;
use prometheus::IntCounter;
use prometheus::IntCounterVec;
use prometheus::IntGauge;
use prometheus::IntGaugeVec;
use prometheus::Opts;
use prometheus::Registry;
use prometheus::TextEncoder;

use super::Stages;
use super::VaultMetrics;
use crate::ids::InstanceName;
use crate::policy::Access;
use crate::policy::Product;

/// Seconds, from a decision to a slow Atlassian.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 75.0];

/// Bytes of results.
const BYTES: &[f64] = &[256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0, 4_194_304.0];

/// All metrics of this process. Clones count in the same place.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    calls: Calls,
    upstream: Upstream,
    audit: Audit,
    decisions: IntCounterVec,
    shadow: IntCounterVec,
    policy: IntGaugeVec,
    policy_reloads: IntCounterVec,
    policy_refused: IntGauge,
    frozen: IntGaugeVec,
    certificate: IntGauge,
    requests_refused: IntCounterVec,
    connections_refused: IntCounter,
    lists: IntCounter,
}

#[derive(Debug)]
struct Calls {
    ended: IntCounterVec,
    seconds: HistogramVec,
    stage_seconds: HistogramVec,
    in_flight: IntGauge,
    result_bytes: HistogramVec,
    filtered: IntCounterVec,
}

#[derive(Debug)]
struct Upstream {
    requests: IntCounterVec,
    seconds: HistogramVec,
    tls_disabled: IntGaugeVec,
    retries: IntCounterVec,
    breaker: IntGaugeVec,
}

#[derive(Debug)]
struct Audit {
    records: IntCounterVec,
    errors: IntCounter,
    sinks: IntCounterVec,
    dropped: IntCounterVec,
    checkpoint: IntGauge,
    seconds: Histogram,
}

impl Calls {
    fn new(at: &Registry) -> Result<Self, prometheus::Error> {
        let ended = "Calls of tools by how they ended.";
        let stages = "How long the stages of calls took that ended well.";
        Ok(Self {
            ended: counters(at, "tool_calls_total", ended, &["tool", "access", "outcome"])?,
            seconds: histograms(at, "tool_call_duration_seconds", "How long calls took.", "tool", SECONDS)?,
            stage_seconds: histograms(at, "call_stage_seconds", stages, "stage", Stages::SECONDS)?,
            in_flight: gauge(at, "tool_calls_in_flight", "Calls that have not ended.")?,
            result_bytes: histograms(at, "tool_result_bytes", "Sizes of results.", "tool", BYTES)?,
            filtered: counters(
                at,
                "results_filtered_total",
                "Items left out of results by policy.",
                &["tool"],
            )?,
        })
    }
}

impl Upstream {
    fn new(at: &Registry) -> Result<Self, prometheus::Error> {
        let (requests, seconds) = ("Requests to Atlassian by class of status.", "How long Atlassian took.");
        let retries = "Requests that were sent once more, after a failure or with a newer credential.";
        let open = "1 while a site is left alone because it failed too often.";
        let relaxed = "1 where the certificates of a product are not checked.";
        Ok(Self {
            requests: counters(at, "upstream_requests_total", requests, &["product", "instance", "class"])?,
            seconds: histograms(at, "upstream_request_duration_seconds", seconds, "product", SECONDS)?,
            retries: counters(at, "upstream_retries_total", retries, &["product", "reason"])?,
            breaker: gauges(at, "upstream_breaker_open", open, &["product", "instance"])?,
            tls_disabled: gauges(at, "tls_verification_disabled", relaxed, &["product"])?,
        })
    }
}

impl Audit {
    fn new(at: &Registry) -> Result<Self, prometheus::Error> {
        let errors = "Audit records that could not be written or synced, or not in time.";
        let sinks = "Attempts of one place that audit records go to which came to nothing.";
        let dropped = "Records and checkpoints that were not copied to one place, because it was too slow or takes nothing.";
        let checkpoint = "When the newest signed checkpoint of the audit log was written.";
        let seconds =
            HistogramOpts::new("audit_write_duration_seconds", "How long one group of records took.");
        let seconds = Histogram::with_opts(seconds.buckets(SECONDS.to_vec()))?;
        at.register(Box::new(seconds.clone()))?;
        Ok(Self {
            records: counters(at, "audit_records_total", "Audit records by stage.", &["stage"])?,
            errors: counter(at, "audit_write_errors_total", errors)?,
            sinks: counters(at, "audit_sink_errors_total", sinks, &["sink"])?,
            dropped: counters(at, "audit_copies_dropped_total", dropped, &["copy"])?,
            checkpoint: gauge(at, "audit_checkpoint_timestamp_seconds", checkpoint)?,
            seconds,
        })
    }
}

impl Metrics {
    /// Registers every metric. Fails only when two of them have one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("portcullis".to_owned()), None)?;
        let at = &registry;
        let decided = "Decisions of the policies on calls.";
        let refused = "Requests refused before dispatch by HTTP status.";
        let closed = "Connections closed at once, because their network had too many.";
        let tried = "Decisions in which policies that are only tried would have had a part, and what they would have been.";
        let reloads = "Policies that were read again while the server ran, by whether they are in order.";
        let stale = "1 while the policies in the files are not those in force, because they were refused.";
        let inner = Inner {
            calls: Calls::new(at)?,
            upstream: Upstream::new(at)?,
            audit: Audit::new(at)?,
            decisions: counters(at, "authz_decisions_total", decided, &["decision", "reason"])?,
            shadow: counters(at, "shadow_decisions_total", tried, &["decision", "shadow"])?,
            policy: gauges(at, "policy_info", "1 for the policies in force.", &["hash"])?,
            policy_reloads: counters(at, "policy_reloads_total", reloads, &["result"])?,
            policy_refused: gauge(at, "policy_refused", stale)?,
            certificate: gauge(
                at,
                "server_certificate_expiry_timestamp_seconds",
                "When the certificate of the listener ends; 0 without TLS.",
            )?,
            frozen: gauges(at, "frozen", "1 where an administrator has frozen writes, or all.", &["scope"])?,
            requests_refused: counters(at, "requests_refused_total", refused, &["status"])?,
            connections_refused: counter(at, "connections_refused_total", closed)?,
            lists: counter(at, "tools_list_total", "Lists of tools that were given.")?,
            registry,
        };
        let build = gauges(&inner.registry, "build_info", "1 for this build.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        #[cfg(target_os = "linux")]
        inner.registry.register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))?;
        Ok(Self(Arc::new(inner)))
    }

    /// The metrics of a Vault, which are there only where one is configured.
    /// `stale` says how often a secret was given for which Vault did not vouch, since it was asked last.
    pub fn vault(
        &self,
        stale: impl Fn() -> Vec<(String, u64)> + Send + Sync + 'static,
    ) -> Result<VaultMetrics, prometheus::Error> {
        VaultMetrics::new(&self.0.registry, Box::new(stale))
    }

    /// All metrics in Prometheus's text format.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.registry.gather(), &mut text) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// A call came in.
    pub fn call_started(&self) {
        self.0.calls.in_flight.inc();
    }

    /// A call ended.
    pub fn call_ended(&self, tool: &str, access: Access, outcome: &str, elapsed: Duration) {
        self.0.calls.in_flight.dec();
        self.0.calls.ended.with_label_values(&[tool, access.as_str(), outcome]).inc();
        self.0.calls.seconds.with_label_values(&[tool]).observe(elapsed.as_secs_f64());
    }

    /// A clock for the stages of one call.
    pub fn stages(&self) -> Stages {
        Stages::new(self.0.calls.stage_seconds.clone())
    }

    /// A decision on a call.
    pub fn decision(&self, decision: &str, reason: &str) {
        self.0.decisions.with_label_values(&[decision, reason]).inc();
    }

    /// What a decision would have been with the policies that are only tried.
    pub fn shadow_decision(&self, decision: &str, shadow: &str) {
        self.0.shadow.with_label_values(&[decision, shadow]).inc();
    }

    /// A request to Atlassian.
    pub fn upstream_request(
        &self,
        product: Product,
        instance: &InstanceName,
        status: Option<u16>,
        elapsed: Duration,
    ) {
        let class = match status {
            Some(200..300) => "2xx",
            Some(300..400) => "3xx",
            Some(400..500) => "4xx",
            Some(_) => "5xx",
            None => "none",
        };
        self.0.upstream.requests.with_label_values(&[product.as_str(), labelled(instance), class]).inc();
        self.0.upstream.seconds.with_label_values(&[product.as_str()]).observe(elapsed.as_secs_f64());
    }

    /// A request that is sent once more.
    pub fn upstream_retry(&self, product: Product, reason: &str) {
        self.0.upstream.retries.with_label_values(&[product.as_str(), reason]).inc();
    }

    /// Whether a site is left alone.
    pub fn upstream_breaker(&self, product: Product, instance: &InstanceName, is_open: bool) {
        let labels = [product.as_str(), labelled(instance)];
        self.0.upstream.breaker.with_label_values(&labels).set(i64::from(is_open));
    }

    /// A record is in the audit log.
    pub fn audit_record(&self, stage: &str) {
        self.0.audit.records.with_label_values(&[stage]).inc();
    }

    /// A group of records was written.
    pub fn audit_written(&self, elapsed: Duration) {
        self.0.audit.seconds.observe(elapsed.as_secs_f64());
    }

    /// So many records could not be written, or not in time.
    pub fn audit_write_errors(&self, count: usize) {
        self.0.audit.errors.inc_by(count as u64);
    }

    /// One place that audit records go to did not take them.
    pub fn audit_sink_failed(&self, sink: &str) {
        self.0.audit.sinks.with_label_values(&[sink]).inc();
    }

    /// Something of the audit log was not handed on to one place.
    pub fn audit_copy_dropped(&self, to: &str) {
        self.0.audit.dropped.with_label_values(&[to]).inc();
    }

    /// A checkpoint was written at this time, in seconds since 1970.
    pub fn audit_checkpoint(&self, seconds: i64) {
        self.0.audit.checkpoint.set(seconds);
    }

    /// When the certificate of the listener ends, in seconds since 1970.
    pub fn server_certificate(&self, expires: i64) {
        self.0.certificate.set(expires);
    }

    /// Whether a product's certificates are checked.
    pub fn tls_verification(&self, product: Product, verify: bool) {
        self.0.upstream.tls_disabled.with_label_values(&[product.as_str()]).set(i64::from(!verify));
    }

    /// The policies in force.
    pub fn policy_loaded(&self, hash: &str) {
        self.0.policy.reset();
        self.0.policy.with_label_values(&[hash]).set(1);
    }

    /// The policies in the files were read again and are those in force.
    pub fn policy_reloaded(&self) {
        self.0.policy_reloads.with_label_values(&["loaded"]).inc();
        self.0.policy_refused.set(0);
    }

    /// The policies in the files were read again and refused.
    pub fn policy_refused(&self) {
        self.0.policy_reloads.with_label_values(&["refused"]).inc();
        self.0.policy_refused.set(1);
    }

    /// What is frozen: `writes`, `all` or nothing.
    pub fn frozen(&self, scope: Option<&str>) {
        for known in ["writes", "all"] {
            self.0.frozen.with_label_values(&[known]).set(i64::from(scope == Some(known)));
        }
    }

    /// A request was refused before dispatch.
    pub fn request_refused(&self, status: u16) {
        self.0.requests_refused.with_label_values(&[status.to_string().as_str()]).inc();
    }

    /// A connection was closed at once.
    pub fn connection_refused(&self) {
        self.0.connections_refused.inc();
    }

    /// The size of a result.
    pub fn tool_result(&self, tool: &'static str, bytes: u64) {
        #[expect(clippy::cast_precision_loss, reason = "a histogram has no more precision")]
        self.0.calls.result_bytes.with_label_values(&[tool]).observe(bytes as f64);
    }

    /// Items were left out of a result.
    pub fn results_filtered(&self, tool: &'static str, count: u64) {
        self.0.calls.filtered.with_label_values(&[tool]).inc_by(count);
    }

    /// A list of tools was given.
    pub fn tools_list(&self) {
        self.0.lists.inc();
    }
}

pub(super) fn counters(
    at: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    let made = IntCounterVec::new(Opts::new(name, help), labels)?;
    at.register(Box::new(made.clone()))?;
    Ok(made)
}

pub(super) fn counter(at: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    let made = IntCounter::new(name, help)?;
    at.register(Box::new(made.clone()))?;
    Ok(made)
}

pub(super) fn gauge(at: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    let made = IntGauge::new(name, help)?;
    at.register(Box::new(made.clone()))?;
    Ok(made)
}

pub(super) fn gauges(
    at: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    let made = IntGaugeVec::new(Opts::new(name, help), labels)?;
    at.register(Box::new(made.clone()))?;
    Ok(made)
}

fn histograms(
    at: &Registry,
    name: &str,
    help: &str,
    label: &str,
    buckets: &[f64],
) -> Result<HistogramVec, prometheus::Error> {
    let made = HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), &[label])?;
    at.register(Box::new(made.clone()))?;
    Ok(made)
}

/// The name of an instance as a label; sites that callers choose share one, because there is no end of them.
fn labelled(instance: &InstanceName) -> &str {
    if instance.is_chosen() { "chosen" } else { instance.as_str() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_in_the_text() {
        let metrics = Metrics::new().unwrap();
        metrics.call_started();
        metrics.call_ended("jira_get_issue", Access::Read, "ok", Duration::from_millis(3));
        metrics.upstream_request(
            Product::Jira,
            &InstanceName::default(),
            Some(503),
            Duration::from_millis(3),
        );
        metrics.policy_loaded("old");
        metrics.policy_loaded("new");
        let text = metrics.text();
        for line in [
            "portcullis_tool_calls_total{access=\"read\",outcome=\"ok\",tool=\"jira_get_issue\"} 1",
            "portcullis_tool_calls_in_flight 0",
            "portcullis_upstream_requests_total{class=\"5xx\",instance=\"default\",product=\"jira\"} 1",
            "portcullis_policy_info{hash=\"new\"} 1",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(!text.contains("hash=\"old\""));
    }
}
