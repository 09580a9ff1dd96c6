//! Calls that somebody writes down: in a test case, on the command line, or taken from the audit log.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::EntityUid;
use jiff::Timestamp;
use serde_json::Value;

use crate::ids::InstanceName;
use crate::ids::IssueKey;
use crate::ids::PageId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::policy::Attribute;
use crate::policy::InputField;
use crate::policy::InputKind;
use crate::policy::InputValue;
use crate::policy::Known;
use crate::policy::LoginFacts;
use crate::policy::Observed;
use crate::policy::Principal;
use crate::policy::PrincipalKind;
use crate::policy::Product;
use crate::policy::Resource;
use crate::policy::Session;
use crate::policy::ToolFacts;
use crate::policy::check;

/// When a call came that does not say when: noon of a Thursday, so that cases mean the same on every day.
const NOON: &str = "2026-01-01T12:00:00Z";

/// The values of `context.session.method` and `context.session.deployment`.
const METHODS: [&str; 7] = ["pat", "basic", "oauth", "stdio", "lent", "certificate", "header"];
const DEPLOYMENTS: [&str; 2] = ["datacenter", "cloud"];

/// A call as somebody wrote it down.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Who asks.
    pub principal: Principal,
    /// How and from where.
    pub session: Session,
    /// The tool; without one, it is only asked whether the resources may be seen.
    pub tool: Option<ToolFacts>,
    /// What the call touches.
    pub resources: Vec<Resource>,
    /// The arguments that are known.
    pub input: BTreeMap<String, InputValue>,
    /// What is known of attributes of the resources.
    pub observed: Observed,
}

impl Sample {
    /// Somebody without groups, who calls nothing yet.
    ///
    /// # Errors
    /// None in practice: the time of samples is a valid one.
    pub fn new(id: &str) -> Result<Self, String> {
        let principal =
            Principal { kind: PrincipalKind::User, id: id.to_owned(), groups: Some(BTreeSet::new()) };
        let session = Session {
            method: "pat",
            client: String::new(),
            address: None,
            instance: InstanceName::default(),
            deployment: "datacenter",
            read_only: false,
            now_ms: moment(NOON)?,
            login: LoginFacts::default(),
        };
        Ok(Self {
            principal,
            session,
            tool: None,
            resources: Vec::new(),
            input: BTreeMap::new(),
            observed: Observed::default(),
        })
    }

    /// Sets the tool by its name.
    ///
    /// # Errors
    /// With the nearest name, if there is no such tool.
    pub fn set_tool(&mut self, name: &str, tools: &[ToolFacts]) -> Result<(), String> {
        self.tool = tools.iter().find(|tool| tool.name == name).cloned();
        if self.tool.is_some() {
            return Ok(());
        }
        Err(ToolFacts::unknown(name, tools))
    }

    /// Sets one field of the session by the name policies know it by.
    ///
    /// # Errors
    /// With what is wrong about it.
    pub fn set_session(&mut self, name: &str, value: &str) -> Result<(), String> {
        let session = &mut self.session;
        match name {
            "method" => session.method = known("method", &METHODS, value)?,
            "deployment" => session.deployment = known("deployment", &DEPLOYMENTS, value)?,
            "client" => value.clone_into(&mut session.client),
            "read_only" => {
                session.read_only =
                    value.parse().map_err(|_| format!("`read_only` is true or false, not `{value}`"))?;
            }
            "now" => session.now_ms = moment(value)?,
            "address" => {
                let wrong = |_| format!("`address` is an IP address, not `{value}`");
                session.address = Some(value.parse().map_err(wrong)?);
            }
            "mfa" => {
                session.login.mfa =
                    value.parse().map_err(|_| format!("`mfa` is true or false, not `{value}`"))?;
            }
            "scopes" => session.login.scopes = value.split_whitespace().map(str::to_owned).collect(),
            "age" => {
                let wrong = |_| format!("`age` is a number of seconds, not `{value}`");
                session.login.age = Some(value.parse().map_err(wrong)?);
            }
            _ => {
                let names = "method, client, deployment, read_only, now, address, mfa, scopes, age";
                return Err(format!("a session has no `{name}`; it has {names}"));
            }
        }
        Ok(())
    }

    /// Adds a resource as policies and records name it: `Jira::Issue::"OPS-1"`, or
    /// `Confluence::Page::"65537" in Confluence::Space::"DOCS"` where its id does not say what it lies in.
    ///
    /// # Errors
    /// With what is wrong about it.
    pub fn add_resource(&mut self, text: &str) -> Result<(), String> {
        let (named, place) = match text.split_once(" in ") {
            Some((named, place)) => (named, Some(uid(place)?)),
            None => (text, None),
        };
        let (instance, resource) = resource(&uid(named)?, place.as_ref())?;
        if !self.resources.is_empty() && instance != self.session.instance {
            return Err(format!("`{text}` is of another instance than the resource before it"));
        }
        self.session.instance = instance;
        self.resources.push(resource);
        Ok(())
    }

    /// Sets an argument of the tool: a text, a number, or true or false. Of a long text, its length does as well, as
    /// `<name>_len`.
    ///
    /// # Errors
    /// With what is wrong about it.
    pub fn set_input(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let (tool, field) = self.field(name)?;
        let value = input_value(field, value).ok_or_else(|| {
            let wanted = match field.kind {
                InputKind::Text => "text",
                InputKind::Number => "a whole number",
                InputKind::Flag => "true or false",
                InputKind::Length => "text, or its length in characters",
            };
            format!("`{name}` of `{}` is {wanted}, not `{value}`", tool.name)
        })?;
        let name = field.name.clone();
        self.input.insert(name, value);
        Ok(())
    }

    /// Sets an argument as a command line gives it: a number, true or false where that is what the argument is.
    ///
    /// # Errors
    /// With what is wrong about it.
    pub fn set_input_text(&mut self, name: &str, text: &str) -> Result<(), String> {
        let (_, field) = self.field(name)?;
        let is_number =
            field.kind == InputKind::Number || (field.kind == InputKind::Length && field.name != name);
        let value = match field.kind {
            InputKind::Flag => text.parse().map_or_else(|_| Value::from(text), Value::Bool),
            _ if is_number => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
            _ => Value::from(text),
        };
        self.set_input(name, &value)
    }

    /// Says what an attribute of the resources and of what they lie in is, of all that have one of this name: a text, true
    /// or false, or a list of texts; an empty text where there is none. `ancestors` are the ids of the pages above a page.
    ///
    /// # Errors
    /// If no resource has such an attribute, or it cannot be that.
    pub fn set_attribute(&mut self, name: &str, value: &Value) -> Result<(), String> {
        let known = match value {
            Value::String(text) if text.is_empty() => Some(Known::Absent),
            Value::String(text) => Some(Known::Text(text.clone())),
            Value::Bool(flag) => Some(Known::Flag(*flag)),
            Value::Array(texts) => {
                let texts = texts.iter().map(|text| text.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map(Known::Texts)
            }
            _ => None,
        };
        let attributes = self.attributes(name)?;
        for (resource, attribute) in attributes {
            let known = known.clone().filter(|known| attribute.takes(known));
            let known = known.ok_or_else(|| format!("`{name}` cannot be `{value}`"))?;
            self.observed.note(&resource, attribute, known);
        }
        Ok(())
    }

    /// Says it as a command line does: true or false, or texts with commas between them, where that is what it is.
    ///
    /// # Errors
    /// Those of [`Self::set_attribute`].
    pub fn set_attribute_text(&mut self, name: &str, text: &str) -> Result<(), String> {
        let several = || text.split(',').map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>();
        let value = match self.attributes(name)?.first().map(|(_, attribute)| *attribute) {
            Some(Attribute::IssueLabels | Attribute::PageLabels | Attribute::Ancestors) => several().into(),
            Some(Attribute::Restricted) => text.parse().map_or_else(|_| Value::from(text), Value::Bool),
            _ => Value::from(text),
        };
        self.set_attribute(name, &value)
    }

    /// The resources that have an attribute of this name, and which it is.
    fn attributes(&self, name: &str) -> Result<Vec<(Resource, Attribute)>, String> {
        let of = |resource: Resource| {
            Attribute::named(resource.kind(), name).map(|attribute| (resource, attribute))
        };
        // A project is known by its issues as well.
        let places = self.resources.iter().filter_map(Resource::enclosing);
        let found: Vec<_> = self.resources.iter().cloned().chain(places).filter_map(of).collect();
        if found.is_empty() {
            let all: BTreeSet<&str> = Attribute::ALL.into_iter().map(Attribute::name).collect();
            let all: Vec<&str> = all.into_iter().collect();
            return Err(format!(
                "no resource of the call has an attribute `{name}`; issues, projects and pages have some of {}",
                all.join(", ")
            ));
        }
        Ok(found)
    }

    /// The tool, and its argument of this name.
    ///
    /// # Errors
    /// If there is no such argument, or policies do not see it.
    pub fn field(&self, name: &str) -> Result<(&ToolFacts, &InputField), String> {
        let Some(tool) = &self.tool else {
            return Err("there is input, but no tool".to_owned());
        };
        let field = tool.input.iter().find(|field| field.name == name || field.attribute() == name);
        field.map(|field| (tool, field)).ok_or_else(|| {
            let names: Vec<String> = tool.input.iter().map(InputField::attribute).collect();
            format!("policies see no input `{name}` of `{}`; they see {}", tool.name, names.join(", "))
        })
    }
}

fn input_value(field: &InputField, value: &Value) -> Option<InputValue> {
    let text = |value: &Value| value.as_str().map(|text| InputValue::Text(text.to_owned()));
    match field.kind {
        InputKind::Text => text(value),
        InputKind::Number => value.as_i64().map(InputValue::Number),
        InputKind::Flag => value.as_bool().map(InputValue::Flag),
        InputKind::Length => value.as_i64().map(InputValue::Number).or_else(|| text(value)),
    }
}

fn known(name: &str, values: &[&'static str], given: &str) -> Result<&'static str, String> {
    let found = values.iter().find(|value| **value == given).copied();
    found.ok_or_else(|| format!("`{name}` is one of {}, not `{given}`", values.join(", ")))
}

fn moment(text: &str) -> Result<i64, String> {
    let wrong = |error| format!("`now` is a time such as {NOON}: {error}");
    text.parse::<Timestamp>().map(Timestamp::as_millisecond).map_err(wrong)
}

fn uid(text: &str) -> Result<EntityUid, String> {
    let example = "write it as policies do, such as Jira::Issue::\"OPS-1\"";
    EntityUid::from_str(text.trim()).map_err(|_| format!("`{}` is no resource; {example}", text.trim()))
}

/// The resource of this name, and the instance it is of. An issue lies in the project its key says, if nothing else does.
fn resource(uid: &EntityUid, place: Option<&EntityUid>) -> Result<(InstanceName, Resource), String> {
    let kind = uid.type_name().to_string();
    let (instance, id) = place_of(uid)?;
    let wrong = |error: &dyn std::fmt::Display| format!("`{uid}`: {error}");
    let inside = |wanted: &str| match place {
        None => Ok(None),
        Some(place) if place.type_name().to_string() == wanted => place_of(place).map(|(_, id)| Some(id)),
        Some(place) => Err(format!("`{uid}` lies in a {wanted}, not in `{place}`")),
    };
    let resource = match kind.as_str() {
        "Jira::Instance" => Resource::Instance(Product::Jira),
        "Confluence::Instance" => Resource::Instance(Product::Confluence),
        "Jira::Project" => Resource::Project(ProjectKey::parse(&id).map_err(|error| wrong(&error))?),
        "Confluence::Space" => Resource::Space(SpaceKey::parse(&id).map_err(|error| wrong(&error))?),
        "Jira::Issue" => {
            let key = IssueKey::parse(&id).map_err(|error| wrong(&error))?;
            let project = match inside("Jira::Project")? {
                Some(project) => ProjectKey::parse(&project).map_err(|error| wrong(&error))?,
                None => key.project(),
            };
            Resource::Issue { key, project: Some(project) }
        }
        "Confluence::Page" => {
            let Some(space) = inside("Confluence::Space")? else {
                return Err(format!("`{uid}` says no space; write `{uid} in Confluence::Space::\"DOCS\"`"));
            };
            let space = SpaceKey::parse(&space).map_err(|error| wrong(&error))?;
            Resource::Page { id: PageId::parse(&id).map_err(|error| wrong(&error))?, space: Some(space) }
        }
        _ => return Err(format!("`{uid}` is no resource of Jira or Confluence")),
    };
    Ok((instance, resource))
}

/// The instance that an id is of, and the id within it.
pub(super) fn place_of(uid: &EntityUid) -> Result<(InstanceName, String), String> {
    let given = uid.id().unescaped();
    let (name, id) = match uid.type_name().to_string().as_str() {
        "Jira::Instance" | "Confluence::Instance" => (given, given),
        _ => {
            let (name, id) = check::within_instance(given);
            (name.strip_suffix('/').unwrap_or(InstanceName::DEFAULT), id)
        }
    };
    let site = |site: &str| site.replace("%2F", "/").replace("%25", "%");
    let instance = match name.split_once(':') {
        Some(("cloud", given)) => InstanceName::chosen("cloud", &site(given)),
        Some(("url", given)) => InstanceName::chosen("url", &site(given)),
        Some(("http", given)) => InstanceName::chosen("http", &site(given)),
        _ => InstanceName::parse(name).map_err(|error| format!("`{uid}`: {error}"))?,
    };
    Ok((instance, id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_read_as_policies_name_them() {
        let read = |text: &str| {
            let mut sample = Sample::new("ann").unwrap();
            sample.add_resource(text).map(|()| {
                let resource = sample.resources.pop().unwrap();
                let place = resource.enclosing().map(|place| place.named_in(&sample.session.instance));
                (resource.named_in(&sample.session.instance), place.unwrap_or_default())
            })
        };
        let table = [
            ("Jira::Issue::\"OPS-1\"", "Jira::Issue::\"OPS-1\"", "Jira::Project::\"OPS\""),
            (
                "Jira::Issue::\"OPS-1\" in Jira::Project::\"ARCH\"",
                "Jira::Issue::\"OPS-1\"",
                "Jira::Project::\"ARCH\"",
            ),
            ("Jira::Issue::\"lab/OPS-1\"", "Jira::Issue::\"lab/OPS-1\"", "Jira::Project::\"lab/OPS\""),
            (
                "Confluence::Page::\"7\" in Confluence::Space::\"DOCS\"",
                "Confluence::Page::\"7\"",
                "Confluence::Space::\"DOCS\"",
            ),
            ("Jira::Instance::\"default\"", "Jira::Instance::\"default\"", ""),
            ("Jira::Instance::\"lab\"", "Jira::Instance::\"lab\"", ""),
        ];
        for (text, name, place) in table {
            assert_eq!(read(text), Ok((name.to_owned(), place.to_owned())), "{text}");
        }
        let wrong = [
            ("OPS-1", "write it as policies do"),
            ("Jira::Issue::\"nothing\"", "`Jira::Issue::\"nothing\"`"),
            ("Confluence::Page::\"7\"", "says no space"),
            ("Jira::Issue::\"OPS-1\" in Confluence::Space::\"DOCS\"", "lies in a Jira::Project"),
            ("Id::User::\"ann\"", "is no resource of Jira or Confluence"),
        ];
        for (text, says) in wrong {
            assert!(read(text).unwrap_err().contains(says), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn a_session_takes_what_policies_know_of_it() {
        let mut sample = Sample::new("ann").unwrap();
        for (name, value) in [
            ("method", "oauth"),
            ("deployment", "cloud"),
            ("client", "editor"),
            ("read_only", "true"),
            ("now", "2026-02-03T04:05:06Z"),
            ("address", "10.0.0.1"),
            ("mfa", "true"),
            ("scopes", "read write read"),
            ("age", "90"),
        ] {
            sample.set_session(name, value).unwrap();
        }
        assert_eq!((sample.session.method, sample.session.deployment), ("oauth", "cloud"));
        let login = &sample.session.login;
        assert_eq!((login.mfa, login.scopes.len(), login.seconds()), (true, 2, 90));
        assert!(sample.session.read_only && sample.session.now_ms == 1_770_091_506_000);
        for (name, value, says) in [
            ("method", "token", "one of pat"),
            ("mfa", "yes", "true or false"),
            ("age", "-1", "a number of seconds"),
            ("factor", "true", "a session has no `factor`"),
            ("address", "here", "an IP address"),
            ("now", "noon", "a time such as"),
        ] {
            let wrong = sample.set_session(name, value).unwrap_err();
            assert!(wrong.contains(says), "{wrong}");
        }
    }
}
