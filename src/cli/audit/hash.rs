//! `portcullis audit hash`: a value as it stands in records, and the records that hold it.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::selection;
use crate::audit::HmacKey;
use crate::audit::read::Column;
use crate::audit::read::Record;
use crate::audit::read::Table;
use crate::cli::Cli;
use crate::cli::Failure;
use crate::cli::assemble::secret_failure;
use crate::cli::block_on;
use crate::cli::load;
use crate::cli::output;
use crate::cli::output::Lines;

/// The longest value that is read from standard input.
const LONGEST: u64 = 64 * 1024 * 1024;

const COLUMNS: [Column; 5] = [
    Column { title: "TIME", least: 23, most: 23 },
    Column { title: "WHO", least: 12, most: 36 },
    Column { title: "TOOL", least: 32, most: 48 },
    Column { title: "ARGUMENT", least: 16, most: 48 },
    Column { title: "CALL", least: 32, most: 64 },
];

/// Arguments of `portcullis audit hash`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The value; `-` reads it from standard input, without its last line end: it is then in no history of a shell.
    value: String,
    /// List the records that hold the value, in files of a log or its directory; without a PATH, in the log of the
    /// configuration. Exit code 1 says that there are none.
    #[arg(long, value_name = "PATH", num_args = 0..)]
    find: Option<Vec<PathBuf>>,
    /// The file of the key, if it is not the one of the configuration or of this machine; may be given again.
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, cli: &Cli) -> Result<(), Failure> {
    let value = if arguments.value == "-" { from_input()? } else { arguments.value.clone() };
    let mut keys = Vec::new();
    block_on(async {
        keys = self::keys(arguments, cli).await?;
        Ok(())
    })?;
    let digests: Vec<String> =
        keys.iter().flat_map(|key| spellings(&value).into_iter().map(|text| key.digest(&text))).collect();
    let Some(named) = &arguments.find else {
        for digest in &digests {
            output::say(digest);
        }
        return Ok(());
    };
    let known: BTreeSet<&str> = keys.iter().map(HmacKey::id).collect();
    find(&selection::paths(named, cli)?, &digests, &known)
}

/// Prints the records that hold one of the digests.
fn find(paths: &[PathBuf], digests: &[String], known: &BTreeSet<&str>) -> Result<(), Failure> {
    let mut records = selection::records(paths)?;
    let table = Table::for_rows(COLUMNS, []);
    let (mut lines, mut found, mut others) = (Lines::new(), 0_u64, BTreeSet::new());
    for record in records.by_ref() {
        let record = record.map_err(selection::unreadable)?;
        let key_id = record.fields.key_id.as_deref();
        others.extend(key_id.filter(|id| !known.contains(id)).map(str::to_owned));
        if !holds(&record.line, digests) {
            continue;
        }
        if found == 0 {
            lines.say(&table.head())?;
        }
        found += 1;
        lines.say(&table.line(&cells(&record, digests)))?;
        if !lines.is_read() {
            return Ok(());
        }
    }
    lines.flush()?;
    for note in records.notes() {
        output::complain(note);
    }
    for id in others {
        output::complain(&format!(
            "the log has values that were hashed with the key {id}, which is not here: name its file with --key, or \
             these values are not found"
        ));
    }
    if found == 0 { Err(Failure::failed("no record holds this value")) } else { Ok(()) }
}

/// Whether one of the digests stands in a text: values lie in lists and objects as well.
fn holds(text: &str, digests: &[String]) -> bool {
    digests.iter().any(|digest| text.contains(digest))
}

fn cells(record: &Record, digests: &[String]) -> [String; 5] {
    let fields = &record.fields;
    let or_none = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let is_found = |value: &Value| holds(&value.to_string(), digests);
    let arguments = fields.arguments.iter().flatten().filter(|(_, value)| is_found(value));
    let arguments: Vec<&str> = arguments.map(|(name, _)| name.as_str()).collect();
    [
        fields.time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
        or_none(fields.principal.as_ref().map(|who| who.id.as_str())),
        or_none(fields.tool.as_deref()),
        if arguments.is_empty() { "-".to_owned() } else { arguments.join(", ") },
        or_none(fields.call.as_deref()),
    ]
}

/// The texts that a value is hashed as: a text as it is, and what is not a text as the shortest JSON of it.
fn spellings(value: &str) -> Vec<String> {
    let mut spellings = vec![value.to_owned()];
    match serde_json::from_str::<Value>(value) {
        Ok(Value::String(_)) | Err(_) => {}
        Ok(json) => spellings.push(json.to_string()),
    }
    spellings.dedup();
    spellings
}

fn from_input() -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::unreadable(format!("cannot read standard input: {error}"));
    let mut text = String::new();
    let length = std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if length as u64 > LONGEST {
        return Err(Failure::unreadable("the value on standard input is longer than 64 MiB"));
    }
    let end = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text)).map(str::len);
    text.truncate(end.unwrap_or(text.len()));
    Ok(text)
}

/// The keys that were named; else the one of the configuration or of this machine, and those that came before it.
async fn keys(arguments: &Arguments, cli: &Cli) -> Result<Vec<HmacKey>, Failure> {
    if !arguments.keys.is_empty() {
        return arguments.keys.iter().map(|path| HmacKey::read(path).map_err(Failure::usage)).collect();
    }
    let loaded = load(cli)?;
    let audit = &loaded.settings.audit;
    let first = match &audit.hmac_key {
        Some(reference) => {
            let secrets = loaded.secrets().map_err(Failure::configuration)?;
            HmacKey::from_secret(secrets.resolve(reference).await.map_err(secret_failure)?.expose())
        }
        None => HmacKey::read(&HmacKey::path(&audit.state_directory))
            .map_err(|error| Failure::usage(format!("{error}; name the key's file with --key")))?,
    };
    let mut keys = vec![first];
    keys.extend(former(&audit.state_directory)?);
    Ok(keys)
}

/// Keys that were in use before: `audit-hmac.key.<its id>` in the state directory.
fn former(state_directory: &Path) -> Result<Vec<HmacKey>, Failure> {
    let Ok(entries) = std::fs::read_dir(state_directory) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut keys = Vec::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(id) = name.strip_prefix("audit-hmac.key.").filter(|id| id.len() == 8) else { continue };
        let key = HmacKey::read(&path).map_err(Failure::configuration)?;
        if key.id() != id {
            let text = format!(
                "`{}` holds the key {}: rename the file so that it ends with it",
                path.display(),
                key.id()
            );
            return Err(Failure::configuration(text));
        }
        keys.push(key);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_hashed_as_json_without_blanks() {
        assert_eq!(spellings("plain"), ["plain"]);
        assert_eq!(spellings("42"), ["42"]);
        assert_eq!(spellings("\"quoted\""), ["\"quoted\""]);
        assert_eq!(
            spellings("{\"b\": [1, 2], \"a\": null}"),
            ["{\"b\": [1, 2], \"a\": null}", "{\"b\":[1,2],\"a\":null}"]
        );
    }

    #[test]
    fn former_keys_are_found_by_their_id() {
        let state = tempfile::tempdir().unwrap();
        let secret = "0123456789abcdef0123456789abcdef";
        let key = HmacKey::from_secret(secret);
        assert!(former(&state.path().join("none")).unwrap().is_empty());
        std::fs::write(state.path().join("audit-hmac.key"), "the one in use").unwrap();
        std::fs::write(state.path().join("audit-hmac.key.0123456789abcdef"), "a draft").unwrap();
        std::fs::write(state.path().join(format!("audit-hmac.key.{}", key.id())), secret).unwrap();
        let found = former(state.path()).unwrap();
        assert_eq!(found.iter().map(HmacKey::id).collect::<Vec<_>>(), [key.id()]);
        std::fs::write(state.path().join("audit-hmac.key.00000000"), secret).unwrap();
        assert!(former(state.path()).unwrap_err().message.contains(key.id()));
    }
}
