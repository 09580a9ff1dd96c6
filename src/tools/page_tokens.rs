//! Tokens by which callers go on in a search.
//!
//! A token of Atlassian's may hold the query as it was sent, and so the keys of what the policies hide. Callers get it
//! sealed, whatever the policies are: nobody reads it or makes one, and it is good for one caller, one tool and one query.
//! Its length tells no more than a power of two.

use aws_lc_rs::aead::AES_256_GCM_SIV;
use aws_lc_rs::aead::Aad;
use aws_lc_rs::aead::Nonce;
use aws_lc_rs::aead::RandomizedNonceKey;
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf;
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;
use zeroize::Zeroizing;

use super::ToolError;
use crate::atlassian::Position;
use crate::ids::InstanceName;
use crate::policy::Principal;

/// What the key is derived for; another form of tokens has another name.
const PURPOSE: &[u8] = b"portcullis page token 1";

/// The least that is sealed, in bytes.
const SHORTEST: usize = 256;

/// The shortest secret that a key is derived from, in bytes.
const SHORTEST_SECRET: usize = 32;

/// The key that tokens are sealed with.
pub struct PageTokens {
    key: RandomizedNonceKey,
}

/// The search that a token is good for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Search<'a> {
    /// Who searches.
    pub(super) principal: &'a Principal,
    /// Where.
    pub(super) instance: &'a InstanceName,
    /// By which tool.
    pub(super) tool: &'static str,
    /// For what, in the caller's own words.
    pub(super) query: &'a str,
}

/// There are no random bytes, or the cipher does not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key for page tokens could not be made; see whether the system gives random bytes")]
pub struct NoPageTokens;

impl From<Unspecified> for NoPageTokens {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl PageTokens {
    /// Tokens of this process alone.
    ///
    /// # Errors
    /// If there are no random bytes.
    pub fn random() -> Result<Self, NoPageTokens> {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::fill(bytes.as_mut())?;
        Self::new(&*bytes)
    }

    /// Tokens that all servers with this secret take from each other. A short secret could be guessed by who has a token:
    /// then they are of this process alone.
    ///
    /// # Errors
    /// If the key cannot be derived, or there are no random bytes.
    pub fn shared(secret: &str) -> Result<Self, NoPageTokens> {
        let secret = secret.trim();
        if secret.len() < SHORTEST_SECRET {
            return Self::random();
        }
        let mut bytes = Zeroizing::new([0; 32]);
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, PURPOSE).extract(secret.as_bytes());
        derived.expand(&[PURPOSE], hkdf::HKDF_SHA256)?.fill(bytes.as_mut())?;
        Self::new(&*bytes)
    }

    fn new(bytes: &[u8]) -> Result<Self, NoPageTokens> {
        // Of this cipher a nonce may come twice.
        Ok(Self { key: RandomizedNonceKey::new(&AES_256_GCM_SIV, bytes)? })
    }

    /// The token for a position in a search.
    pub(super) fn seal(&self, position: &Position, search: Search<'_>) -> Result<String, ToolError> {
        self.sealed(position, search).ok_or_else(|| {
            ToolError::Arguments("there is no page token just now; go on by `start_at`".to_owned())
        })
    }

    fn sealed(&self, position: &Position, search: Search<'_>) -> Option<String> {
        let mut sealed = serde_json::to_vec(position).ok()?;
        sealed.resize(sealed.len().next_power_of_two().max(SHORTEST), b' ');
        let nonce = self.key.seal_in_place_append_tag(Aad::from(search.name()), &mut sealed).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &sealed].concat()))
    }

    /// The position that a token is for.
    pub(super) fn open(&self, token: &str, search: Search<'_>) -> Result<Position, ToolError> {
        self.opened(token, search).ok_or_else(|| {
            ToolError::Arguments("`page_token` belongs to another search; start again without it".to_owned())
        })
    }

    fn opened(&self, token: &str, search: Search<'_>) -> Option<Position> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(aws_lc_rs::aead::NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let position = self.key.open_in_place(nonce, Aad::from(search.name()), &mut sealed).ok()?;
        serde_json::from_slice(position).ok()
    }
}

impl std::fmt::Debug for PageTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PageTokens")
    }
}

impl Search<'_> {
    /// One text for one search, that no other has.
    fn name(self) -> Vec<u8> {
        let (principal, instance) = (self.principal.to_string(), self.instance.to_string());
        json!([principal, instance, self.tool, self.query]).to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PrincipalKind;

    fn principal(id: &str) -> Principal {
        Principal { kind: PrincipalKind::User, id: id.to_owned(), groups: None }
    }

    fn position(token: &str) -> Position {
        serde_json::from_value(json!({"place": {"token": token}, "items": 7})).unwrap()
    }

    fn says(error: &ToolError) -> String {
        error.to_string()
    }

    #[test]
    fn a_token_is_good_for_one_search_of_one_caller() {
        let tokens = PageTokens::random().unwrap();
        let (ann, bob, default) = (principal("ann"), principal("bob"), InstanceName::default());
        let other = InstanceName::parse("other").unwrap();
        let own = Search { principal: &ann, instance: &default, tool: "jira_search", query: "project = OPS" };
        let token = tokens.seal(&position("secret"), own).unwrap();
        assert_eq!(tokens.open(&token, own).unwrap(), position("secret"));
        let others = [
            Search { principal: &bob, ..own },
            Search { instance: &other, ..own },
            Search { tool: "jira_get_board_issues", ..own },
            Search { query: "project = OPS ", ..own },
        ];
        for search in others {
            let refused = says(&tokens.open(&token, search).unwrap_err());
            assert_eq!(refused, "`page_token` belongs to another search; start again without it");
        }
        let changed: String = token.chars().rev().collect();
        for wrong in ["", "AAAA", "tok2", changed.as_str(), &token[..token.len() - 4]] {
            assert!(says(&tokens.open(wrong, own).unwrap_err()).contains("start again"), "{wrong}");
        }
    }

    #[test]
    fn a_token_says_nothing_and_no_two_are_alike() {
        let tokens = PageTokens::random().unwrap();
        let (ann, default) = (principal("ann"), InstanceName::default());
        let own = Search { principal: &ann, instance: &default, tool: "jira_search", query: "" };
        let sealed = |length: usize| tokens.seal(&position(&"x".repeat(length)), own).unwrap();
        let lengths = [0, 1, 100, 200].map(|length| sealed(length).len());
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{lengths:?}");
        assert_eq!(sealed(600).len(), sealed(900).len());
        assert_ne!(sealed(1), sealed(1));
        assert_eq!(format!("{tokens:?} {:?}", position("secret")), "PageTokens Position");
    }

    #[test]
    fn servers_with_one_secret_take_each_others_tokens() {
        let secret = |text: &str| PageTokens::shared(text).unwrap();
        let (ann, default) = (principal("ann"), InstanceName::default());
        let own = Search { principal: &ann, instance: &default, tool: "jira_search", query: "" };
        let (one, two) = ("1".repeat(32), "2".repeat(32));
        let token = secret(&format!("{one}\n")).seal(&position("t"), own).unwrap();
        assert!(secret(&one).open(&token, own).is_ok());
        assert!(secret(&two).open(&token, own).is_err());
        let short = secret("short").seal(&position("t"), own).unwrap();
        assert!(secret("short").open(&short, own).is_err(), "whoever has a token could guess it");
        assert!(PageTokens::random().unwrap().open(&token, own).is_err());
    }
}
