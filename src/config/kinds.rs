//! What a setting takes, and what is said when it is given something else.

use std::path::Path;

use figment::value::Value;

use super::AddressBlock;
use super::SyslogAddress;
use super::addresses;
use super::rules;
use super::rules::Table;
use crate::ids::CloudId;
use crate::ids::ProjectKey;
use crate::ids::SpaceKey;
use crate::secrets::SecretRef;

/// What values a setting takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A line of text.
    Text,
    /// A secret or a reference to one.
    Secret,
    /// `true` or `false`, in any of the usual spellings.
    Flag,
    /// A whole number between two bounds.
    Number(u64, u64),
    /// One of some words.
    Choice(&'static [&'static str]),
    /// Some of some words; separated by commas where there are no arrays.
    Choices(&'static [&'static str]),
    /// Texts; separated by commas where there are no arrays.
    List,
    /// Keys of Jira projects.
    Projects,
    /// Keys of Confluence spaces.
    Spaces,
    /// Header names and values; `Name=value,Other=value` where there are no tables.
    Headers,
    /// Names of headers; separated by commas where there are no arrays.
    HeaderNames,
    /// One line that can be the value of a header.
    HeaderValue,
    /// Ends of host names; separated by commas where there are no arrays.
    Domains,
    /// Addresses, and networks as `10.1.0.0/16`; separated by commas where there are no arrays.
    AddressBlocks,
    /// The id of a Cloud site.
    CloudId,
    /// A number from zero to a bound, with or without a fraction.
    Decimal(u32),
    /// A file or directory.
    Path,
    /// The address of a service, without user, query and fragment.
    BaseUrl,
    /// The address of a proxy.
    Proxy,
    /// A host name or address to listen on.
    Host,
    /// The path of an endpoint.
    UrlPath,
    /// A syslog server: a socket, or a host with a port.
    Syslog,
    /// An address with a port, or `off`.
    Address,
    /// Rules for the audit log; there is no other place for them than the file.
    AuditRules,
}

/// A value as it was given, before anything is known about it.
#[derive(Clone)]
pub(super) enum Given {
    /// A string, or a variable, or a flag.
    Text(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML float.
    Float(f64),
    /// A TOML boolean.
    Boolean(bool),
    /// A TOML array of strings.
    List(Vec<String>),
    /// A TOML table of strings.
    Table(Vec<(String, String)>),
    /// A TOML array of tables.
    Tables(Vec<Table>),
    /// Anything else TOML has.
    Other(&'static str),
}

/// Header names a setting may not carry: they belong to the credential or to HTTP itself.
const RESERVED_HEADERS: [&str; 6] =
    ["authorization", "connection", "content-length", "host", "proxy-authorization", "transfer-encoding"];

/// Headers that are no caller's to send on: those of the connection, of the message, and those we write ourselves.
const UNPASSABLE_HEADERS: [&str; 16] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

impl Kind {
    /// The value in the one form the settings are read from, or what is wrong with it.
    ///
    /// `base` is the directory that a relative path starts from.
    pub(super) fn read(self, given: &Given, base: &Path) -> Result<Value, String> {
        match (self, given) {
            (Self::Headers, Given::Table(pairs)) => {
                headers(pairs.iter().map(|(k, v)| (k.as_str(), v.as_str())))
            }
            (Self::AuditRules, Given::Tables(tables)) => rules::read(tables),
            (Self::AuditRules, Given::List(items)) if items.is_empty() => rules::read(&[]),
            (_, Given::List(items)) if self.is_list() => self.read_list(items),
            (Self::Flag, Given::Boolean(value)) => Ok(Value::from(*value)),
            (Self::Number(..) | Self::Decimal(_), Given::Integer(value)) => {
                self.read_text(&value.to_string(), base)
            }
            (Self::Decimal(_), Given::Float(value)) => self.read_text(&value.to_string(), base),
            (_, Given::Text(text)) if text.trim().is_empty() => {
                Err("is empty; leave it out for the default".to_owned())
            }
            (_, Given::Text(text)) => self.read_text(text.trim(), base),
            (_, given) => Err(format!("is {}; write {}", given.describe(), self.describe())),
        }
    }

    fn read_text(self, text: &str, base: &Path) -> Result<Value, String> {
        match self {
            Self::Text => line(text).map(Value::from),
            Self::Secret => {
                SecretRef::parse(text).map(|_| Value::from(text)).map_err(|error| error.to_string())
            }
            Self::Flag => flag(text).map(Value::from),
            Self::Number(least, most) => number(text, least, most).map(Value::from),
            Self::Choice(words) => choice(text, words).map(Value::from),
            Self::List
            | Self::Choices(_)
            | Self::Projects
            | Self::Spaces
            | Self::HeaderNames
            | Self::Domains
            | Self::AddressBlocks => self.read_list(&text.split(',').map(str::to_owned).collect::<Vec<_>>()),
            Self::HeaderValue => header_line(text).map(Value::from),
            Self::CloudId => match CloudId::parse(text) {
                Some(id) => Ok(Value::from(id.as_str())),
                None => Err(format!(
                    "`{}` is not the id of a site; it is letters, digits and `-`, as \
                     https://SITE.atlassian.net/_edge/tenant_info shows it",
                    text.escape_debug()
                )),
            },
            Self::Decimal(most) => decimal(text, most).map(Value::from),
            Self::Headers => headers(header_pairs(text)?),
            Self::Path => Ok(Value::from(base.join(path(line(text)?)).to_string_lossy().into_owned())),
            Self::BaseUrl => addresses::base_url(text).map(|url| Value::from(url.to_string())),
            Self::Proxy => addresses::proxy(text).map(Value::from),
            Self::Host => addresses::host(text).map(Value::from),
            Self::UrlPath => addresses::url_path(text).map(Value::from),
            Self::Address => addresses::listener(text).map(Value::from),
            Self::Syslog => SyslogAddress::parse(text).map(|_| Value::from(text)),
            Self::AuditRules => Err(format!("is a text; write {} in the configuration file", rules::FORM)),
        }
    }

    fn read_list(self, items: &[String]) -> Result<Value, String> {
        let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
        let read = |item: &str| match self {
            // Which form keys have is another setting: what has none at all is refused here, the rest when it is known.
            Self::Projects if is_plain_key(item) => Ok(Value::from(item.to_ascii_uppercase())),
            Self::Projects => match ProjectKey::parse(item) {
                Ok(key) => Ok(Value::from(key.as_str())),
                Err(error) => Err(format!("{error}; list keys separated by commas, for example `OPS,DEV`")),
            },
            Self::Spaces => match SpaceKey::parse(item) {
                Ok(_) => Ok(Value::from(item)),
                Err(error) => Err(format!("{error}; list keys separated by commas, for example `DOCS,TEAM`")),
            },
            Self::HeaderNames => header_name(item).map(|name| Value::from(name.as_str())),
            Self::Choices(words) => choice(item, words).map(Value::from),
            Self::Domains => addresses::domain(item).map(Value::from),
            Self::AddressBlocks => AddressBlock::parse(item).map(|_| Value::from(item)),
            _ => line(item).map(Value::from),
        };
        let list = items.map(read).collect::<Result<Vec<_>, _>>()?;
        // A restriction that restricts to nothing would read as either all or none: neither is meant.
        if list.is_empty() {
            return Err("is an empty list; leave it out for all".to_owned());
        }
        Ok(Value::from(list))
    }

    fn is_list(self) -> bool {
        matches!(
            self,
            Self::List
                | Self::Choices(_)
                | Self::Projects
                | Self::Spaces
                | Self::HeaderNames
                | Self::Domains
                | Self::AddressBlocks
        )
    }

    fn describe(self) -> String {
        match self {
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Choice(words) => format!("one of {}", quoted(words)),
            Self::Choices(words) => format!("an array of {}", quoted(words)),
            Self::List
            | Self::Projects
            | Self::Spaces
            | Self::HeaderNames
            | Self::Domains
            | Self::AddressBlocks => "an array of strings".to_owned(),
            Self::Decimal(most) => format!("a number from 0 to {most}"),
            Self::AuditRules => rules::FORM.to_owned(),
            Self::Headers => "a table of strings, for example `{ X-Gateway = \"value\" }`".to_owned(),
            _ => "a string".to_owned(),
        }
    }
}

impl Given {
    /// Whether it says nothing: an empty variable or flag is as if it were not there.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim_matches([' ', '\t', '\r', '\n', ',']).is_empty())
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
            Self::Tables(_) => "an array of tables",
            Self::Other(name) => name,
        }
    }
}

/// A file may be written as references to secrets in files are.
fn path(text: &str) -> &str {
    text.strip_prefix("file://").filter(|path| path.starts_with('/')).unwrap_or(text)
}

fn is_plain_key(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// The spellings of yes and no that the reference server takes, and their opposites.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" | "on" => Some(true),
        "false" | "0" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// `Name=value,Other=value`, split at the first `=` of each part; says no value in its errors.
pub(super) fn header_pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let problem = "has a part without `=`; write `Name=value,Other=value`, without commas in values";
            part.split_once('=')
                .map(|(name, value)| (name.trim(), value.trim()))
                .ok_or_else(|| problem.to_owned())
        })
        .collect()
}

/// A header's value: a reference if it is written as one, the value itself otherwise (it may well be an address).
pub(super) fn header_value(text: &str) -> Result<SecretRef, crate::secrets::InvalidReference> {
    match SecretRef::parse(text) {
        Err(crate::secrets::InvalidReference::UnknownScheme { .. })
            if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) =>
        {
            Ok(SecretRef::Literal(crate::secrets::Secret::new(text)))
        }
        read => read,
    }
}

fn headers<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Value, String> {
    let read = |(name, value): (&str, &str)| {
        let Ok(header) = http::HeaderName::from_bytes(name.as_bytes()) else {
            return Err(format!("`{}` is not a header name", name.escape_debug()));
        };
        if RESERVED_HEADERS.contains(&header.as_str()) {
            return Err(format!(
                "`{header}` cannot be set here; it comes from the credential or from HTTP itself"
            ));
        }
        header_value(value).map_err(|error| format!("the value of `{header}` {error}"))?;
        Ok(Value::from(vec![Value::from(header.as_str()), Value::from(value)]))
    };
    Ok(Value::from(pairs.into_iter().map(read).collect::<Result<Vec<_>, _>>()?))
}

/// A name whose header may be copied from callers. What HTTP itself is made of, and what we set, may not.
pub(super) fn header_name(text: &str) -> Result<http::HeaderName, String> {
    let shown = text.escape_debug();
    let name = http::HeaderName::from_bytes(text.as_bytes())
        .map_err(|_| format!("`{shown}` is not a header name"))?;
    if UNPASSABLE_HEADERS.contains(&name.as_str()) {
        return Err(format!("`{name}` belongs to the connection or to this server; it cannot be passed on"));
    }
    Ok(name)
}

fn header_line(text: &str) -> Result<&str, String> {
    let sendable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if sendable { Ok(text) } else { Err(format!("`{}` holds more than plain ASCII", text.escape_debug())) }
}

fn decimal(text: &str, most: u32) -> Result<f64, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number: Option<f64> = if plain { text.parse().ok() } else { None };
    number
        .filter(|number| (0.0..=f64::from(most)).contains(number))
        .ok_or_else(|| format!("`{}` is not a number from 0 to {most}", text.escape_debug()))
}

fn line(text: &str) -> Result<&str, String> {
    if text.chars().any(char::is_control) {
        return Err(format!("`{}` holds a control character; remove it", text.escape_debug()));
    }
    Ok(text)
}

fn flag(text: &str) -> Result<bool, String> {
    truth(text)
        .ok_or_else(|| format!("`{}` is neither yes nor no; write `true` or `false`", text.escape_debug()))
}

fn number(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let refused = || format!("`{}` is not a number from {least} to {most}", text.escape_debug());
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    number.filter(|number| (least..=most).contains(number)).ok_or_else(refused)
}

fn choice(text: &str, words: &[&'static str]) -> Result<&'static str, String> {
    let lower = text.to_ascii_lowercase();
    let found = words.iter().find(|word| **word == lower).copied();
    found.ok_or_else(|| {
        let hint = super::keys::hint(&lower, words);
        format!("`{}` is not one of {}{hint}", text.escape_debug(), quoted(words))
    })
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
