//! A decision as the audit log has it, made into a call that can be decided again.

use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use super::inputs::RecordedInputs;
use crate::audit::HmacKey;
use crate::cli::Failure;
use crate::policy::Attribute;
use crate::policy::InputField;
use crate::policy::PrincipalKind;
use crate::policy::Resource;
use crate::policy::Sample;
use crate::tools;

/// A decision from the log.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The call.
    pub(super) sample: Sample,
    /// `permit` or `deny`, as it was decided then.
    pub(super) effect: String,
    /// The policies that decided then.
    pub(super) policies: Vec<String>,
    /// Whether a limit was used up.
    pub(super) used_up: bool,
    /// The hash of the policies of then.
    pub(super) policy_hash: Option<String>,
    /// The arguments of the call, as far as the log has them.
    inputs: RecordedInputs,
}

impl Recorded {
    /// The decision with this id, or the last one of the call with this id.
    pub(super) fn find(path: &Path, id: &str) -> Result<Self, Failure> {
        let call = records(path, id)?
            .iter()
            .find(|record| text(record, "call") == id || text(record, "/decision/id") == id)
            .map(|record| text(record, "call").to_owned());
        let Some(call) = call else {
            let path = path.display();
            return Err(Failure::unreadable(format!(
                "no call and no decision in `{path}` has the id `{id}`"
            )));
        };
        let records = records(path, &call)?;
        let of_call = || records.iter().filter(|record| text(record, "call") == call);
        let mut decisions = of_call().filter(|record| !text(record, "/decision/id").is_empty());
        let decision = if call == id {
            decisions.next_back()
        } else {
            decisions.find(|record| text(record, "/decision/id") == id)
        };
        let Some(decision) = decision else {
            let ends = of_call().map(|record| text(record, "outcome")).find(|outcome| !outcome.is_empty());
            let end = ends.unwrap_or("no outcome yet");
            return Err(Failure::unreadable(format!("the call `{id}` came to no decision: {end}")));
        };
        let inputs = of_call().find_map(|record| RecordedInputs::of(record.as_object()?));
        Self::read(decision, inputs.unwrap_or_default()).map_err(Failure::unreadable)
    }

    fn read(record: &Value, inputs: RecordedInputs) -> Result<Self, String> {
        let mut sample = Sample::new(text(record, "/principal/id"))?;
        if text(record, "/principal/kind") == "service" {
            sample.principal.kind = PrincipalKind::Service;
        }
        sample.principal.groups = Some(texts(record, "groups").into_iter().collect());
        let tool = text(record, "tool");
        sample.tool =
            Some(tools::find(tool).ok_or_else(|| format!("there is no tool `{tool}` any more"))?.facts());
        for (field, name) in
            [("method", "method"), ("client", "client"), ("time", "now"), ("address", "address")]
        {
            match text(record, field) {
                "" => {}
                value => sample.set_session(name, value)?,
            }
        }
        for resource in resources(&texts(record, "resources"), record.get("resolved") == Some(&true.into())) {
            sample.add_resource(&resource)?;
        }
        let places = sample.resources.iter().filter_map(Resource::enclosing);
        let resources: Vec<Resource> = sample.resources.iter().cloned().chain(places).collect();
        for resource in &resources {
            let named = resource.named_in(&sample.session.instance);
            let known = record.get("attributes").and_then(|all| all.get(&named)).and_then(Value::as_object);
            for (name, value) in known.into_iter().flatten() {
                // Of an attribute that there is no more, nothing is asked.
                let Some(attribute) = Attribute::named(resource.kind(), name) else { continue };
                let value = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
                sample.observed.note(resource, attribute, value);
            }
        }
        let hash = text(record, "/decision/policy_hash");
        Ok(Self {
            sample,
            effect: text(record, "/decision/effect").to_owned(),
            policies: texts(record, "/decision/policies"),
            used_up: text(record, "/decision/reason") == "limit",
            policy_hash: (!hash.is_empty()).then(|| hash.to_owned()),
            inputs,
        })
    }

    /// Takes from the log what it has of these inputs in clear.
    pub(super) fn take_known<'f>(&mut self, needed: impl IntoIterator<Item = &'f InputField>) {
        for field in needed {
            if let Some(value) = self.inputs.known(field) {
                self.sample.input.entry(field.name.clone()).or_insert(value);
            }
        }
    }

    /// Whether the call had this argument.
    pub(super) fn has(&self, argument: &str) -> bool {
        self.inputs.has(argument)
    }

    /// Takes an argument from whoever asks, if it is the one the log has the hash of.
    pub(super) fn give(&mut self, name: &str, value: &str, key: &HmacKey) -> Result<(), Failure> {
        let (_, field) = self.sample.field(name).map_err(Failure::usage)?;
        let argument = field.name.clone();
        if argument != name {
            let text =
                format!("give `{argument}` itself: whether `{name}` is right cannot be checked by its hash");
            return Err(Failure::usage(text));
        }
        self.inputs.check(&argument, value, key).map_err(Failure::usage)?;
        self.sample.set_input_text(name, value).map_err(Failure::usage)
    }
}

/// The resources without what they only lie in, which records name after them.
fn resources(names: &[String], resolved: bool) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut names = names.iter().peekable();
    while let Some(name) = names.next() {
        let place = match name.split_once("::\"").map(|(kind, _)| kind) {
            Some("Jira::Issue") => "Jira::Project::",
            Some("Confluence::Page") => "Confluence::Space::",
            Some("Jira::Instance" | "Jira::Project" | "Confluence::Instance" | "Confluence::Space") => {
                found.push(name.clone());
                continue;
            }
            // A part: what it lies in comes next.
            _ => continue,
        };
        match names.next_if(|next| resolved && next.starts_with(place)) {
            Some(place) => found.push(format!("{name} in {place}")),
            // It was decided alike wherever it is, so any space does.
            None if place == "Confluence::Space::" => {
                found.push(format!("{name} in Confluence::Space::\"UNKNOWN\""));
            }
            None => found.push(name.clone()),
        }
    }
    found
}

/// Every record that has this text somewhere.
fn records(path: &Path, id: &str) -> Result<Vec<Value>, Failure> {
    let failed = |path: &Path, error: std::io::Error| {
        Failure::unreadable(format!("cannot read `{}`: {error}", path.display()))
    };
    let mut files: Vec<PathBuf> = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|error| failed(path, error))?;
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        paths.filter(|file| file.extension().is_some_and(|extension| extension == "jsonl")).collect()
    } else {
        vec![path.to_owned()]
    };
    files.sort();
    let mut found = Vec::new();
    for file in &files {
        let reader = BufReader::new(File::open(file).map_err(|error| failed(file, error))?);
        for line in reader.lines() {
            let line = line.map_err(|error| failed(file, error))?;
            if line.contains(id) {
                // The last line of a running server may be half written.
                found.extend(serde_json::from_str::<Value>(&line));
            }
        }
    }
    Ok(found)
}

fn at<'v>(record: &'v Value, field: &str) -> Option<&'v Value> {
    if field.starts_with('/') { record.pointer(field) } else { record.get(field) }
}

fn text<'v>(record: &'v Value, field: &str) -> &'v str {
    at(record, field).and_then(Value::as_str).unwrap_or_default()
}

fn texts(record: &Value, field: &str) -> Vec<String> {
    let items = at(record, field).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_those_that_were_decided_on() {
        let names = [
            "Jira::Issue::\"OPS-1\"",
            "Jira::Project::\"ARCH\"",
            "Jira::Project::\"DEV\"",
            "Confluence::Comment::\"8\"",
            "Confluence::Page::\"7\"",
            "Confluence::Space::\"DOCS\"",
        ]
        .map(str::to_owned);
        let wanted = [
            "Jira::Issue::\"OPS-1\" in Jira::Project::\"ARCH\"",
            "Jira::Project::\"DEV\"",
            "Confluence::Page::\"7\" in Confluence::Space::\"DOCS\"",
        ];
        assert_eq!(resources(&names, true), wanted);
        let unresolved =
            resources(&["Jira::Issue::\"OPS-1\"".to_owned(), "Confluence::Page::\"7\"".to_owned()], false);
        assert_eq!(
            unresolved,
            ["Jira::Issue::\"OPS-1\"", "Confluence::Page::\"7\" in Confluence::Space::\"UNKNOWN\""]
        );
    }
}
