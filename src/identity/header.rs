//! The `Authorization` header of a caller: `Bearer`, `Token` or `Basic`, as the reference server reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::net::Credential;
use crate::secrets::Secret;

/// Why an `Authorization` header was refused; the texts never repeat what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not a scheme that is known, or nothing after it.
    #[error("send `Authorization: Bearer <token>`, `Token <token>` or `Basic <base64 of user:token>`")]
    Scheme,
    /// Basic, but not base64 of `user:secret`.
    #[error("the Basic credential is not base64 of `user:token` with both parts filled")]
    Basic,
    /// Several headers, or one that is not text.
    #[error("send one Authorization header, in plain ASCII")]
    Header,
}

/// Reads the caller's credential; `None` when no header was sent or it is blank.
pub fn credential_of(headers: &HeaderMap) -> Result<Option<Credential>, HeaderError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HeaderError::Header);
    }
    let text = value.to_str().map_err(|_| HeaderError::Header)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (scheme, rest) = text.split_once(' ').ok_or(HeaderError::Scheme)?;
    let rest = rest.trim();
    if rest.is_empty() {
        return Err(HeaderError::Scheme);
    }
    if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
        return Ok(Some(Credential::personal_token(Secret::new(rest))));
    }
    if scheme.eq_ignore_ascii_case("basic") {
        return basic(rest).map(Some);
    }
    Err(HeaderError::Scheme)
}

fn basic(encoded: &str) -> Result<Credential, HeaderError> {
    let bytes = STANDARD.decode(encoded).map_err(|_| HeaderError::Basic)?;
    let text = String::from_utf8(bytes).map_err(|_| HeaderError::Basic)?;
    let (username, secret) = text.split_once(':').ok_or(HeaderError::Basic)?;
    let clean = !username.trim().is_empty() && !secret.is_empty() && !text.chars().any(char::is_control);
    if !clean {
        return Err(HeaderError::Basic);
    }
    Ok(Credential::basic(username, Secret::new(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<&'static str>, HeaderError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        credential_of(&headers).map(|credential| credential.map(|credential| credential.method()))
    }

    #[test]
    fn the_known_schemes_are_read() {
        let table = [
            ("Bearer abc", Ok(Some("pat"))),
            ("bearer abc", Ok(Some("pat"))),
            ("Token abc", Ok(Some("pat"))),
            ("Basic YW5uOnRvaw==", Ok(Some("basic"))),
            ("", Ok(None)),
            ("   ", Ok(None)),
            ("abc", Err(HeaderError::Scheme)),
            ("Bearer ", Err(HeaderError::Scheme)),
            ("Digest abc", Err(HeaderError::Scheme)),
            ("Basic YW5u", Err(HeaderError::Basic)),
            ("Basic !!!", Err(HeaderError::Basic)),
            ("Basic OnRvaw==", Err(HeaderError::Basic)),
        ];
        for (value, wanted) in table {
            assert_eq!(read(value), wanted, "{value:?}");
        }
        assert_eq!(credential_of(&HeaderMap::new()).unwrap().map(|c| c.method()), None);
    }
}
