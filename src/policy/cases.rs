//! Test cases of a profile: a call, and what must come of it.
//!
//! A file `policies/<profile>/tests/*.toml` has any number of these, and optionally settings that hold for all of them:
//! ```toml
//! [settings]                    # all optional: read_only, jira_read_only, confluence_read_only, projects, spaces, internal_only_projects, enabled_tools, toolsets
//! projects = ["OPS"]
//!
//! [[case]]
//! name = "ops comments on its own project"
//! user = "ann"                  # or service = "name"
//! groups = ["jira:ops"]
//! tool = "jira_add_comment"     # without a tool, only `visible` is asked
//! resources = ['Jira::Issue::"OPS-1"']
//! input = { body = "hello" }    # what no policy looks at may be left out
//! attributes = { status = "Done" }  # of the resources; what no policy looks at may be left out
//! session = { method = "pat" }  # method, client, deployment, read_only, now, address, mfa, scopes, age
//! expect = "allow"              # or "deny"
//! reason = "no_policy"          # optional, of a denial: not_visible, policy, no_policy
//! policies = ["demo:comment"]   # optional: the policies that decide, exactly these
//! visible = true                # optional: whether the caller sees all the resources
//! shadow = "deny"               # optional: what it would be if policies that are only tried were in force
//! ```

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::ids::InstanceName;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::EngineSettings;
use crate::policy::Explainer;
use crate::policy::Explanation;
use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Sample;
use crate::policy::ToolFacts;
use crate::policy::check;

/// The text of one file of cases.
#[derive(Debug, Clone)]
pub struct CaseFile {
    /// What failures call it.
    pub name: String,
    /// TOML.
    pub text: String,
}

/// What came of the cases of a profile.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// One for each case, in order.
    pub cases: Vec<CaseResult>,
    /// Policies of the profile that decided in no case.
    pub never_decided: Vec<String>,
}

impl Report {
    /// The cases that did not come out as expected.
    pub fn failed(&self) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(|case| !case.passed)
    }
}

/// What came of one case.
#[derive(Debug, Clone, Serialize)]
pub struct CaseResult {
    /// The file it is in.
    pub file: String,
    /// Its name.
    pub case: String,
    /// Whether all came out as expected.
    pub passed: bool,
    /// What was expected.
    pub expected: String,
    /// What came out.
    pub got: String,
    /// The policies that decided.
    pub deciding: Vec<String>,
    /// What would have to change, where a call was to be allowed and is not.
    pub change: Vec<String>,
}

/// For example ``tests/own.toml: case `eve reads`: expected deny, got allow``.
impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, case, expected, got, .. } = self;
        write!(f, "{file}: case `{case}`: expected {expected}, got {got}")
    }
}

/// Runs the cases of a profile through the engine that a server would have.
///
/// # Errors
/// If the policies themselves are not valid.
pub fn run_cases(profile: &Path, files: &[CaseFile], tools: &[ToolFacts]) -> Result<Report, PolicyError> {
    let settings = EngineSettings::alone(PolicySource::Directory(profile.to_owned()));
    let alone = Explainer::load(tools, &settings)?;
    let mut cases = Vec::new();
    let mut decided = BTreeSet::new();
    for file in files {
        let read = match toml_edit::de::from_str::<File>(&file.text) {
            Ok(read) => read,
            Err(error) => {
                cases.push(unreadable(&file.name, error.to_string().trim_end()));
                continue;
            }
        };
        let own = match read.settings.as_ref().map(|table| table.apply(&settings)).transpose() {
            Ok(own) => own.map(|own| Explainer::load(tools, &own)).transpose()?,
            Err(problem) => {
                cases.push(unreadable(&file.name, &problem));
                continue;
            }
        };
        let explainer = own.as_ref().unwrap_or(&alone);
        if read.cases.is_empty() {
            cases.push(unreadable(&file.name, "it has no [[case]]"));
        }
        cases.extend(read.cases.iter().map(|case| case.run(explainer, tools, &file.name, &mut decided)));
    }
    let never_decided = alone.ids().filter(|id| !decided.contains(*id)).map(str::to_owned).collect();
    Ok(Report { cases, never_decided })
}

fn unreadable(file: &str, problem: &str) -> CaseResult {
    CaseResult {
        file: file.to_owned(),
        case: "the file".to_owned(),
        passed: false,
        expected: "test cases".to_owned(),
        got: problem.to_owned(),
        deciding: Vec::new(),
        change: Vec::new(),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    settings: Option<SettingsTable>,
    #[serde(default, rename = "case")]
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsTable {
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    jira_read_only: bool,
    #[serde(default)]
    confluence_read_only: bool,
    #[serde(default)]
    projects: Vec<String>,
    #[serde(default)]
    spaces: Vec<String>,
    #[serde(default)]
    internal_only_projects: Vec<String>,
    enabled_tools: Option<BTreeSet<String>>,
    toolsets: Option<BTreeSet<String>>,
}

impl SettingsTable {
    fn apply(&self, alone: &EngineSettings) -> Result<EngineSettings, String> {
        let projects = |keys: &[String]| -> Result<Vec<ProjectKey>, String> {
            keys.iter().map(|key| ProjectKey::parse(key).map_err(|error| error.to_string())).collect()
        };
        let spaces: Result<Vec<SpaceKey>, String> =
            self.spaces.iter().map(|key| SpaceKey::parse(key).map_err(|error| error.to_string())).collect();
        let products =
            [(self.jira_read_only, Product::Jira), (self.confluence_read_only, Product::Confluence)];
        let read_only = products.into_iter().filter(|(read_only, _)| *read_only);
        Ok(EngineSettings {
            read_only: self.read_only,
            read_only_sites: read_only.map(|(_, product)| (product, InstanceName::default())).collect(),
            projects: BTreeMap::from([(InstanceName::default(), projects(&self.projects)?)]),
            spaces: BTreeMap::from([(InstanceName::default(), spaces?)]),
            internal_only: projects(&self.internal_only_projects)?,
            enabled_tools: self.enabled_tools.clone(),
            toolsets: self.toolsets.clone(),
            ..alone.clone()
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    user: Option<String>,
    service: Option<String>,
    #[serde(default)]
    groups: BTreeSet<String>,
    #[serde(default)]
    session: Map<String, Value>,
    tool: Option<String>,
    resources: Vec<String>,
    #[serde(default)]
    input: Map<String, Value>,
    #[serde(default)]
    attributes: Map<String, Value>,
    expect: Option<Expected>,
    reason: Option<String>,
    policies: Option<BTreeSet<String>>,
    visible: Option<bool>,
    shadow: Option<Expected>,
}

impl Expected {
    fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl Case {
    fn run(
        &self,
        explainer: &Explainer,
        tools: &[ToolFacts],
        file: &str,
        decided: &mut BTreeSet<String>,
    ) -> CaseResult {
        let explained = self.sample(tools).and_then(|sample| {
            is_told(explainer, &sample)?;
            Ok((explainer.explain(&sample)?, sample))
        });
        let (got, deciding, change) = match explained {
            Ok((explanation, sample)) => {
                decided.extend(explanation.steps.iter().flat_map(|step| step.deciding.iter().cloned()));
                decided.extend(explanation.shadow.iter().flat_map(|shadow| shadow.deciding.iter().cloned()));
                let got = self.got(&explanation, self.visible.map(|_| is_visible(explainer, &sample)));
                (got, explanation.deciding, explanation.change)
            }
            Err(problem) => (problem, Vec::new(), Vec::new()),
        };
        let expected = self.expected();
        let passed = got == expected;
        let wanted_more = self.expect == Some(Expected::Allow) && !passed;
        CaseResult {
            file: file.to_owned(),
            case: self.name.clone(),
            passed,
            expected,
            got,
            deciding,
            change: if wanted_more { change } else { Vec::new() },
        }
    }

    fn sample(&self, tools: &[ToolFacts]) -> Result<Sample, String> {
        if self.tool.is_none() && (self.visible.is_none() || self.expect.is_some()) {
            return Err("a case has a `tool` and what to `expect`, or says what is `visible`".to_owned());
        }
        if self.tool.is_none() && self.shadow.is_some() {
            return Err("a case with `shadow` has a `tool`".to_owned());
        }
        if self.tool.is_some() && self.expect.is_none() {
            return Err(
                "the case has a `tool`, but does not say what to `expect`: \"allow\" or \"deny\"".to_owned()
            );
        }
        let (kind, id) = match (&self.user, &self.service) {
            (Some(user), None) => (PrincipalKind::User, user.as_str()),
            (None, Some(service)) => (PrincipalKind::Service, service.as_str()),
            _ => return Err("a case has one `user` or one `service`".to_owned()),
        };
        let mut sample = Sample::new(id)?;
        sample.principal.kind = kind;
        if let Some(problem) = self.groups.iter().find_map(|group| check::group_literal(group)) {
            return Err(problem);
        }
        sample.principal.groups = Some(self.groups.clone());
        for (name, value) in &self.session {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            sample.set_session(name, &text)?;
        }
        if let Some(name) = &self.tool {
            sample.set_tool(name, tools)?;
        }
        for resource in &self.resources {
            sample.add_resource(resource)?;
        }
        for (name, value) in &self.input {
            sample.set_input(name, value)?;
        }
        for (name, value) in &self.attributes {
            sample.set_attribute(name, value)?;
        }
        Ok(sample)
    }

    fn expected(&self) -> String {
        let word = self.expect.map(Expected::as_str);
        let shadow = self.shadow.map(Expected::as_str);
        outcome(word, self.reason.as_deref(), self.policies.as_ref(), self.visible, shadow)
    }

    /// What came out, as far as the case says something of it.
    fn got(&self, explanation: &Explanation, visible: Option<bool>) -> String {
        if let Some(error) = explanation.errors.first() {
            return format!("an error: {error}");
        }
        let word = self.expect.map(|_| if explanation.allowed { "allow" } else { "deny" });
        let reason = self.reason.as_ref().and(explanation.reason.as_deref());
        let deciding: BTreeSet<String> = explanation.deciding.iter().cloned().collect();
        let tried = explanation.shadow.as_ref().map_or(explanation.allowed, |shadow| shadow.allowed);
        let shadow = self.shadow.map(|_| if tried { "allow" } else { "deny" });
        outcome(word, reason, self.policies.as_ref().map(|_| &deciding), visible, shadow)
    }
}

/// Refuses a case that does not say what policies look at: the server would deny the call, whatever they mean.
fn is_told(explainer: &Explainer, sample: &Sample) -> Result<(), String> {
    let viewer = explainer.engine().viewer(&sample.principal, &sample.session, &sample.observed);
    match sample.resources.iter().find_map(|resource| viewer.missing(resource)) {
        Some(missing) => Err(format!("{missing}; say it under `attributes`")),
        None => Ok(()),
    }
}

fn is_visible(explainer: &Explainer, sample: &Sample) -> bool {
    let mut resources = sample.resources.iter();
    let viewer = explainer.engine().viewer(&sample.principal, &sample.session, &sample.observed);
    resources.all(|resource| viewer.may_view(resource))
}

fn outcome(
    word: Option<&str>,
    reason: Option<&str>,
    policies: Option<&BTreeSet<String>>,
    visible: Option<bool>,
    shadow: Option<&str>,
) -> String {
    let mut parts: Vec<String> = word.map(str::to_owned).into_iter().collect();
    parts.extend(reason.map(|reason| format!("reason {reason}")));
    parts.extend(policies.map(|policies| {
        let names: Vec<&str> = policies.iter().map(String::as_str).collect();
        if names.is_empty() { "by no policy".to_owned() } else { format!("by {}", names.join(" and ")) }
    }));
    parts.extend(visible.map(|visible| if visible { "visible" } else { "not visible" }.to_owned()));
    parts.extend(shadow.map(|word| format!("{word} if what is tried were in force")));
    parts.join(", ")
}
