//! What the audit log adds to a call: intents and outcomes of writes, both on disk before they return, with 64 calls at a
//! time, and what a sync of the same disk costs by itself.
//!
//! `cargo bench --bench audit`; `TMPDIR` chooses the disk, an argument the seconds.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use portcullis::audit::Audit;
use portcullis::audit::AuditSettings;
use portcullis::audit::CallFacts;
use portcullis::audit::CallId;
use portcullis::audit::Ended;
use portcullis::audit::HmacKey;
use portcullis::audit::Opening;
use portcullis::audit::Outcome;
use portcullis::audit::SigningKey;
use portcullis::audit::WitnessSettings;
use portcullis::ids::InstanceName;
use portcullis::ids::IssueKey;
use portcullis::policy::Access;
use portcullis::policy::Allowed;
use portcullis::policy::Engine;
use portcullis::policy::EngineSettings;
use portcullis::policy::InputValue;
use portcullis::policy::LoginFacts;
use portcullis::policy::Observed;
use portcullis::policy::PolicySource;
use portcullis::policy::Principal;
use portcullis::policy::PrincipalKind;
use portcullis::policy::Product;
use portcullis::policy::Question;
use portcullis::policy::Resource;
use portcullis::policy::Session;
use portcullis::policy::Write;
use portcullis::telemetry::Metrics;
use portcullis::tools;
use serde_json::Map;
use serde_json::Value;

const CALLERS: u32 = 64;
/// Pairs in a second, where callers do not go as fast as they can.
const RATE: u32 = 6_000;
const SYNCS: usize = 500;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    let seconds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(10);
    // Beside the build: a directory for temporary files may be in memory, where a sync costs nothing.
    let directory = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut syncs = syncs(directory.path())?;
    writeln!(
        out,
        "a sync of 4 KB more:    p50 {:>8.2?}  p99 {:>8.2?}",
        at(&mut syncs, 50),
        at(&mut syncs, 99)
    )?;
    let audit = open(&directory.path().join("audit"))?;
    let engine = Arc::new(Engine::load(&tools::facts(), &EngineSettings::alone(PolicySource::ReadWrite))?);
    // As fast as they can, and at a rate that leaves the processors some rest.
    for pairs_per_second in [None, Some(RATE)] {
        let pause = pairs_per_second.map(|rate| Duration::from_secs(1) * CALLERS / rate);
        let started = Instant::now();
        let until = started + Duration::from_secs(seconds);
        let one = || tokio::spawn(calls(audit.clone(), Arc::clone(&engine), until, pause));
        let callers: Vec<_> = (0..CALLERS).map(|_| one()).collect();
        let mut added = Vec::new();
        for caller in callers {
            added.extend(caller.await??);
        }
        let elapsed = started.elapsed().as_secs_f64();
        let pairs = added.len();
        #[expect(clippy::cast_precision_loss, reason = "a rate has no more precision")]
        let rate = pairs as f64 / elapsed;
        let how = pause.map_or("as fast as they can", |_| "at a rate");
        writeln!(out, "{CALLERS} callers, {how}: {rate:.0} pairs/s (bar 5,000)")?;
        writeln!(
            out,
            "added to a call:        p50 {:>8.2?}  p99 {:>8.2?} (bar 10 ms)",
            at(&mut added, 50),
            at(&mut added, 99)
        )?;
    }
    audit.shutdown();
    Ok(())
}

/// What one sync costs when nothing else is done.
fn syncs(directory: &Path) -> std::io::Result<Vec<Duration>> {
    let mut file = std::fs::File::create(directory.join("alone"))?;
    let mut times = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        file.write_all(&[b' '; 4096])?;
        let started = Instant::now();
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(times)
}

fn open(directory: &Path) -> Result<Audit, Box<dyn Error>> {
    let settings = AuditSettings {
        directory: directory.to_owned(),
        key: HmacKey::from_secret("0123456789abcdef0123456789abcdef"),
        signing_key: SigningKey::from_secret("bench", &"07".repeat(32))?,
        instance: "bench".to_owned(),
        write_deadline: Duration::from_secs(5),
        checkpoint_records: 1000,
        checkpoint_interval: Duration::from_mins(1),
        rotate_bytes: 256_000_000,
        rotate_age: Duration::from_hours(24),
        reserve_bytes: 16 << 20,
        http: None,
        copies: Vec::new(),
        witness: WitnessSettings::default(),
        metrics: Metrics::new()?,
    };
    Ok(Audit::open(&settings, &Opening::server("bench", "bench", "bench", false))?)
}

/// Call after call, at this distance if there is one; returns what the log added to each.
async fn calls(
    audit: Audit,
    engine: Arc<Engine>,
    until: Instant,
    pause: Option<Duration>,
) -> Result<Vec<Duration>, String> {
    let mut added = Vec::new();
    let mut pace = pause.map(tokio::time::interval);
    let arguments = Map::from_iter([
        ("issue_key".to_owned(), Value::from("OPS-1")),
        ("body".to_owned(), Value::from("A comment of a usual length, as one writes it.")),
    ]);
    while Instant::now() < until {
        if let Some(pace) = &mut pace {
            pace.tick().await;
        }
        let allowed = decide(&engine)?;
        let trail = audit.trail(facts());
        let started = Instant::now();
        trail.admit(allowed, &arguments).await.map_err(|error| error.to_string())?;
        trail
            .close(Outcome::Ok(Ended { bytes: 1000, ..Ended::default() }))
            .await
            .map_err(|error| error.to_string())?;
        added.push(started.elapsed());
    }
    Ok(added)
}

fn facts() -> CallFacts {
    CallFacts {
        call: CallId::random(),
        tool: "jira_add_comment".to_owned(),
        product: Product::Jira,
        access: Access::Write,
        method: "pat",
        client: "bench".to_owned(),
        address: Some([10, 0, 0, 1].into()),
        proxy: None,
        transport: "http",
        trace_id: None,
        os_user: None,
        named: None,
    }
}

fn decide(engine: &Engine) -> Result<Allowed<Write>, String> {
    let principal = Principal { kind: PrincipalKind::User, id: "bench".to_owned(), groups: None };
    let session = Session {
        method: "pat",
        client: "bench".to_owned(),
        address: Some([10, 0, 0, 1].into()),
        instance: InstanceName::default(),
        deployment: "datacenter",
        read_only: false,
        now_ms: 1_790_000_000_000,
        login: LoginFacts::default(),
    };
    let key = IssueKey::parse("OPS-1").map_err(|error| error.to_string())?;
    let resources = [Resource::Issue { key: key.clone(), project: Some(key.project()) }];
    let input = BTreeMap::from([
        ("issue_key".to_owned(), InputValue::Text(key.as_str().to_owned())),
        ("body".to_owned(), InputValue::Number(46)),
    ]);
    let question = Question {
        principal: &principal,
        session: &session,
        tool: "jira_add_comment",
        resources: &resources,
        input: &input,
        observed: &Observed::default(),
    };
    engine.decide(&question).map_err(|_| "the policies deny the call".to_owned())
}

fn at(times: &mut [Duration], share: usize) -> Duration {
    times.sort_unstable();
    times.get(times.len() * share / 100).copied().unwrap_or_default()
}
