//! A decision as the audit log has it, made into a call that can be decided again.

use std::path::Path;

use serde_json::Value;

use super::inputs::RecordedInputs;
use super::unseen::Unseen;
use crate::audit::HmacKey;
use crate::audit::read::Decision;
use crate::audit::read::Fields;
use crate::audit::read::Record;
use crate::audit::read::Records;
use crate::audit::read::Row;
use crate::audit::read::Rows;
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

/// What the log has of a call.
#[derive(Debug)]
pub(super) enum Found {
    /// A decision of it.
    Decided(Box<Recorded>),
    /// That what it names was not there for its caller.
    Unseen(Unseen),
}

impl Recorded {
    /// The decision with this id, or the last one of the call with this id.
    pub(super) fn find(path: &Path, id: &str) -> Result<Found, Failure> {
        let row = row(path, id)?;
        let decisions: Vec<(&Fields, &Decision)> = row
            .records()
            .filter_map(|record| Some((&record.fields, record.fields.decision.as_ref()?)))
            .collect();
        let asked = decisions.iter().find(|(_, decision)| decision.id == id).or(decisions.last());
        let Some((fields, decision)) = asked else {
            if let Some(unseen) = Unseen::of(&row) {
                return Ok(Found::Unseen(unseen));
            }
            let end = row.outcome().unwrap_or("no outcome yet");
            return Err(Failure::unreadable(format!("the call `{id}` came to no decision: {end}")));
        };
        let inputs = row.records().find_map(|record| RecordedInputs::of(&record.whole()));
        let read = Self::read(fields, decision, inputs.unwrap_or_default()).map_err(Failure::unreadable)?;
        Ok(Found::Decided(Box::new(read)))
    }

    fn read(fields: &Fields, decision: &Decision, inputs: RecordedInputs) -> Result<Self, String> {
        let who = fields.principal.as_ref();
        let mut sample = Sample::new(who.map(|who| who.id.as_str()).unwrap_or_default())?;
        if who.is_some_and(|who| who.kind == "service") {
            sample.principal.kind = PrincipalKind::Service;
        }
        sample.principal.groups = Some(fields.groups.iter().flatten().cloned().collect());
        let tool = fields.tool.as_deref().unwrap_or_default();
        sample.tool =
            Some(tools::find(tool).ok_or_else(|| format!("there is no tool `{tool}` any more"))?.facts());
        let now = fields.time.to_string();
        let session = [
            ("method", fields.method.as_deref()),
            ("client", fields.client.as_deref()),
            ("now", Some(now.as_str())),
            ("address", fields.address.as_deref()),
        ];
        for (name, value) in session.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            if !value.is_empty() {
                sample.set_session(name, value)?;
            }
        }
        for resource in resources(&fields.resources, fields.resolved == Some(true)) {
            sample.add_resource(&resource)?;
        }
        let places = sample.resources.iter().filter_map(Resource::enclosing);
        let resources: Vec<Resource> = sample.resources.iter().cloned().chain(places).collect();
        for resource in &resources {
            let named = resource.named_in(&sample.session.instance);
            let known = fields.attributes.as_ref().and_then(|all| all.get(&named)).and_then(Value::as_object);
            for (name, value) in known.into_iter().flatten() {
                // Of an attribute that there is no more, nothing is asked.
                let Some(attribute) = Attribute::named(resource.kind(), name) else { continue };
                let value = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?;
                sample.observed.note(resource, attribute, value);
            }
        }
        Ok(Self {
            sample,
            effect: decision.effect.clone(),
            policies: decision.policies.clone(),
            used_up: decision.reason.as_deref() == Some("limit"),
            policy_hash: decision.policy_hash.clone(),
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

/// The records of the call that has this id, or a decision with it.
fn row(path: &Path, id: &str) -> Result<Row, Failure> {
    for row in Rows::of_calls(Records::of(&[path.to_owned()]).map_err(Failure::unreadable)?) {
        let row = row.map_err(Failure::unreadable)?;
        let decided = |record: &Record| record.fields.decision.as_ref().is_some_and(|it| it.id == id);
        if row.call() == Some(id) || row.records().any(decided) {
            return Ok(row);
        }
    }
    let path = path.display();
    Err(Failure::unreadable(format!("no call and no decision in `{path}` has the id `{id}`")))
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
