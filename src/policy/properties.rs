//! What must hold of a set of policies: `properties.toml`.

use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use cedar_policy::EntityId;
use cedar_policy::EntityTypeName;
use cedar_policy::EntityUid;
use toml_edit::ImDocument;
use toml_edit::Item;
use toml_edit::TableLike;

use crate::policy::PolicyError;
use crate::policy::PolicySource;
use crate::policy::check;
use crate::policy::engine::hash;

/// The name of the file in a profile.
pub(super) const FILE: &str = "properties.toml";

const KEYS: [&str; 7] = [
    "destructive_needs_mfa",
    "never",
    "never_errors",
    "no_dead_policies",
    "no_widening_from",
    "read_only",
    "unreachable",
];
const NEVER_KEYS: [&str; 2] = ["name", "policy"];

/// No tool that writes is ever allowed.
const READ_ONLY: &str = "permit (principal, action in Mcp::Action::\"write\", resource);";
/// No tool that destroys is allowed to a session without a second factor. A session of which that is not known has none.
const NEEDS_MFA: &str = "permit (principal, action in Mcp::Action::\"destructive\", resource)\n\
                         unless { context.session.mfa };";

/// Everything that must hold of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Properties {
    /// The file they were read from.
    pub(super) file: PathBuf,
    /// In the order of [`KEYS`], which is the order they are shown in.
    pub(super) all: Vec<Property>,
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Property {
    /// What reports and records call it.
    pub(super) name: String,
    pub(super) demand: Demand,
}

/// The kinds of property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Demand {
    /// The set allows nothing that these permits match.
    Never(String),
    /// The set allows nothing that this other set denies.
    NoWidening(String),
    /// No policy errs.
    NeverErrors,
    /// Every policy decides something.
    NoDeadPolicies,
}

impl Property {
    /// What a record remembers of the text, so that a changed property is not taken for a proven one.
    pub(super) fn definition(&self) -> String {
        let text = match &self.demand {
            Demand::Never(policy) => format!("never\n{policy}"),
            Demand::NoWidening(from) => format!("no_widening_from\n{from}"),
            Demand::NeverErrors => "never_errors".to_owned(),
            Demand::NoDeadPolicies => "no_dead_policies".to_owned(),
        };
        hash([self.name.as_bytes(), b"\n", text.as_bytes()])
    }
}

impl Properties {
    /// The properties of a profile; a profile without any is an error, as there would be nothing to prove.
    pub(super) fn of(source: &PolicySource) -> Result<Self, PolicyError> {
        match source {
            PolicySource::ReadOnly => Self::parse(
                Path::new("read-only/properties.toml"),
                include_str!("../../policies/read-only/properties.toml"),
            ),
            PolicySource::ReadWrite => Self::parse(
                Path::new("read-write/properties.toml"),
                include_str!("../../policies/read-write/properties.toml"),
            ),
            PolicySource::Directory(directory) => {
                let file = directory.join(FILE);
                let text = std::fs::read_to_string(&file).map_err(|cause| match cause.kind() {
                    std::io::ErrorKind::NotFound => PolicyError::NoProperties(file.clone()),
                    _ => PolicyError::Read { path: file.clone(), cause },
                })?;
                Self::parse(&file, &text)
            }
        }
    }

    pub(super) fn parse(file: &Path, text: &str) -> Result<Self, PolicyError> {
        let mut reader = Reader { file, text, all: Vec::new(), errors: Vec::new() };
        match ImDocument::parse(text.to_owned()) {
            Ok(document) => reader.table(document.as_table()),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                reader.error_at(at, &error.message().replace('\n', "; "));
            }
        }
        if !reader.errors.is_empty() {
            return Err(PolicyError::Properties(reader.errors.join("\n")));
        }
        if reader.all.is_empty() {
            return Err(PolicyError::NoProperties(file.to_owned()));
        }
        Ok(Self { file: file.to_owned(), all: reader.all })
    }
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    all: Vec<Property>,
    errors: Vec<String>,
}

impl Reader<'_> {
    fn table(&mut self, table: &dyn TableLike) {
        self.unknown_keys(table, &KEYS);
        for key in KEYS {
            let Some((_, item)) = table.get_key_value(key) else { continue };
            match key {
                "read_only" => self.flag(key, item, Demand::Never(READ_ONLY.to_owned())),
                "destructive_needs_mfa" => self.flag(key, item, Demand::Never(NEEDS_MFA.to_owned())),
                "never_errors" => self.flag(key, item, Demand::NeverErrors),
                "no_dead_policies" => self.flag(key, item, Demand::NoDeadPolicies),
                "no_widening_from" => match item.as_str() {
                    Some(from) if !from.trim().is_empty() => {
                        self.push(item, format!("{key} {from}"), Demand::NoWidening(from.trim().to_owned()));
                    }
                    _ => self.error(item, "no_widening_from takes a file, a directory or the hash of a set"),
                },
                "unreachable" => self.unreachable(item),
                _ => self.nevers(item),
            }
        }
    }

    fn unknown_keys(&mut self, table: &dyn TableLike, known: &[&str]) {
        for (key, item) in table.iter() {
            if known.contains(&key) {
                continue;
            }
            let distance = |known: &&str| (strsim::damerau_levenshtein(known, key), (*known).to_owned());
            let nearest = known.iter().map(distance).min();
            let hint = match nearest {
                Some((distance, known)) if distance <= 2 + key.len() / 6 => {
                    format!("did you mean `{known}`?")
                }
                _ => format!("there are {}", known.join(", ")),
            };
            let at = table.key(key).and_then(toml_edit::Key::span).or_else(|| item.span());
            self.error_at(at.map_or(0, |span| span.start), &format!("`{key}` is no property; {hint}"));
        }
    }

    fn flag(&mut self, key: &str, item: &Item, demand: Demand) {
        match item.as_bool() {
            Some(true) => self.push(item, key.to_owned(), demand),
            Some(false) => {}
            None => self.error(item, &format!("{key} is true or false")),
        }
    }

    fn unreachable(&mut self, item: &Item) {
        let Some(places) = item.as_array() else {
            return self.error(item, "unreachable is a list, such as [\"Jira::Project::SECRET\"]");
        };
        for place in places {
            match place.as_str().ok_or_else(|| "a place is a text".to_owned()).and_then(place_uid) {
                Ok(uid) => {
                    let policy = format!("permit (principal, action, resource in {uid});");
                    self.push(item, format!("unreachable {uid}"), Demand::Never(policy));
                }
                Err(problem) => self.error(item, &problem),
            }
        }
    }

    fn nevers(&mut self, item: &Item) {
        let Some(tables) = item.as_array_of_tables() else {
            return self.error(item, "write `[[never]]` on a line of its own, then name and policy");
        };
        for table in tables {
            self.unknown_keys(table, &NEVER_KEYS);
            let text =
                |key| table.get(key).and_then(Item::as_str).map(str::trim).filter(|text| !text.is_empty());
            match (text("name"), text("policy")) {
                (Some(name), Some(policy)) => {
                    self.push(item, format!("never: {name}"), Demand::Never(policy.to_owned()));
                }
                _ => {
                    let at = table.span().map_or(0, |span| span.start);
                    self.error_at(
                        at,
                        "a `[[never]]` has a name and a policy: a permit that must allow nothing",
                    );
                }
            }
        }
    }

    fn push(&mut self, item: &Item, name: String, demand: Demand) {
        if self.all.iter().any(|known| known.name == name) {
            return self.error(item, &format!("`{name}` is there twice"));
        }
        self.all.push(Property { name, demand });
    }

    fn error(&mut self, item: &Item, problem: &str) {
        self.error_at(item.span().map_or(0, |span| span.start), problem);
    }

    fn error_at(&mut self, offset: usize, problem: &str) {
        let line = self.text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
        self.errors.push(format!("{}:{line}: {problem}", self.file.display()));
    }
}

/// `Jira::Project::SECRET`, or the same with quotes as Cedar has them.
fn place_uid(text: &str) -> Result<EntityUid, String> {
    let kinds = ["Jira::Project", "Confluence::Space"];
    let split = kinds.iter().find_map(|kind| Some((*kind, text.strip_prefix(kind)?.strip_prefix("::")?)));
    let Some((kind, id)) = split else {
        return Err(format!("`{text}` is neither Jira::Project::KEY nor Confluence::Space::KEY"));
    };
    let id = id.strip_prefix('"').and_then(|id| id.strip_suffix('"')).unwrap_or(id);
    let kind = EntityTypeName::from_str(kind).map_err(|error| error.to_string())?;
    let uid = EntityUid::from_type_name_and_id(kind, EntityId::new(id));
    check::literal(&uid).map_or(Ok(uid), Err)
}
