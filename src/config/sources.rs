//! Where settings come from. [`Sources::of_process`] is the only place that reads the environment of the process.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

/// The file that is read when none is named.
const DEFAULT_FILE: &str = "/etc/portcullis/config.toml";

/// Everything settings are read from.
#[derive(Clone, Default)]
pub struct Sources {
    /// The TOML file; it must exist.
    pub config_file: Option<PathBuf>,
    /// The `.env` file; it must exist. Without one, and without a TOML file, `./.env` is read if it is there.
    pub env_file: Option<PathBuf>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// What `./` means.
    pub working_directory: PathBuf,
    /// The command line.
    pub flags: Flags,
}

/// Settings of the command line, by key. An empty value is as if the flag were not given.
#[derive(Clone, Default)]
pub struct Flags(BTreeMap<String, String>);

impl Sources {
    /// The sources of this process. Without `config_file`, `/etc/portcullis/config.toml` if it exists.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub fn of_process(config_file: Option<PathBuf>, env_file: Option<PathBuf>, flags: Flags) -> Self {
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists());
        // A variable that is not text cannot be a setting of ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            config_file: config_file.or_else(default),
            env_file,
            environment: std::env::vars_os().filter_map(text).collect(),
            working_directory: std::env::current_dir().unwrap_or_else(|_| Path::new(".").to_owned()),
            flags,
        }
    }
}

#[cfg(feature = "prove")]
/// The program that `policy prove` asks: CVC5, else the `cvc5` of PATH.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub fn solver_program() -> PathBuf {
    std::env::var_os("CVC5")
        .filter(|program| !program.is_empty())
        .map_or_else(|| "cvc5".into(), PathBuf::from)
}

#[cfg(feature = "prove")]
/// Where what can be made again is kept for the next run: below the user's cache directory.
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
pub fn cache_directory() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path: &PathBuf| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".cache"));
    let base = absolute("XDG_CACHE_HOME").or_else(home).or_else(|| absolute("LOCALAPPDATA"))?;
    Some(base.join("portcullis"))
}

impl Flags {
    /// Sets `section.key`, for example `server.port`; `jira.ssl_verify` takes `false` for `--no-jira-ssl-verify`.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// The keys with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl<Key: Into<String>, Value: Into<String>> FromIterator<(Key, Value)> for Flags {
    fn from_iter<Pairs: IntoIterator<Item = (Key, Value)>>(pairs: Pairs) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

// Values may be secrets, so neither prints them.

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sources")
            .field("config_file", &self.config_file)
            .field("env_file", &self.env_file)
            .field("working_directory", &self.working_directory)
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}
