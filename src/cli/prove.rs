//! `portcullis policy prove`: whether what `properties.toml` says of policies holds for every request.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::Cli;
use super::Failure;
use super::assemble;
use super::output;
use crate::config;
use crate::policy::EngineSettings;
use crate::policy::PolicySource;
use crate::policy::ProofRecord;
use crate::policy::Verdict;
use crate::policy::prove;
use crate::policy::prove::Example;
use crate::policy::prove::Finding;
use crate::policy::prove::Prover;
use crate::policy::prove::Report;
use crate::policy::prove::Solver;
use crate::tools;

/// Arguments of `portcullis policy prove`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A profile, or a directory of profiles; without it, the policies the server would start with.
    ///
    /// Policies that come from settings (read-only, filters) are added if --config or --env-file is given.
    directory: Option<PathBuf>,
    /// Write a proof record, which `policy.require_proof` can ask for.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Where answers are kept for the next run; without it, in the user's cache directory.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Ask everything again.
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
    #[command(flatten)]
    limits: Limits,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How the solver is asked.
#[derive(Debug, Args)]
pub(super) struct Limits {
    /// How many seconds one question may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// How many solvers run at once; without it, one for each processor.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
}

impl Limits {
    pub(super) fn prover(&self, cache: Option<PathBuf>) -> Result<Prover, Failure> {
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Prover {
            solver: Solver::find(config::solver_program()).map_err(Failure::configuration)?,
            jobs: self.jobs.map_or_else(processors, usize::from),
            cache,
            timeout: Duration::from_secs(self.timeout),
        })
    }
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let profiles = profiles(arguments, cli)?;
    let cache = arguments.cache.clone().or_else(config::cache_directory).filter(|_| !arguments.no_cache);
    let prover = arguments.limits.prover(cache)?;
    let facts = tools::facts();
    let mut reports = Vec::new();
    for settings in &profiles {
        let report = prover.prove(&facts, settings).map_err(Failure::configuration)?;
        if !arguments.json {
            output::say(&text(&report));
        }
        reports.push(report);
    }
    if arguments.json {
        output::say(&as_json(&reports).to_string());
    }
    if let Some(file) = &arguments.record {
        let record = ProofRecord::new(reports.iter().map(|report| report.proof.clone()).collect());
        let text = record.to_text().map_err(Failure::failed)?;
        std::fs::write(file, text)
            .map_err(|error| Failure::configuration(format!("cannot write `{}`: {error}", file.display())))?;
    }
    let failing = reports.iter().filter(|report| !report.proof.holds()).count();
    match failing {
        0 => Ok(()),
        _ => Err(Failure::failed(format!("not proven: {failing} of {} profiles", reports.len()))),
    }
}

/// The sets to prove, with the policies of settings where settings were given.
fn profiles(arguments: &Arguments, cli: &Cli) -> Result<Vec<EngineSettings>, Failure> {
    let given = cli.config.is_some() || cli.env_file.is_some();
    let configured = match (given, &arguments.directory) {
        (false, Some(_)) => EngineSettings::alone(PolicySource::ReadOnly),
        _ => assemble::engine_settings(&super::load(cli)?.settings)?,
    };
    let Some(directory) = &arguments.directory else { return Ok(vec![configured]) };
    let found = prove::profiles(directory).map_err(Failure::configuration)?;
    let with = |path| EngineSettings { source: PolicySource::Directory(path), ..configured.clone() };
    Ok(found.into_iter().map(with).collect())
}

fn as_json(reports: &[Report]) -> serde_json::Value {
    let one = |report: &Report| {
        let proof = &report.proof;
        json!({
            "profile": proof.profile,
            "policy_hash": proof.policy_hash,
            "schema_hash": proof.schema_hash,
            "solver": proof.solver,
            "time": proof.time,
            "seconds": proof.seconds,
            "holds": proof.holds(),
            "properties": report.properties,
        })
    };
    json!({"profiles": reports.iter().map(one).collect::<Vec<_>>()})
}

fn text(report: &Report) -> String {
    let proof = &report.proof;
    let mut lines = vec![format!(
        "{} ({}, {:.1} s, policy hash {})",
        proof.profile, proof.solver, proof.seconds, proof.policy_hash
    )];
    for property in &report.properties {
        let proved = &property.proved;
        let known = match proved.cached {
            0 => String::new(),
            cached => format!(", {cached} known from before"),
        };
        let what = if proved.property == "no_dead_policies" { "policies" } else { "kinds of request" };
        lines.push(format!(
            "  {:<8} {} ({} {what}{known})",
            proved.result.as_str(),
            proved.property,
            proved.environments
        ));
        for finding in &property.findings {
            lines.extend(finding_lines(finding, proved.result, report));
        }
    }
    lines.join("\n")
}

fn finding_lines(finding: &Finding, result: Verdict, report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    let policies = named(&finding.policies);
    match (&finding.problem, result) {
        (Some(problem), _) => lines.push(format!("    {problem}")),
        (None, _) if finding.example.as_ref().is_some_and(|example| !example.errors.is_empty()) => {
            lines.push(format!("    error in {policies}"));
        }
        (None, _) => lines.push(format!("    allowed by {policies}")),
    }
    if !finding.calls.is_empty() {
        lines.push(format!("    in {}", report.groups.describe(&finding.calls)));
    }
    if let Some(example) = &finding.example {
        lines.push("    for example".to_owned());
        lines.extend(example_lines(example).into_iter().map(|line| format!("      {line}")));
    }
    lines
}

pub(super) fn named(policies: &[String]) -> String {
    match policies {
        [] => "no policy".to_owned(),
        some => some.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", "),
    }
}

/// A request, as an administrator reads it.
pub(super) fn example_lines(example: &Example) -> Vec<String> {
    let inside = |of: &[String]| if of.is_empty() { String::new() } else { format!(" in {}", of.join(", ")) };
    let mut lines = vec![
        format!("principal  {}{}", example.principal, inside(&example.groups)),
        format!("action     {}", example.action),
        format!("resource   {}{}", example.resource, inside(&example.within)),
    ];
    lines.extend(example.relevant.iter().map(|(name, value)| format!("with       {name} == {value}")));
    let decided = if example.allowed { "allowed" } else { "denied" };
    lines.push(format!("replayed   {decided} by {}", named(&example.policies)));
    lines.extend(example.errors.iter().map(|error| format!("error      {error}")));
    if !example.errors.is_empty() {
        lines.push("           the server refuses a call in which a policy errs".to_owned());
    }
    if example.visible == Some(false) {
        lines.push("           this very caller may not see it, and is refused for that".to_owned());
    }
    lines
}
