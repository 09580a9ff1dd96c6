//! What a caller's HTTP request brings: `Authorization`, the `X-Atlassian-*` headers, and headers to be passed on.
//!
//! The schemes and header names are those of the reference server; the scheme's case does not matter here.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::HeaderName;
use http::header::AUTHORIZATION;

use crate::ids::CloudId;
use crate::net::Credential;
use crate::policy::Product;
use crate::secrets::Secret;

/// The longest header that is taken, in bytes: servers in front of Jira refuse longer ones.
const LONGEST: usize = 8192;

/// The site an OAuth token is for.
const CLOUD_ID: HeaderName = HeaderName::from_static("x-atlassian-cloud-id");

/// Why the headers were refused; the texts never repeat a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not a scheme that is known, or nothing after it.
    #[error("send `Authorization: Bearer <token>`, `Token <token>` or `Basic <base64 of user:token>`")]
    Scheme,
    /// Basic, but not base64 of `user:secret`.
    #[error("the Basic credential is not base64 of `user:token` with both parts filled")]
    Basic,
    /// Several headers of one name, or one that is not text.
    #[error("send one header `{0}`, in plain ASCII")]
    Header(&'static str),
    /// Longer than any credential.
    #[error("the header `{0}` is longer than {LONGEST} bytes")]
    Long(&'static str),
    /// Not the id of a site.
    #[error("`X-Atlassian-Cloud-Id` is not the id of a site: letters, digits and `-`, as in a UUID")]
    CloudId,
    /// An address without a token for it.
    #[error("`X-Atlassian-{name}-Url` came without `X-Atlassian-{name}-Personal-Token`; send both", name = .0.title())]
    Tokenless(Product),
}

/// Everything that a caller's request says about whose account is used, and where.
#[derive(Clone, Default)]
pub struct Own {
    pub(super) authorization: Option<Authorization>,
    pub(super) cloud_id: Option<CloudId>,
    pub(super) jira: Personal,
    pub(super) confluence: Personal,
}

/// `Authorization`, read.
#[derive(Clone)]
pub(super) enum Authorization {
    /// An OAuth token or a personal access token; the server's configuration and the site's id say which.
    Bearer(Secret),
    /// A personal access token.
    Token(Secret),
    /// A user name or e-mail with a password or token.
    Basic(Credential),
}

/// A personal token for one product, and the address it is for if that is not the configured one.
#[derive(Clone, Default)]
pub(super) struct Personal {
    pub(super) token: Option<Secret>,
    pub(super) url: Option<String>,
}

impl Own {
    /// Reads the headers. Nothing that could be used is no error: the caller may be lent a credential.
    pub fn read(headers: &HeaderMap) -> Result<Self, HeaderError> {
        let cloud_id = one(headers, &CLOUD_ID, "X-Atlassian-Cloud-Id")?;
        let own = Self {
            authorization: authorization(headers)?,
            cloud_id: cloud_id.map(|id| CloudId::parse(id).ok_or(HeaderError::CloudId)).transpose()?,
            jira: personal(headers, "x-atlassian-jira-url", "x-atlassian-jira-personal-token")?,
            confluence: personal(
                headers,
                "x-atlassian-confluence-url",
                "x-atlassian-confluence-personal-token",
            )?,
        };
        Ok(own)
    }

    /// Whether there is any credential in it.
    pub fn is_empty(&self) -> bool {
        self.authorization.is_none() && self.jira.token.is_none() && self.confluence.token.is_none()
    }

    /// An address without a token is half of a login: said, not passed over.
    pub fn check(&self) -> Result<(), HeaderError> {
        for product in [Product::Jira, Product::Confluence] {
            let personal = self.personal(product);
            if self.authorization.is_none() && personal.url.is_some() && personal.token.is_none() {
                return Err(HeaderError::Tokenless(product));
            }
        }
        Ok(())
    }

    /// Whether a credential in it is for a product.
    pub(super) fn is_for(&self, product: Product) -> bool {
        self.authorization.is_some() || self.personal(product).token.is_some()
    }

    pub(super) fn personal(&self, product: Product) -> &Personal {
        match product {
            Product::Jira => &self.jira,
            Product::Confluence => &self.confluence,
        }
    }

    /// How the caller logs in, as far as the headers say: `basic`, `pat`, or `bearer` for what may be either.
    pub(super) fn method(&self) -> &'static str {
        match &self.authorization {
            Some(Authorization::Basic(_)) => "basic",
            Some(Authorization::Bearer(_)) if self.cloud_id.is_some() => "oauth",
            _ => "pat",
        }
    }
}

/// Shows which parts there are, and none of them.
impl fmt::Debug for Own {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Own")
            .field("authorization", &self.authorization.is_some())
            .field("cloud_id", &self.cloud_id)
            .field("jira", &self.jira.token.is_some())
            .field("confluence", &self.confluence.token.is_some())
            .finish()
    }
}

fn one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    shown: &'static str,
) -> Result<Option<&'a str>, HeaderError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let (Ok(text), None) = (value.to_str(), values.next()) else { return Err(HeaderError::Header(shown)) };
    if text.len() > LONGEST {
        return Err(HeaderError::Long(shown));
    }
    let text = text.trim();
    Ok((!text.is_empty()).then_some(text))
}

fn personal(headers: &HeaderMap, url: &'static str, token: &'static str) -> Result<Personal, HeaderError> {
    let read = |name: &'static str| one(headers, &HeaderName::from_static(name), name);
    Ok(Personal { token: read(token)?.map(Secret::new), url: read(url)?.map(str::to_owned) })
}

fn authorization(headers: &HeaderMap) -> Result<Option<Authorization>, HeaderError> {
    let Some(text) = one(headers, &AUTHORIZATION, "Authorization")? else { return Ok(None) };
    let (scheme, rest) = text.split_once(' ').ok_or(HeaderError::Scheme)?;
    let rest = rest.trim();
    if rest.is_empty() {
        return Err(HeaderError::Scheme);
    }
    let is = |known: &str| scheme.eq_ignore_ascii_case(known);
    if is("bearer") {
        return Ok(Some(Authorization::Bearer(Secret::new(rest))));
    }
    if is("token") {
        return Ok(Some(Authorization::Token(Secret::new(rest))));
    }
    if is("basic") {
        return Ok(Some(Authorization::Basic(basic(rest)?)));
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

    fn read(pairs: &[(&'static str, &str)]) -> Result<Own, HeaderError> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let own = Own::read(&headers)?;
        own.check()?;
        Ok(own)
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
            let own = read(&[("authorization", value)]);
            assert_eq!(own.map(|own| (!own.is_empty()).then(|| own.method())), wanted, "{value:?}");
        }
        assert!(read(&[]).unwrap().is_empty());
    }

    #[test]
    fn each_product_has_its_own_token_and_address() {
        let both = [
            ("x-atlassian-jira-personal-token", "j"),
            ("x-atlassian-confluence-url", "https://wiki.example.com"),
            ("x-atlassian-confluence-personal-token", "c"),
        ];
        let own = read(&both).unwrap();
        assert_eq!((own.jira.url.as_deref(), own.confluence.url.is_some()), (None, true));
        assert!(!own.is_empty());
        let alone = [("x-atlassian-jira-url", "https://jira.example.com")];
        assert_eq!(read(&alone).unwrap_err(), HeaderError::Tokenless(Product::Jira));
        let beside = [("x-atlassian-jira-url", "https://jira.example.com"), ("authorization", "Token t")];
        assert!(read(&beside).is_ok());
    }

    #[test]
    fn a_site_is_one_segment_of_a_path() {
        for (id, fine) in
            [("11223344-a1b2", true), ("cid-1", true), ("../x", false), ("a/b", false), ("a b", false)]
        {
            let pairs = [("x-atlassian-cloud-id", id), ("authorization", "Bearer t")];
            assert_eq!(read(&pairs).is_ok(), fine, "{id}");
        }
        let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
        assert_eq!(read(&twice).unwrap_err(), HeaderError::Header("Authorization"));
    }

    #[test]
    fn nothing_of_it_shows() {
        let own = read(&[("authorization", "Bearer canary"), ("x-atlassian-jira-personal-token", "canary")]);
        assert!(!format!("{:?}", own.unwrap()).contains("canary"));
    }
}
