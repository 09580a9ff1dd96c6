//! What a decision costs inside the server, with 10 to 10,000 policies: principal, resource, store, context, request,
//! visibility and permit. Four in five policies are of one project and one group, one in five looks at the session.
//!
//! `cargo bench --bench policy`, or `cargo bench --bench policy -- 10 1000` for sets of these sizes alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;
use std::time::Instant;

use portcullis::ids::InstanceName;
use portcullis::ids::IssueKey;
use portcullis::policy::Engine;
use portcullis::policy::EngineSettings;
use portcullis::policy::InputValue;
use portcullis::policy::LoginFacts;
use portcullis::policy::Observed;
use portcullis::policy::PolicySource;
use portcullis::policy::Principal;
use portcullis::policy::PrincipalKind;
use portcullis::policy::Question;
use portcullis::policy::Read;
use portcullis::policy::Resource;
use portcullis::policy::Session;
use portcullis::policy::Write;
use portcullis::tools;

const SIZES: [usize; 4] = [10, 100, 1_000, 10_000];
const ROUNDS: usize = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout();
    writeln!(out, "policies   load      p50 (us)  p99 (us)  decisions/s   of these allowed")?;
    let mut medians = Vec::new();
    let given: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    for size in if given.is_empty() { SIZES.to_vec() } else { given } {
        let directory = tempfile::tempdir()?;
        std::fs::write(directory.path().join("bench.cedar"), policies(size))?;
        let settings = EngineSettings::alone(PolicySource::Directory(directory.path().to_owned()));
        let started = Instant::now();
        let engine = Engine::load(&tools::facts(), &settings)?;
        let load = started.elapsed();
        let (mut times, allowed) = decide(&engine, size)?;
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        let total: Duration = times.iter().sum();
        let median = micros(at(50));
        medians.push(median);
        writeln!(
            out,
            "{size:>8}   {:>6.2} s  {median:>8.2}  {:>8.2}  {:>11.0}   {:.0} %",
            load.as_secs_f64(),
            micros(at(99)),
            count(times.len())? / total.as_secs_f64(),
            100.0 * count(allowed)? / count(times.len())?,
        )?;
    }
    if let (Some(first), Some(last)) = (medians.first(), medians.last()) {
        writeln!(out, "p50 at 10,000 is {:.2} times that at 10 (bar 2; each below 15 us)", last / first)?;
    }
    Ok(())
}

/// One in five looks at the session or an argument; the others are a group's in its project.
fn policies(size: usize) -> String {
    let mut text = String::new();
    for number in 0..size {
        let project = format!("P{}", number % size.max(1));
        let _ = match number % 5 {
            0 => writeln!(
                text,
                "@id(\"limits-{number}\") permit (principal in Id::Group::\"jira:team{number}\", action in \
                 Mcp::Action::\"jira:write\", resource in Jira::Project::\"{project}\") when {{ \
                 context.session.method == \"pat\" && !context.session.read_only }};"
            ),
            _ => writeln!(
                text,
                "@id(\"team-{number}\") permit (principal in Id::Group::\"jira:team{number}\", action in \
                 Mcp::Action::\"jira\", resource in Jira::Project::\"{project}\");"
            ),
        };
    }
    text.push_str(
        "@id(\"no-deletes\") @advice(\"nobody deletes\") forbid (principal, action == \
         Mcp::Action::\"jira_delete_issue\", resource);",
    );
    text
}

fn decide(engine: &Engine, size: usize) -> Result<(Vec<Duration>, usize), Box<dyn Error>> {
    let mut times = Vec::with_capacity(ROUNDS);
    let mut allowed = 0;
    for round in 0..ROUNDS {
        let team = (round * 7 + 1) % size;
        // Every fourth asks for what is another team's.
        let project = if round % 4 == 0 { (team + 1) % size } else { team };
        let principal = Principal {
            kind: PrincipalKind::User,
            id: format!("user{round}"),
            groups: Some(BTreeSet::from([format!("jira:team{team}"), "jira:everybody".to_owned()])),
        };
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
        let key = IssueKey::parse(&format!("P{project}-{}", round + 1))?;
        let project = key.project();
        let resources = [Resource::Issue { key: key.clone(), project: Some(project) }];
        let write = round % 2 == 0;
        let input = if write {
            BTreeMap::from([
                ("issue_key".to_owned(), InputValue::Text(key.as_str().to_owned())),
                ("body".to_owned(), InputValue::Number(120)),
            ])
        } else {
            BTreeMap::from([("issue_key".to_owned(), InputValue::Text(key.as_str().to_owned()))])
        };
        let observed = Observed::default();
        let question = |tool| Question {
            principal: &principal,
            session: &session,
            tool,
            resources: &resources,
            input: &input,
            observed: &observed,
        };
        let started = Instant::now();
        let is_allowed = if write {
            engine.decide::<Write>(&question("jira_add_comment")).is_ok()
        } else {
            engine.decide::<Read>(&question("jira_get_transitions")).is_ok()
        };
        times.push(started.elapsed());
        allowed += usize::from(is_allowed);
    }
    Ok((times, allowed))
}

fn count(number: usize) -> Result<f64, std::num::TryFromIntError> {
    Ok(f64::from(u32::try_from(number)?))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
