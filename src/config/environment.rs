//! The environment: the reference server's variables, this server's own, and what is said of all others.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::ConfigError;
use super::Origin;
use super::file::Found;
use super::keys;
use super::keys::KEYS;
use super::keys::OWN_PREFIX;
use super::kinds::Given;
use super::kinds::truth;
use super::refused;
use super::refused::Verdict;
use crate::ids::InstanceName;

/// One variable with a value, and where it was set.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// What a set of variables says.
#[derive(Default)]
pub(super) struct Read {
    pub(super) found: Vec<Found>,
    /// Proxies for all programs: they count less than anything that is set for this one.
    pub(super) shared: Vec<Found>,
    pub(super) warnings: Vec<String>,
    pub(super) errors: Vec<ConfigError>,
}

/// Families of names that belong to the reference server and its successor.
const FAMILIES: [&str; 4] = ["JIRA_", "CONFLUENCE_", "ATLASSIAN_", "MCP_ATLASSIAN_"];

/// Logging by verbosity, weakest first.
const VERBOSITY: [(&str, &str); 2] = [("MCP_VERBOSE", "info"), ("MCP_VERY_VERBOSE", "debug")];

/// Variables for all programs or both products, and the settings they stand in for, weakest first.
const SHARED: [(&str, &[&str]); 12] = [
    ("all_proxy", &["http_proxy", "https_proxy"]),
    ("ALL_PROXY", &["http_proxy", "https_proxy"]),
    ("http_proxy", &["http_proxy"]),
    ("HTTP_PROXY", &["http_proxy"]),
    ("https_proxy", &["https_proxy"]),
    ("HTTPS_PROXY", &["https_proxy"]),
    ("socks_proxy", &["socks_proxy"]),
    ("SOCKS_PROXY", &["socks_proxy"]),
    ("no_proxy", &["no_proxy"]),
    ("NO_PROXY", &["no_proxy"]),
    ("ATLASSIAN_PROXY_WPAD_ENABLE", &["proxy_wpad_enable"]),
    ("ATLASSIAN_PROXY_WPAD_URL", &["proxy_wpad_url"]),
];

/// Reads variables that share one rank. An empty variable is as if it were not set.
pub(super) fn read(variables: &[Variable]) -> Read {
    let mut read = Read::default();
    let referred: BTreeSet<&str> =
        variables.iter().filter_map(|v| v.value.trim().strip_prefix("env://")).collect();
    for variable in variables {
        if let Some(own) = variable.name.strip_prefix(OWN_PREFIX) {
            read.own(variable, own);
        } else if let Some(key) = keys::find_variable(&variable.name) {
            read.add(key, InstanceName::default(), variable);
        } else if let Some(verdict) = refused::judge(&variable.name, &variable.value) {
            read.judge(variable, verdict);
        } else if !referred.contains(variable.name.as_str()) {
            read.unknown(variable);
        }
    }
    read.verbosity(variables);
    read.share(variables);
    read.conflicts();
    read
}

impl Read {
    fn own(&mut self, variable: &Variable, own: &str) {
        if is_foreign(own, &variable.value) {
            return;
        }
        let name = own.to_ascii_lowercase().replace("__", ".");
        let Some((key, instance)) = keys::find_in_instance(&name) else {
            let hint = keys::hint(&variable.name, KEYS.iter().map(keys::Key::own_variable));
            self.errors.push(ConfigError::Unknown { origin: variable.origin.clone(), hint });
            return;
        };
        self.add(key, instance, variable);
    }

    fn add(&mut self, key: &'static keys::Key, instance: InstanceName, variable: &Variable) {
        let given = Given::Text(variable.value.clone());
        if !given.is_blank() {
            self.found.push(Found { key, instance, given, origin: variable.origin.clone() });
        }
    }

    fn judge(&mut self, variable: &Variable, verdict: Verdict) {
        let origin = &variable.origin;
        match verdict {
            Verdict::Fine => {}
            Verdict::Ignored(what) => self.warnings.push(format!("{origin}: {what}")),
            Verdict::Refused(what) => {
                self.errors
                    .push(ConfigError::Unsupported { origin: origin.clone(), problem: what.to_owned() });
            }
        }
    }

    fn unknown(&mut self, variable: &Variable) {
        if variable.value.trim().is_empty()
            || SHARED.iter().any(|(name, _)| variable.name == *name)
            || !FAMILIES.iter().any(|family| variable.name.starts_with(family))
        {
            return;
        }
        let known = KEYS.iter().filter_map(|key| key.variable).map(str::to_owned).chain(refused::names());
        let hint = keys::hint(&variable.name, known);
        self.warnings.push(format!("{} is not a known variable and has no effect{hint}", variable.origin));
    }

    fn verbosity(&mut self, variables: &[Variable]) {
        let Some(key) =
            keys::find("log.level").filter(|key| !self.found.iter().any(|f| f.key.name == key.name))
        else {
            return;
        };
        for (name, level) in VERBOSITY {
            let set = variables.iter().find(|variable| variable.name == name);
            if let Some(variable) = set.filter(|variable| truth(&variable.value) == Some(true)) {
                self.found.retain(|found| found.key.name != key.name);
                let given = Given::Text(level.to_owned());
                let instance = InstanceName::default();
                self.found.push(Found { key, instance, given, origin: variable.origin.clone() });
            }
        }
    }

    fn share(&mut self, variables: &[Variable]) {
        for (name, settings) in SHARED {
            let set =
                variables.iter().find(|variable| variable.name == name && !variable.value.trim().is_empty());
            let Some(variable) = set else {
                continue;
            };
            let products = ["jira", "confluence"].into_iter();
            for setting in
                products.flat_map(|product| settings.iter().map(move |key| format!("{product}.{key}")))
            {
                let Some(key) = keys::find(&setting) else {
                    continue;
                };
                let given = Given::Text(variable.value.clone());
                let instance = InstanceName::default();
                self.shared.push(Found { key, instance, given, origin: variable.origin.clone() });
            }
        }
    }

    /// `JIRA_URL` and `PORTCULLIS_JIRA__URL` at once: fine if they agree.
    fn conflicts(&mut self) {
        let mut first: BTreeMap<(&str, &InstanceName), &Found> = BTreeMap::new();
        for found in &self.found {
            let Some(earlier) = first.insert((found.key.name, &found.instance), found) else {
                continue;
            };
            if let (Given::Text(one), Given::Text(other)) = (&earlier.given, &found.given)
                && one.trim() != other.trim()
            {
                let (first, second) = (Box::new(earlier.origin.clone()), Box::new(found.origin.clone()));
                self.errors.push(ConfigError::Conflict { first, second });
            }
        }
    }
}

/// Variables that begin with our name and are not ours to read: those of the tests, and those Kubernetes sets in
/// every pod next to a service called `portcullis` (`PORTCULLIS_SERVICE_HOST`, `PORTCULLIS_PORT_8000_TCP_ADDR`).
fn is_foreign(own: &str, value: &str) -> bool {
    let service = own == "SERVICE_HOST" || own == "SERVICE_PORT" || own.starts_with("SERVICE_PORT_");
    let port = (own == "PORT" && value.contains("://"))
        || own.strip_prefix("PORT_").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    service || port || own.starts_with("TEST_")
}
