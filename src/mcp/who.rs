//! Whom a request comes from, as far as it shows: the certificate of its connection, a header by which a proxy names the
//! user, and the credentials it brings.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::HeaderName;
use axum::http::StatusCode;
use axum::http::header;
use axum::http::request::Parts;

use super::forwarded::Whence;
use super::http::HttpSettings;
use super::http::Refused;
use super::peer::Peer;
use crate::audit::RefusalReason;
use crate::identity::Login;
use crate::identity::NameError;
use crate::identity::Named;
use crate::identity::Own;
use crate::identity::Presented;

/// The header by which a proxy names the user, who has shown the proxy who they are.
#[derive(Debug, Clone)]
pub struct UserHeader {
    /// Its name.
    pub name: HeaderName,
    /// Who may send it. Never an address: whoever is in the same network could name anybody.
    pub from: Vec<Pin>,
}

/// A client certificate that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// By its SHA-256, in hexadecimal digits.
    Fingerprint(String),
    /// By the name it has, as users have theirs.
    Name(String),
}

/// Why nobody is named.
enum Nobody {
    /// The certificate names nobody.
    Unfit(NameError),
    /// A proxy sent no name.
    Unsaid,
    /// There is nothing that could name somebody.
    Unknown,
}

/// What a request presents.
pub(super) fn presented(
    settings: &HttpSettings,
    parts: &Parts,
    whence: Whence,
) -> Result<Presented, Refused> {
    still_taken(parts)?;
    let peer = parts.extensions.get::<Arc<Peer>>().map(Arc::as_ref);
    let named = named(settings, peer, &parts.headers)?;
    Ok(Presented {
        login: login(settings, &parts.headers, &named)?,
        named: named.ok(),
        passed: Arc::new(passed(settings, &parts.headers)),
        client: user_agent(&parts.headers),
        address: Some(whence.address),
        proxy: whence.proxy,
        transport: "http",
    })
}

/// Refuses a request whose client certificate has ended or was revoked since its connection began.
pub(super) fn still_taken(parts: &Parts) -> Result<(), Refused> {
    let peer = parts.extensions.get::<Arc<Peer>>();
    if peer.is_none_or(|peer| peer.is_taken()) {
        return Ok(());
    }
    let text =
        "your client certificate is no longer taken: it has ended or was revoked; connect with another one";
    Err(Refused::new(StatusCode::UNAUTHORIZED, RefusalReason::Certificate, text))
}

/// The user's name. A header that names one is taken from who may send it, and ends the request of anybody else.
fn named(
    settings: &HttpSettings,
    peer: Option<&Peer>,
    headers: &HeaderMap,
) -> Result<Result<Named, Nobody>, Refused> {
    let Some(header) = &settings.user_header else { return Ok(by_certificate(peer)) };
    let refused = |text: String| Refused::new(StatusCode::BAD_REQUEST, RefusalReason::UserHeader, text);
    let mut values = headers.get_all(&header.name).iter();
    match (values.next(), peer.is_some_and(|peer| header.is_from(peer))) {
        (None, false) => Ok(by_certificate(peer)),
        (None, true) => Ok(Err(Nobody::Unsaid)),
        (Some(_), false) => Err(refused(format!(
            "`{}` names a user, and who sent it may not name users here; leave it out, or ask the administrator to add the \
             certificate of the proxy to server.user_header_from",
            header.name
        ))),
        (Some(value), true) => match (value.to_str(), values.next()) {
            (Ok(name), None) => Named::by_header(name).map(Ok).map_err(|error| refused(error.to_string())),
            _ => Err(refused(format!("send one header `{}`, in plain ASCII", header.name))),
        },
    }
}

fn by_certificate(peer: Option<&Peer>) -> Result<Named, Nobody> {
    match peer.and_then(Peer::named) {
        Some(named) => named.clone().map_err(Nobody::Unfit),
        None => Err(Nobody::Unknown),
    }
}

impl UserHeader {
    fn is_from(&self, peer: &Peer) -> bool {
        let name = peer.named().and_then(|named| named.as_ref().ok()).map(Named::name);
        self.from.iter().any(|pin| match pin {
            Pin::Fingerprint(known) => known == peer.fingerprint(),
            Pin::Name(known) => Some(known.as_str()) == name,
        })
    }
}

/// Whose credential the request uses: the caller's own, the one that is stored for whom it names, or what the configuration
/// lends or passes on.
fn login(
    settings: &HttpSettings,
    headers: &HeaderMap,
    named: &Result<Named, Nobody>,
) -> Result<Login, Refused> {
    let unauthorized = |text: String| Refused::new(StatusCode::UNAUTHORIZED, RefusalReason::Credential, text);
    if !settings.ignore_header_auth {
        let own = Own::read(headers).map_err(|error| unauthorized(error.to_string()))?;
        if !own.is_empty() {
            own.check().map_err(|error| unauthorized(error.to_string()))?;
            return Ok(Login::Own(Arc::new(own)));
        }
        if !settings.substitutes.lent {
            own.check().map_err(|error| unauthorized(error.to_string()))?;
        }
    }
    if settings.substitutes.stored {
        match named {
            Ok(named) => return Ok(Login::Named(named.clone())),
            Err(Nobody::Unfit(error)) => return Err(unauthorized(error.to_string())),
            Err(Nobody::Unsaid) => {
                return Err(unauthorized(
                    "the proxy in front of this server did not say who you are".to_owned(),
                ));
            }
            Err(Nobody::Unknown) => {}
        }
    }
    if settings.substitutes.lent || settings.substitutes.sessions {
        return Ok(Login::Lent);
    }
    Err(unauthorized(without_credential(settings).to_owned()))
}

/// What somebody can do who brings nothing that could be used.
fn without_credential(settings: &HttpSettings) -> &'static str {
    match (settings.substitutes.stored, settings.ignore_header_auth) {
        (true, true) => "nobody says who you are: connect with a client certificate that names you",
        (true, false) => {
            "no credential, and nobody says who you are: connect with a client certificate that names you, or send \
             `Authorization: Bearer <your personal access token>`"
        }
        (false, true) => {
            "credentials of callers are not used here (IGNORE_HEADER_AUTH), and none is lent: ask the administrator to set \
             ALLOW_GLOBAL_CRED_FALLBACK, or ATLASSIAN_EXTERNAL_AUTH_ENABLE with JIRA_PASSTHROUGH_HEADERS"
        }
        (false, false) => {
            "no credential: send `Authorization: Bearer <your personal access token>`, or ask the administrator to lend one \
             with ALLOW_GLOBAL_CRED_FALLBACK"
        }
    }
}

/// The headers of the request that some product's configuration passes on.
fn passed(settings: &HttpSettings, headers: &HeaderMap) -> HeaderMap {
    let mut passed = HeaderMap::new();
    for name in &settings.passthrough {
        for value in headers.get_all(name) {
            let mut value = value.clone();
            value.set_sensitive(true);
            passed.append(name.clone(), value);
        }
    }
    passed
}

fn user_agent(headers: &HeaderMap) -> String {
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    agent.chars().take(120).collect()
}
