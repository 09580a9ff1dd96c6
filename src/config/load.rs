//! From sources to settings: read every layer, check every value where it was given, let figment lay one over the
//! other, and build.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use figment::Figment;
use figment::Metadata;
use figment::Profile;
use figment::Provider;
use figment::value::Dict;
use figment::value::Map;
use figment::value::Value;

use super::ConfigError;
use super::OAuthSetup;
use super::Origin;
use super::Settings;
use super::Sources;
use super::build;
use super::build::Origins;
use super::dotenv;
use super::environment;
use super::environment::Variable;
use super::file;
use super::file::Found;
use super::keys;
use super::keys::KEYS;
use super::kinds::Given;
use super::kinds::Kind;
use crate::ids::InstanceName;

/// Settings with what there is to say about them.
#[derive(Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What the operator should look at; no secrets.
    pub warnings: Vec<String>,
    /// The files that were read.
    pub files: Vec<PathBuf>,
    /// The environment with the `.env` file over it, for `env://` references.
    pub environment: BTreeMap<String, String>,
}

/// Reads the settings; touches files but no network.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let Read { raw, origins, mut warnings, files, environment } = read(sources)?;
    let settings = build::settings(raw, &origins, &environment, &mut warnings)?;
    Ok(Loaded { settings, warnings, files, environment })
}

/// Reads what `portcullis oauth setup` needs: half a configuration will do.
pub fn load_oauth_setup(sources: &Sources) -> Result<OAuthSetup, ConfigError> {
    let Read { raw, origins, environment, .. } = read(sources)?;
    build::oauth_setup(raw, &origins, environment)
}

/// The checked values of all layers.
struct Read {
    raw: build::Raw,
    origins: Origins,
    warnings: Vec<String>,
    files: Vec<PathBuf>,
    environment: BTreeMap<String, String>,
}

fn read(sources: &Sources) -> Result<Read, ConfigError> {
    let mut files = Vec::new();
    let file = match &sources.config_file {
        Some(path) => read_config_file(path, &mut files)?,
        None => Vec::new(),
    };
    let assignments = read_environment_file(sources, &mut files)?;
    let mut environment = sources.environment.clone();
    environment.extend(assignments.iter().map(|set| (set.name.clone(), set.value.clone())));

    let mut from_file = environment::read(&assignments);
    let mut from_process = environment::read(&process_variables(sources, &assignments));
    let mut warnings = from_process.warnings;
    warnings.extend(from_file.warnings);
    let mut errors = from_process.errors;
    errors.extend(from_file.errors);
    let flags = read_flags(sources, &mut errors);

    let sites = sites([&file, &from_process.found, &from_file.found]);
    for shared in [&mut from_process.shared, &mut from_file.shared] {
        share_with(&sites, shared);
    }
    let mut layers =
        Layers { base: &sources.working_directory, figment: Figment::new(), origins: Origins::new(), errors };
    for found in [from_process.shared, from_file.shared, file, from_process.found, from_file.found, flags] {
        layers.merge(found);
    }
    warnings.extend(layers.literal_secrets(&files));
    ConfigError::gather(layers.errors)?;
    let raw = layers.figment.extract().map_err(|error| shape(&error, &layers.origins))?;
    Ok(Read { raw, origins: layers.origins, warnings, files, environment })
}

impl fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Loaded")
            .field("settings", &self.settings)
            .field("warnings", &self.warnings)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

struct Layers<'a> {
    base: &'a Path,
    figment: Figment,
    origins: Origins,
    errors: Vec<ConfigError>,
}

/// Checked values of one rank, as figment takes them.
struct Layer(Dict);

impl Layers<'_> {
    fn merge(&mut self, found: Vec<Found>) {
        let mut layer = Layer(Dict::new());
        for found in found {
            let base = match &found.origin {
                Origin::File { file, .. } => {
                    file.parent().map_or_else(|| self.base.to_owned(), |dir| self.base.join(dir))
                }
                _ => self.base.to_owned(),
            };
            match found.key.kind.read(&found.given, &base) {
                Ok(value) => {
                    set(&mut layer.0, &found.path(), value);
                    self.origins.insert(found.name(), found.origin);
                }
                Err(problem) => self.errors.push(ConfigError::Value { origin: found.origin, problem }),
            }
        }
        self.figment = std::mem::take(&mut self.figment).merge(layer);
    }

    /// A secret written out in a file that everyone on the machine may read.
    fn literal_secrets(&self, files: &[PathBuf]) -> Vec<String> {
        let found = |name: &str| keys::find_in_instance(name);
        let secret = |name: &str| found(name).is_some_and(|(key, _)| matches!(key.kind, Kind::Secret));
        let literal = |name: &str| {
            let path = found(name).map(|(key, instance)| file::path(key, &instance).join("."));
            let value =
                path.and_then(|path| self.figment.find_value(&path).ok()).and_then(Value::into_string);
            value.is_some_and(|text| !text.contains("://"))
        };
        let mut warnings = Vec::new();
        for path in files.iter().filter(|path| is_open_to_all(path)) {
            let mut here = self.origins.iter().filter(|(_, origin)| match origin {
                Origin::File { file, .. } | Origin::EnvironmentFile { file, .. } => file == path,
                Origin::Environment(_) | Origin::Flag(_) => false,
            });
            if let Some((_, origin)) = here.find(|(name, _)| secret(name) && literal(name)) {
                let advice = "is a secret in a file that every user may read; use a reference, or chmod 600";
                warnings.push(format!("{origin} {advice}"));
            }
        }
        warnings
    }
}

/// Puts a value where its path says, into dictionaries that are made on the way.
fn set(dict: &mut Dict, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => drop(dict.insert(last.clone(), value)),
        [first, rest @ ..] => {
            let entry = dict.entry(first.clone()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = entry {
                set(inner, rest, value);
            }
        }
    }
}

/// Every site that is not a default one: its section and name.
fn sites(found: [&Vec<Found>; 3]) -> BTreeSet<(&'static str, InstanceName)> {
    let named = found.into_iter().flatten().filter(|found| !found.instance.is_default());
    named.map(|found| (section(found), found.instance.clone())).collect()
}

/// What is set for all programs holds for every site.
fn share_with(sites: &BTreeSet<(&'static str, InstanceName)>, shared: &mut Vec<Found>) {
    let copies: Vec<Found> = sites
        .iter()
        .flat_map(|(name, instance)| {
            let of_section = shared.iter().filter(move |found| section(found) == *name);
            of_section.map(|found| Found { instance: instance.clone(), ..found.clone() })
        })
        .collect();
    shared.extend(copies);
}

fn section(found: &Found) -> &'static str {
    found.key.name.split_once('.').map_or("", |(section, _)| section)
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named("settings")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}

fn read_config_file(path: &Path, files: &mut Vec<PathBuf>) -> Result<Vec<Found>, ConfigError> {
    let text = read_text(path)?;
    files.push(path.to_owned());
    file::parse(path, &text)
}

fn read_environment_file(sources: &Sources, files: &mut Vec<PathBuf>) -> Result<Vec<Variable>, ConfigError> {
    let named = sources.env_file.as_ref().map(|file| sources.working_directory.join(file));
    let beside = sources.working_directory.join(".env");
    let path = match named {
        Some(path) => path,
        None if sources.config_file.is_none() && beside.is_file() => beside,
        None => return Ok(Vec::new()),
    };
    let text = read_text(&path)?;
    let assignments =
        dotenv::parse(&text, &sources.environment).map_err(|malformed| ConfigError::Syntax {
            file: path.clone(),
            line: malformed.line,
            message: malformed.message.to_owned(),
        })?;
    files.push(path.clone());
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for set in assignments {
        let origin = Origin::EnvironmentFile { file: path.clone(), line: set.line, name: set.name.clone() };
        variables.insert(set.name.clone(), Variable { name: set.name, value: set.value, origin });
    }
    Ok(variables.into_values().collect())
}

/// The variables of the process that the `.env` file does not set, not even to nothing: a file that says
/// `JIRA_USERNAME=` takes the variable away, as it does for the reference server.
fn process_variables(sources: &Sources, assignments: &[Variable]) -> Vec<Variable> {
    let set_in_file = |name: &str| assignments.iter().any(|set| set.name == name);
    let variables = sources.environment.iter().filter(|(name, _)| !set_in_file(name));
    variables
        .map(|(name, value)| Variable {
            name: name.clone(),
            value: value.clone(),
            origin: Origin::Environment(name.clone()),
        })
        .collect()
}

fn read_flags(sources: &Sources, errors: &mut Vec<ConfigError>) -> Vec<Found> {
    let mut found = Vec::new();
    for (name, value) in sources.flags.iter() {
        let Some(key) = keys::find(name) else {
            let hint = keys::hint(name, KEYS.iter().map(|key| key.name));
            errors.push(ConfigError::Unknown { origin: Origin::Flag(name.to_owned()), hint });
            continue;
        };
        let given = Given::Text(value.to_owned());
        if !given.is_blank() {
            let instance = InstanceName::default();
            found.push(Found {
                key,
                instance,
                given,
                origin: Origin::Flag(key.flag.unwrap_or(name).to_owned()),
            });
        }
    }
    found
}

fn read_text(path: &Path) -> Result<String, ConfigError> {
    let read = std::fs::read_to_string(path);
    read.map_err(|error| ConfigError::Unreadable { file: path.to_owned(), reason: error.to_string() })
}

/// Every value was checked before, so this is a defect of ours; figment's own text may hold a secret.
fn shape(error: &figment::Error, origins: &Origins) -> ConfigError {
    let key = error.path.join(".");
    let place = origins.get(key.as_str()).map_or_else(|| key.clone(), ToString::to_string);
    ConfigError::Combination(format!("{place}: cannot be read as a setting; please report this"))
}

#[cfg(unix)]
fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_open_to_all(_path: &Path) -> bool {
    false
}
