//! `portcullis policy explain`: why a call is allowed or denied, of one that is described or one in the audit log.

use std::path::PathBuf;

use clap::Args;

use super::chosen::Chosen;
use super::chosen::Instead;
use super::recorded::Found;
use super::recorded::Recorded;
use super::say_json;
use super::wrong;
use crate::audit::HmacKey;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::load;
use crate::cli::output;
use crate::policy::Explainer;
use crate::policy::Explanation;
use crate::policy::Finding;
use crate::policy::InputField;
use crate::policy::PrincipalKind;
use crate::policy::Sample;
use crate::policy::ShadowFinding;
use crate::tools;

/// Arguments of `portcullis policy explain`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The policies, if not those of the configuration.
    #[arg(long, value_name = "DIRECTORY")]
    policies: Option<PathBuf>,
    /// Who calls: an account id on Cloud, a user name in small letters on Data Center.
    #[arg(long, conflicts_with_all = ["service", "id"])]
    user: Option<String>,
    /// The service that calls.
    #[arg(long, conflicts_with = "id")]
    service: Option<String>,
    /// A group of the caller, such as `jira:ops`; may be given again.
    #[arg(long = "group", value_name = "GROUP", conflicts_with = "id")]
    groups: Vec<String>,
    /// The tool; without one, it is asked whether the resources may be seen.
    #[arg(long, conflicts_with = "id")]
    tool: Option<String>,
    /// What the call is on: `Jira::Issue::"OPS-1"`, `Confluence::Page::"7" in Confluence::Space::"DOCS"`; may be given
    /// again.
    #[arg(long = "resource", value_name = "RESOURCE", conflicts_with = "id")]
    resources: Vec<String>,
    /// An argument of the tool; of a call in the log it is checked against the hash there; may be given again.
    #[arg(long = "input", value_name = "NAME=VALUE")]
    input: Vec<String>,
    /// A value of the session: `method`, `client`, `deployment`, `read_only`, `now`, `address`, `mfa`, `scopes`
    /// (separated by blanks), `age` (seconds); may be given again.
    #[arg(long = "session", value_name = "NAME=VALUE")]
    session: Vec<String>,
    /// An attribute of the resources that policies look at: `status=Done`, `labels=public,open`, `security_level=` where
    /// there is none; may be given again.
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// The audit log, a file or its directory, if it is not the one of the configuration.
    #[arg(long, value_name = "PATH", requires = "id")]
    audit: Option<PathBuf>,
    /// A call in the audit log: the id of its decision, or its reference, as the caller is told it.
    #[arg(value_name = "REFERENCE")]
    id: Option<String>,
    /// The key of the audit log, if it is not the one of this machine.
    #[arg(long, value_name = "FILE", requires = "id")]
    key: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let chosen = Chosen::of(arguments.policies.as_deref(), cli, Instead("--policies DIR"))?;
    let explainer = Explainer::load(&tools::facts(), &chosen.settings).map_err(wrong)?;
    let (sample, then) = match &arguments.id {
        None => (described(arguments).map_err(Failure::usage)?, Then::default()),
        Some(id) => match Recorded::find(&log(arguments, cli)?, id)? {
            Found::Decided(decided) => recorded(arguments, cli, &explainer, *decided)?,
            Found::Unseen(unseen) if arguments.json => return say_json(&unseen),
            Found::Unseen(unseen) => {
                output::say(&unseen.text());
                return Ok(());
            }
        },
    };
    let mut explanation = explainer.explain(&sample).map_err(Failure::usage)?;
    explanation.used_up(&then.used_up);
    if arguments.json {
        let mut told = serde_json::to_value(&explanation).map_err(Failure::failed)?;
        if let Some(told) = told.as_object_mut() {
            told.insert("by".into(), chosen.name.into());
            told.insert("notes".into(), then.notes.into());
        }
        return say_json(&told);
    }
    output::say(&text(&explanation, &then, &chosen.name));
    Ok(())
}

/// What was of a call in the log.
#[derive(Debug, Default)]
struct Then {
    /// What must be said beside the explanation.
    notes: Vec<String>,
    /// The permits whose limits were used up.
    used_up: Vec<String>,
}

/// A call from the flags.
fn described(arguments: &Arguments) -> Result<Sample, String> {
    let (kind, id) = match (&arguments.user, &arguments.service) {
        (Some(user), _) => (PrincipalKind::User, user),
        (None, Some(service)) => (PrincipalKind::Service, service),
        (None, None) => {
            return Err(
                "say who calls with --user or --service, or give the reference of a call in the audit log"
                    .to_owned(),
            );
        }
    };
    let mut sample = Sample::new(id)?;
    sample.principal.kind = kind;
    sample.principal.groups = Some(arguments.groups.iter().cloned().collect());
    if let Some(name) = &arguments.tool {
        sample.set_tool(name, &tools::facts())?;
    }
    for resource in &arguments.resources {
        sample.add_resource(resource)?;
    }
    set_session(&mut sample, &arguments.session)?;
    set_attributes(&mut sample, &arguments.attributes)?;
    for given in &arguments.input {
        let (name, value) = pair(given)?;
        sample.set_input_text(name, value)?;
    }
    Ok(sample)
}

/// A call from the log.
fn recorded(
    arguments: &Arguments,
    cli: &Cli,
    explainer: &Explainer,
    mut recorded: Recorded,
) -> Result<(Sample, Then), Failure> {
    set_session(&mut recorded.sample, &arguments.session).map_err(Failure::usage)?;
    set_attributes(&mut recorded.sample, &arguments.attributes).map_err(Failure::usage)?;
    if !arguments.input.is_empty() {
        let key = key(arguments, cli)?;
        for given in &arguments.input {
            let (name, value) = pair(given).map_err(Failure::usage)?;
            recorded.give(name, value, &key)?;
        }
    }
    let needed: Vec<InputField> = explainer.inputs_needed(&recorded.sample).into_iter().cloned().collect();
    recorded.take_known(&needed);
    let missing =
        |field: &&InputField| recorded.has(&field.name) && !recorded.sample.input.contains_key(&field.name);
    let missing: Vec<&str> = needed.iter().filter(missing).map(|field| field.name.as_str()).collect();
    if !missing.is_empty() {
        let flags: Vec<String> = missing.iter().map(|name| format!("--input {name}=...")).collect();
        let text = "policies look at texts that the log has only as hashes; give them";
        return Err(Failure::usage(format!("{text}: {}", flags.join(" "))));
    }
    let mut notes = vec![format!(
        "then: {} by {}",
        if recorded.effect == "permit" { "allowed" } else { "denied" },
        if recorded.policies.is_empty() { "no policy".to_owned() } else { recorded.policies.join(", ") }
    )];
    if recorded.used_up {
        notes.push("then its limit was used up; what follows is said without counting".to_owned());
    }
    let used_up = if recorded.used_up { recorded.policies.clone() } else { Vec::new() };
    if recorded.policy_hash.as_deref() != Some(explainer.engine().policy_hash()) {
        let then = recorded.policy_hash.as_deref().unwrap_or("unknown");
        notes.push(format!(
            "it was decided by other policies (hash {then}): what follows is what these would say today"
        ));
    }
    let unknown = explainer.session_needed(&recorded.sample);
    let unknown = unknown.iter().filter(|name| UNRECORDED.contains(&name.as_str()));
    for name in unknown.filter(|name| !arguments.session.iter().any(|given| given.starts_with(name.as_str())))
    {
        notes.push(format!(
            "policies look at `context.session.{name}`, which the log does not have: see --session"
        ));
    }
    Ok((recorded.sample, Then { notes, used_up }))
}

/// What of a session is not in the log.
const UNRECORDED: [&str; 5] = ["deployment", "read_only", "mfa", "scopes", "age"];

/// Where the log is.
fn log(arguments: &Arguments, cli: &Cli) -> Result<PathBuf, Failure> {
    match &arguments.audit {
        Some(path) => Ok(path.clone()),
        None => Ok(load(cli)?.settings.audit.directory),
    }
}

/// The key that arguments were hashed with.
fn key(arguments: &Arguments, cli: &Cli) -> Result<HmacKey, Failure> {
    let path = match &arguments.key {
        Some(path) => path.clone(),
        None => HmacKey::path(&load(cli)?.settings.audit.state_directory),
    };
    HmacKey::read(&path).map_err(|error| Failure::usage(format!("{error}; name the key's file with --key")))
}

fn set_session(sample: &mut Sample, given: &[String]) -> Result<(), String> {
    for given in given {
        let (name, value) = pair(given)?;
        sample.set_session(name, value)?;
    }
    Ok(())
}

fn set_attributes(sample: &mut Sample, given: &[String]) -> Result<(), String> {
    for given in given {
        let (name, value) = pair(given)?;
        sample.set_attribute_text(name, value)?;
    }
    Ok(())
}

fn pair(given: &str) -> Result<(&str, &str), String> {
    given.split_once('=').ok_or_else(|| format!("`{given}` is not of the form name=value"))
}

/// The explanation for people.
fn text(explanation: &Explanation, then: &Then, by: &str) -> String {
    let what = explanation.tool.as_deref().unwrap_or("seeing it");
    let groups =
        if explanation.groups.is_empty() { "no group".to_owned() } else { explanation.groups.join(", ") };
    let mut lines = vec![format!(
        "{}: {what} by {} in {groups} ({by})",
        verdict(explanation, then),
        explanation.principal
    )];
    if explanation.allowed && !explanation.limits.is_empty() {
        lines.push(format!("  at most {}, which is not counted here", limits(explanation)));
    }
    let unseen = explanation.steps.iter().find(|step| !step.allowed && step.action.ends_with(":view_item"));
    if let (Some(step), false, true) = (unseen, explanation.allowed, explanation.tool.is_some()) {
        lines.push(format!(
            "  the caller reads that it does not exist or is not visible: before the tool `{}` is asked, which is denied",
            step.action
        ));
    }
    lines.extend(then.notes.iter().map(|note| format!("  {note}")));
    lines.extend(explanation.errors.iter().map(|error| format!("  error: {error}")));
    for (number, step) in explanation.steps.iter().enumerate() {
        let place = step.place.as_ref().map(|place| format!(" in {place}")).unwrap_or_default();
        let by = match &step.error {
            Some(error) => error.clone(),
            None if step.deciding.is_empty() => "no policy permits it".to_owned(),
            None => step.deciding.join(", "),
        };
        let word = if step.allowed { "allowed by" } else { "denied:" };
        lines.push(format!("\n{}. {} on {}{place}: {word} {by}", number + 1, step.action, step.resource));
        lines.extend(step.policies.iter().flat_map(finding));
    }
    lines.extend(explanation.shadow.as_ref().map(tried));
    if !explanation.change.is_empty() {
        lines.push("\nWhat to change".to_owned());
        let indented = |change: &String| format!("- {}", change.replace('\n', "\n    "));
        lines.extend(explanation.change.iter().map(indented));
    }
    lines.push(format!("\npolicies: hash {}", explanation.policy_hash));
    lines.join("\n")
}

fn verdict(explanation: &Explanation, then: &Then) -> String {
    match &explanation.reason {
        None if then.used_up.is_empty() => "allowed".to_owned(),
        None => format!("denied then: the limit of {} was used up; allowed now", then.used_up.join(", ")),
        Some(reason) if reason == "limit" => {
            let verb = if explanation.limits.len() == 1 { "is" } else { "are" };
            format!("denied: limit {} {verb} used up", limits(explanation))
        }
        Some(reason) => format!("denied ({reason})"),
    }
}

/// For example ``20/h of `comment` ``.
fn limits(explanation: &Explanation) -> String {
    let limits = explanation.limits.iter().map(|limit| format!("{} of `{}`", limit.limit, limit.policy));
    limits.collect::<Vec<_>>().join(" and ")
}

/// What policies that are only tried would change.
fn tried(shadow: &ShadowFinding) -> String {
    let word = if shadow.allowed { "allowed" } else { "denied" };
    let reason = shadow.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let by = if shadow.deciding.is_empty() {
        String::new()
    } else {
        format!(" by {}", shadow.deciding.join(", "))
    };
    format!("\nIf the policies that are only tried were in force: {word}{reason}{by}")
}

/// One policy, and the parts for which it does not match.
fn finding(finding: &Finding) -> Vec<String> {
    let says = match (&finding.error, finding.matches) {
        (Some(error), _) => format!("fails: {error}"),
        (None, true) => "matches".to_owned(),
        (None, false) => "does not match".to_owned(),
    };
    let mut lines =
        vec![format!("   {} {} ({}:{}) {says}", finding.effect, finding.policy, finding.file, finding.line)];
    for part in finding.parts.iter().filter(|part| part.holds == Some(false)) {
        let values =
            if part.values.is_empty() { String::new() } else { format!(" ({})", part.values.join(", ")) };
        let (line, text) = (part.line, &part.text);
        lines.push(match part.part {
            "unless" => format!("      line {line}: unless `{text}`, which is true{values}"),
            _ => format!("      line {line}: `{text}` is false{values}"),
        });
    }
    lines
}
