//! The promises of the audit log, also where the disk does not keep its own.

mod elsewhere;
mod faults;
mod files;
mod flood;
mod keeper;

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::ProjectKey;
use crate::policy::Access;
use crate::policy::Allowed;
use crate::policy::Asked;
use crate::policy::Basis;
use crate::policy::Effect;
use crate::policy::Engine;
use crate::policy::EngineSettings;
use crate::policy::LoginFacts;
use crate::policy::Observed;
use crate::policy::PolicySource;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Question;
use crate::policy::Read;
use crate::policy::Resource;
use crate::policy::Session;
use crate::policy::Write;
use crate::telemetry::Metrics;
use crate::tools;

const CANARY: &str = "canary-value-5f3a";

fn settings(directory: &Path) -> AuditSettings {
    AuditSettings {
        directory: directory.to_path_buf(),
        key: HmacKey::from_secret("0123456789abcdef0123456789abcdef"),
        instance: "test".into(),
        signing_key: signing_key(),
        write_deadline: Duration::from_secs(5),
        checkpoint_records: 1000,
        checkpoint_interval: Duration::from_mins(1),
        rotate_bytes: 1 << 30,
        rotate_age: Duration::from_hours(24),
        reserve_bytes: 0,
        http: None,
        copies: Vec::new(),
        witness: WitnessSettings::default(),
        metrics: Metrics::new().unwrap(),
    }
}

fn signing_key() -> SigningKey {
    SigningKey::from_secret("test", &"07".repeat(32)).unwrap()
}

fn opening() -> Opening {
    Opening::server("p1", "s1", "c1", true)
}

fn open(directory: &Path) -> Audit {
    Audit::open(&settings(directory), &opening()).unwrap()
}

fn facts(access: Access) -> CallFacts {
    CallFacts {
        call: CallId::random(),
        tool: "jira_get_issue".into(),
        product: Product::Jira,
        access,
        method: "pat",
        client: format!("client\n{}", "x".repeat(500)),
        address: None,
        proxy: None,
        transport: "http",
        trace_id: None,
        os_user: None,
        named: None,
    }
}

fn ok() -> Outcome {
    Outcome::Ok(Ended { bytes: 1, ..Ended::default() })
}

fn principal() -> Principal {
    Principal { kind: PrincipalKind::User, id: "ann".into(), groups: None }
}

fn engine() -> Engine {
    Engine::load(&tools::facts(), &EngineSettings::alone(PolicySource::ReadOnly)).unwrap()
}

fn allowed(engine: &Engine) -> Allowed<Read> {
    allowed_to(engine, "jira_get_issue", json!({"issue_key": "OPS-1"}))
}

fn allowed_to<E: Effect>(engine: &Engine, tool: &'static str, arguments: Value) -> Allowed<E> {
    let session = Session {
        method: "pat",
        client: String::new(),
        address: None,
        instance: InstanceName::default(),
        deployment: "datacenter",
        read_only: true,
        now_ms: 0,
        login: LoginFacts::default(),
    };
    let resources = [Resource::Issue {
        key: IssueKey::parse("OPS-1").unwrap(),
        project: Some(IssueKey::parse("OPS-1").unwrap().project()),
    }];
    let decoded = tools::find(tool).unwrap();
    let Value::Object(arguments) = arguments else { unreachable!() };
    let input: BTreeMap<_, _> = decoded.decode(arguments).unwrap().input();
    let principal = principal();
    let question = Question {
        principal: &principal,
        session: &session,
        tool,
        resources: &resources,
        input: &input,
        observed: &Observed::default(),
    };
    engine.decide(&question).unwrap()
}

fn arguments() -> Map<String, Value> {
    Map::from_iter([("fields".to_owned(), Value::from(CANARY))])
}

/// The log files of a directory, the oldest first.
fn logs(directory: &Path) -> Vec<PathBuf> {
    let mut names = heads::logs(directory).unwrap();
    names.sort();
    names.iter().map(|name| directory.join(name.file())).collect()
}

/// The records of all files.
fn records(directory: &Path) -> Vec<Value> {
    let texts = logs(directory).into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

/// The records between the first and the last.
fn lines(directory: &Path) -> Vec<Value> {
    let mut records = records(directory);
    let (first, last) = (records.remove(0), records.pop().unwrap());
    assert_eq!((&first["stage"], &last["stage"]), (&json!("start"), &json!("stop")));
    records
}

/// The lines of intents; another line may be half written just now.
fn intents(directory: &Path) -> Vec<String> {
    let texts = logs(directory).into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.contains("\"stage\":\"intent\"")).collect()
}

#[tokio::test]
async fn a_permit_exists_only_after_its_intent_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let engine = Arc::new(engine());
    let calls = (0..200).map(|_| {
        let (audit, engine, path) = (audit.clone(), Arc::clone(&engine), directory.path().to_path_buf());
        tokio::spawn(async move {
            let mut trail = audit.trail(facts(Access::Read));
            trail.identified(&principal());
            let call = trail.call().to_string();
            let permit = trail.admit(allowed(&engine), &arguments()).await.unwrap();
            let written = intents(&path).iter().any(|intent| intent.contains(&call));
            assert!(written, "the permit of {call} came before its intent");
            assert!(permit.issue(&IssueKey::parse("OPS-1").unwrap()).is_ok());
            assert!(permit.issue(&IssueKey::parse("OPS-2").unwrap()).is_err());
            trail.close(Outcome::Ok(Ended { bytes: 1, ..Ended::default() })).await.unwrap();
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    audit.shutdown();
    let lines = lines(directory.path());
    let numbers: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (2..=401).collect::<Vec<u64>>());
    let text = serde_json::to_string(&lines).unwrap();
    assert!(!text.contains(CANARY) && text.contains("hmac:"));
    let intent = lines.iter().find(|line| line["stage"] == "intent").unwrap();
    assert_eq!(intent["resources"], json!(["Jira::Issue::\"OPS-1\"", "Jira::Project::\"OPS\""]));
    assert_eq!(intent["principal"], json!({"kind": "user", "id": "ann"}));
    assert!(intent["client"].as_str().unwrap().chars().count() <= record::LONGEST + 1);
}

#[tokio::test]
async fn every_end_of_a_call_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    drop(audit.trail(facts(Access::Read)));
    let panicking = {
        let audit = audit.clone();
        tokio::spawn(async move {
            let _trail = audit.trail(facts(Access::Write));
            panic!("a fault");
        })
    };
    assert!(panicking.await.is_err());
    let asked = Asked {
        resources: vec![Resource::Project(ProjectKey::parse("OPS").unwrap())],
        basis: Basis {
            policy_hash: "p1".into(),
            schema_hash: "s1".into(),
            groups: vec!["jira:ops".into()],
            attributes: BTreeMap::new(),
        },
        resolved: true,
        shadow: None,
    };
    let denied = Outcome::Denied {
        reason: "policy",
        decision: "d".into(),
        policies: vec!["p".into()],
        asked: Some(Box::new(asked)),
    };
    let mut trail = audit.trail(facts(Access::Write));
    trail.refused(&arguments(), &[]);
    trail.close(denied).await.unwrap();
    let unknown = Refused {
        status: None,
        reason: RefusalReason::UnknownTool,
        address: None,
        proxy: None,
        tool: Some("nope\n\u{202e}".into()),
    };
    Refusals::new(audit.clone()).note(unknown).await.unwrap();
    audit.shutdown();
    let seen: Vec<(Value, Value)> =
        lines(directory.path()).iter().map(|line| (line["code"].clone(), line["outcome"].clone())).collect();
    let wanted = [
        ("PC1006", json!("abandoned")),
        ("PC1006", json!("abandoned")),
        ("PC1004", json!("denied")),
        ("PC2002", Value::Null),
    ];
    assert_eq!(seen, wanted.map(|(code, outcome)| (json!(code), outcome)));
    let lines = lines(directory.path());
    let denied = lines.iter().find(|line| line["outcome"] == "denied").unwrap();
    assert_eq!(denied["resources"], json!(["Jira::Project::\"OPS\""]));
    assert_eq!((&denied["groups"], &denied["resolved"]), (&json!(["jira:ops"]), &json!(true)));
    let decision = json!({
        "id": "d", "effect": "deny", "reason": "policy", "policies": ["p"], "policy_hash": "p1", "schema_hash": "s1",
    });
    assert_eq!(denied["decision"], decision);
    assert!(denied["arguments"]["fields"].as_str().unwrap().starts_with("hmac:"), "{denied}");
}

#[tokio::test]
async fn a_change_is_in_doubt_from_its_permit_on_until_atlassian_answers() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let engine = Engine::load(&tools::facts(), &EngineSettings::alone(PolicySource::ReadWrite)).unwrap();
    let facts = || CallFacts { tool: "jira_add_comment".into(), ..facts(Access::Write) };
    let arguments = json!({"issue_key": "OPS-1", "body": "hello"});
    let admit = async |trail: &Trail| {
        let allowed = allowed_to::<Write>(&engine, "jira_add_comment", arguments.clone());
        drop(trail.admit(allowed, &Map::new()).await.unwrap());
    };
    let mut early = audit.trail(facts());
    early.in_doubt();
    early.close(Outcome::Deadline).await.unwrap();
    let mut late = audit.trail(facts());
    admit(&late).await;
    late.in_doubt();
    late.close(Outcome::Deadline).await.unwrap();
    let answered = audit.trail(facts());
    admit(&answered).await;
    answered.close(Outcome::UpstreamError { status: 400, class: ErrorClass::UpstreamStatus }).await.unwrap();
    let abandoned = audit.trail(facts());
    admit(&abandoned).await;
    drop(abandoned);
    audit.shutdown();
    let outcomes = lines(directory.path()).into_iter().filter(|line| line["stage"] == "outcome");
    let doubts: Vec<Value> = outcomes.map(|line| line["in_doubt"].clone()).collect();
    assert_eq!(doubts, [Value::Null, json!(true), Value::Null, json!(true)]);
}

#[tokio::test]
async fn the_level_of_a_rule_says_what_stands_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let engine = engine();
    let arguments = Map::from_iter([
        ("fields".to_owned(), Value::from(CANARY)),
        ("comment_limit".to_owned(), Value::from(5)),
        ("issue_key".to_owned(), Value::from("OPS-1")),
    ]);
    let clear = Rule { clear: vec!["issue_key".into()], ..Rule::default() };
    let all = Rule { level: Level::Arguments, ..Rule::default() };
    for rules in [Vec::new(), vec![clear], vec![all]] {
        let mut trail = audit.trail(facts(Access::Read));
        trail.identified(&principal());
        trail.told_by(&Arc::new(Rules::new(rules)));
        drop(trail.admit(allowed(&engine), &arguments).await.unwrap());
        trail.close(Outcome::NotVisible).await.unwrap();
    }
    audit.shutdown();
    let lines = lines(directory.path());
    let intents: Vec<&Value> = lines.iter().filter(|line| line["stage"] == "intent").collect();
    let key = HmacKey::from_secret("0123456789abcdef0123456789abcdef");
    let told = |fields: Value, issue_key: Value| json!({"fields": fields, "comment_limit": 5, "issue_key": issue_key});
    let hash = |text: &str| Value::from(key.digest(text));
    assert_eq!(intents[0]["arguments"], told(hash(CANARY), hash("OPS-1")));
    assert_eq!(intents[1]["arguments"], told(hash(CANARY), json!("OPS-1")));
    assert_eq!(intents[2]["arguments"], told(json!(CANARY), json!("OPS-1")));
    let levels: Vec<_> = intents.iter().map(|intent| (&intent["level"], &intent["clear"])).collect();
    let (metadata, arguments) = (json!("metadata"), json!("arguments"));
    assert_eq!(
        levels,
        [(&metadata, &Value::Null), (&metadata, &json!(["issue_key"])), (&arguments, &Value::Null)]
    );
    assert!(intents.iter().all(|intent| intent["key_id"] == key.id()));
    // The arguments stand in the intent alone, and the outcome has its word.
    let outcomes = lines.iter().filter(|line| line["stage"] == "outcome");
    assert!(outcomes.clone().all(|line| line["arguments"].is_null() && line["error"] == "not_visible"));
    assert_eq!(outcomes.count(), 3);
}

#[tokio::test]
async fn a_call_with_thousands_of_unknown_arguments_is_a_short_record() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let mut trail = audit.trail(facts(Access::Read));
    let many: Map<String, Value> = (0..14_000).map(|number| (number.to_string(), json!(""))).collect();
    trail.ended_early(&many, |_| false);
    trail.close(Outcome::InvalidArguments { names: Vec::new() }).await.unwrap();
    audit.shutdown();
    let outcome = lines(directory.path()).into_iter().find(|line| line["stage"] == "outcome").unwrap();
    assert_eq!(outcome["arguments"]["more"], 13_750);
    assert!(outcome.to_string().len() < 64 * 1024);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_private_and_have_one_writer() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("logs/audit");
    let first = open(&directory);
    let second = open(&directory);
    first.event(Event::key_created("a")).await.unwrap();
    second.event(Event::key_created("b")).await.unwrap();
    let files = logs(&directory);
    assert_eq!(files.len(), 2, "{files:?}");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(&files[0])), (0o700, 0o600));
    let locked = std::fs::File::open(&files[0]).unwrap();
    assert!(locked.try_lock().is_err(), "the file of a running server is locked");
}

#[tokio::test]
async fn a_permit_is_made_for_the_call_that_was_decided_on_alone() {
    let directory = tempfile::tempdir().unwrap();
    let audit = open(directory.path());
    let engine = engine();
    for other in [
        CallFacts { tool: "jira_search".into(), ..facts(Access::Read) },
        CallFacts { access: Access::Write, ..facts(Access::Read) },
    ] {
        let error = audit.trail(other).admit(allowed(&engine), &arguments()).await.unwrap_err();
        assert!(matches!(error, AuditError::Mismatch { .. }), "{error}");
    }
    audit.shutdown();
    assert!(lines(directory.path()).iter().all(|line| line["stage"] == "outcome"));
}

#[tokio::test]
async fn a_probe_writes_for_real_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("audit");
    let audit = open(&directory);
    let files = || std::fs::read_dir(&directory).unwrap().count();
    let before = files();
    audit.probe().await.unwrap();
    assert_eq!(files(), before);
    let gone = open(&directory);
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(gone.probe().await.is_err());
    let error = gone.event(Event::key_created("a")).await.unwrap_err().to_string();
    assert!(error.contains("its directory cannot be written to"), "{error}");
}

#[test]
fn a_log_that_cannot_be_opened_says_where() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Audit::open(&settings(&file.path().join("audit")), &opening()).unwrap_err().to_string();
    assert!(error.contains("cannot open the audit log in") && error.contains("audit"), "{error}");
}
