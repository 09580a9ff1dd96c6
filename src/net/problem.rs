//! Why a connection did not come about, in a word for the caller and with the remedy for the operator.

use crate::policy::Product;

/// The kind of a failed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Nobody listens there.
    Refused,
    /// The name has no address.
    Name,
    /// No connection within the time for it.
    Slow,
    /// The certificate comes from an authority that is not trusted.
    Untrusted,
    /// The certificate is no longer valid, or not yet.
    Expired,
    /// The certificate is for another name.
    OtherName,
    /// What answers there speaks no TLS.
    Plain,
    /// Another fault of TLS.
    Tls,
    /// The proxy did not connect.
    Proxy,
    /// The connection was there and broke.
    Broken,
    /// Anything else.
    Other,
}

impl Problem {
    /// Reads the words of the causes: the libraries below give no type for them.
    pub(super) fn of(error: &reqwest::Error, causes: &str) -> Self {
        if !error.is_connect() {
            return Self::Broken;
        }
        if error.is_timeout() {
            return Self::Slow;
        }
        Self::in_words(causes)
    }

    fn in_words(causes: &str) -> Self {
        let causes = causes.to_ascii_lowercase();
        let table: [(&[&str], Self); 8] = [
            // A bad signature is what an authority with another key under the same name leaves behind.
            (&["unknownissuer", "badsignature"], Self::Untrusted),
            (&["certificate expired", "not valid yet"], Self::Expired),
            (&["not valid for name"], Self::OtherName),
            (&["invalidcontenttype"], Self::Plain),
            (&["certificate", "tls", "handshake"], Self::Tls),
            (&["dns", "lookup", "resolve"], Self::Name),
            (&["refused"], Self::Refused),
            (&["proxy", "tunnel"], Self::Proxy),
        ];
        let found = table.iter().find(|(words, _)| words.iter().any(|word| causes.contains(word)));
        found.map_or(Self::Other, |(_, problem)| *problem)
    }

    /// Whether the fault may be gone in a moment.
    pub(super) fn is_passing(self) -> bool {
        matches!(self, Self::Refused | Self::Name | Self::Slow | Self::Broken | Self::Proxy | Self::Other)
    }

    /// For the caller.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Name => "its name does not resolve",
            Self::Slow => "no connection in time",
            Self::Untrusted => "its TLS certificate comes from an authority that is not trusted",
            Self::Expired => "its TLS certificate has expired or is not valid yet",
            Self::OtherName => "its TLS certificate is for another name",
            Self::Plain => "it does not speak TLS there",
            Self::Tls => "its TLS certificate or handshake was not accepted",
            Self::Proxy => "the proxy refused",
            Self::Broken => "the connection broke off",
            Self::Other => "the connection failed",
        }
    }

    /// For the operator: what to do about it; empty where the cause itself has to say it.
    pub(super) fn remedy(self, product: Product) -> String {
        let name = product.title().to_uppercase();
        match self {
            Self::Untrusted => format!(
                "; to trust that authority, set {name}_CA_FILE or SSL_CERT_FILE to a PEM file with its certificate, or \
                 add it to the system's store"
            ),
            Self::Expired => {
                "; the server's certificate must be renewed, or the clock of one side be set".to_owned()
            }
            Self::OtherName => format!("; write {name}_URL with a name that the certificate has"),
            Self::Plain => {
                format!("; write {name}_URL with the port of https, or with http:// if it has none")
            }
            Self::Refused | Self::Name | Self::Slow => {
                format!("; see {name}_URL, the firewall and the proxy")
            }
            Self::Proxy => format!("; see {name}_HTTPS_PROXY and {name}_NO_PROXY"),
            Self::Tls | Self::Broken | Self::Other => String::new(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_apart() {
        let table = [
            ("client error (Connect): invalid peer certificate: UnknownIssuer", Problem::Untrusted),
            ("invalid peer certificate: BadSignature", Problem::Untrusted),
            ("invalid peer certificate: certificate expired: verification time 9 (UNIX)", Problem::Expired),
            ("invalid peer certificate: certificate not valid for name \"a\"", Problem::OtherName),
            ("invalid peer certificate: Revoked", Problem::Tls),
            ("received corrupt message of type InvalidContentType", Problem::Plain),
            ("received fatal alert: HandshakeFailure", Problem::Tls),
            ("dns error: failed to lookup address information", Problem::Name),
            ("tcp connect error: Connection refused (os error 111)", Problem::Refused),
            ("unsuccessful tunnel", Problem::Proxy),
            ("Connection reset by peer (os error 104)", Problem::Other),
        ];
        for (causes, wanted) in table {
            assert_eq!(Problem::in_words(causes), wanted, "{causes}");
        }
        assert!(Problem::Untrusted.remedy(Product::Confluence).contains("CONFLUENCE_CA_FILE"));
    }
}
