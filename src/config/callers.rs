//! Who is let in by a client certificate, and what names users before Atlassian is asked.

use std::path::PathBuf;

use http::HeaderName;
use serde::Deserialize;

use super::ConfigError;

/// Which client certificates the listener asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerCertificates {
    /// Those who sign them, in PEM.
    pub authorities: PathBuf,
    /// What these have revoked, in PEM.
    pub revoked: Option<PathBuf>,
    /// Whether nobody is let in without one.
    pub required: bool,
    /// How they name users, if they do.
    pub names: Option<CallerNames>,
}

/// Where the name of a user is in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerNames {
    /// The part that has it.
    pub part: CallerNamePart,
    /// What must be before it.
    pub prefix: String,
    /// What must be behind it.
    pub suffix: String,
}

/// A part of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CallerNamePart {
    /// The common name of the subject.
    Cn,
    /// The mail address among the alternative names.
    Email,
    /// The host name among them.
    Dns,
    /// The URI among them.
    Uri,
}

/// The header by which a proxy names users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerHeader {
    /// Its name.
    pub name: HeaderName,
    /// The client certificates of the proxies that may send it.
    pub from: Vec<CallerPin>,
}

/// A client certificate that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerPin {
    /// By its SHA-256, in lower-case hexadecimal digits.
    Fingerprint(String),
    /// By its name.
    Name(String),
}

/// What may be set of them in `[server] tls`.
pub(super) struct RawCallers {
    pub(super) ca: Option<PathBuf>,
    pub(super) certificate: Option<Wanted>,
    pub(super) name: Option<CallerNamePart>,
    pub(super) name_prefix: Option<String>,
    pub(super) name_suffix: Option<String>,
    pub(super) crl: Option<PathBuf>,
}

#[derive(Debug, Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Wanted {
    Required,
    Optional,
}

impl CallerNamePart {
    /// The word of the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cn => "cn",
            Self::Email => "email",
            Self::Dns => "dns",
            Self::Uri => "uri",
        }
    }
}

/// The client certificates that are asked for.
pub(super) fn certificates(raw: RawCallers) -> Result<Option<CallerCertificates>, ConfigError> {
    let Some(authorities) = raw.ca else {
        let set = [
            ("client_certificate", raw.certificate.is_some()),
            ("client_name", raw.name.is_some()),
            ("client_name_prefix", raw.name_prefix.is_some()),
            ("client_name_suffix", raw.name_suffix.is_some()),
            ("client_crl", raw.crl.is_some()),
        ];
        return match set.into_iter().find(|(_, is_set)| *is_set) {
            Some((key, _)) => refuse(&format!(
                "server.tls.{key} is about client certificates, which are not asked for; set server.tls.client_ca"
            )),
            None => Ok(None),
        };
    };
    let has_ends = raw.name_prefix.is_some() || raw.name_suffix.is_some();
    let names = match raw.name {
        Some(part) => Some(CallerNames {
            part,
            prefix: raw.name_prefix.unwrap_or_default(),
            suffix: raw.name_suffix.unwrap_or_default(),
        }),
        None if has_ends => {
            return refuse(
                "server.tls.client_name_prefix and server.tls.client_name_suffix are parts of a name; set server.tls.client_name",
            );
        }
        None => None,
    };
    Ok(Some(CallerCertificates {
        authorities,
        revoked: raw.crl,
        required: raw.certificate != Some(Wanted::Optional),
        names,
    }))
}

/// The header that names users. Who may send it is known by a certificate, so there must be some.
pub(super) fn header(
    name: Option<&str>,
    from: &[String],
    certificates: Option<&CallerCertificates>,
) -> Result<Option<CallerHeader>, ConfigError> {
    let Some(name) = name else {
        return match from {
            [] => Ok(None),
            _ => refuse(
                "server.user_header_from says who may name users; set server.user_header, by which they do",
            ),
        };
    };
    let name = super::kinds::header_name(name)
        .map_err(|problem| ConfigError::Combination(format!("server.user_header: {problem}")))?;
    if is_ours(&name) {
        return refuse(&format!(
            "server.user_header: `{name}` has a meaning of its own; choose another name"
        ));
    }
    if from.is_empty() {
        return refuse(
            "server.user_header: nobody may send it; list the client certificates of the proxies in server.user_header_from, by \
             SHA-256 or by name",
        );
    }
    let Some(certificates) = certificates else {
        return refuse(
            "server.user_header is taken from whose certificate is known; set server.tls.client_ca, so that one is asked for",
        );
    };
    let from = from.iter().map(|text| pin(text, certificates)).collect::<Result<_, _>>()?;
    Ok(Some(CallerHeader { name, from }))
}

/// Headers that say something else.
fn is_ours(name: &HeaderName) -> bool {
    let name = name.as_str();
    let ours = ["authorization", "cookie", "forwarded", "host", "origin", "user-agent", "x-forwarded-for"];
    ours.contains(&name) || name.starts_with("x-atlassian-") || name.starts_with("mcp-")
}

fn pin(text: &str, certificates: &CallerCertificates) -> Result<CallerPin, ConfigError> {
    let digits: String = text.chars().filter(|digit| *digit != ':').collect();
    if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(CallerPin::Fingerprint(digits.to_ascii_lowercase()));
    }
    // As an address would be: whoever is in the same network could name anybody.
    if text.parse::<std::net::IpAddr>().is_ok() || text.contains('/') {
        return refuse(&format!(
            "server.user_header_from: `{}` is an address, which proves nothing; list the SHA-256 of a certificate, or its name",
            text.escape_debug()
        ));
    }
    if certificates.names.is_none() {
        return refuse(&format!(
            "server.user_header_from: `{}` is no SHA-256 (64 hexadecimal digits), and for a name server.tls.client_name must say \
             where certificates have theirs",
            text.escape_debug()
        ));
    }
    Ok(CallerPin::Name(text.to_owned()))
}

fn refuse<T>(text: &str) -> Result<T, ConfigError> {
    Err(ConfigError::Combination(text.to_owned()))
}
