//! Why a connection did not come about, in a word for the caller and with the remedy for the operator.

use super::patience::Reason;
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
    /// The server takes only clients with a certificate, and none was shown.
    NoClientCertificate,
    /// The server did not accept the certificate that was shown to it.
    ClientCertificate,
    /// Another fault of TLS.
    Tls,
    /// The proxy cannot be reached.
    ProxyDown,
    /// The proxy wants another user name and password.
    ProxyCredential,
    /// The proxy did not connect.
    Proxy,
    /// The script that finds the proxy found none.
    ProxyScript,
    /// Whoever chose the address may not have it asked.
    Guarded,
    /// The connection was there and broke.
    Broken,
    /// Anything else.
    Other,
}

/// What the libraries below say, in lower case; the first that fits counts.
const TABLE: [(&[&str], Problem); 14] = [
    (&["proxy script: "], Problem::ProxyScript),
    (
        &["tunnel error: proxy authorization", "socks error: credentials", "socks error: server "],
        Problem::ProxyCredential,
    ),
    (&["tunnel error: failed to create", "socks error: failed to create"], Problem::ProxyDown),
    (&["socks error", "tunnel error"], Problem::Proxy),
    (&["fatal alert: certificaterequired"], Problem::NoClientCertificate),
    // Alerts come from the other side, so they are about our certificate.
    (
        &[
            "fatal alert: badcertificate",
            "fatal alert: unsupportedcertificate",
            "fatal alert: certificate",
            "fatal alert: unknownca",
            "fatal alert: accessdenied",
            // What another authority of the same name leaves behind, seen from there.
            "fatal alert: decrypterror",
        ],
        Problem::ClientCertificate,
    ),
    // A bad signature is what an authority with another key under the same name leaves behind.
    (&["unknownissuer", "badsignature"], Problem::Untrusted),
    (&["certificate expired", "not valid yet"], Problem::Expired),
    (&["not valid for name"], Problem::OtherName),
    (&["invalidcontenttype"], Problem::Plain),
    (&["certificate", "tls", "handshake"], Problem::Tls),
    (&["dns", "lookup", "resolve"], Problem::Name),
    (&["refused"], Problem::Refused),
    (&["proxy", "tunnel"], Problem::Proxy),
];

impl Problem {
    /// Reads the words of the causes: the libraries below give no type for them.
    pub(super) fn of(error: &reqwest::Error, causes: &str) -> Self {
        if error.is_connect() && error.is_timeout() {
            return Self::Slow;
        }
        let found = Self::in_words(causes);
        // With TLS 1.3 the server judges our certificate when the connection seems to be there already.
        let refused_us = matches!(found, Self::NoClientCertificate | Self::ClientCertificate);
        if error.is_connect() || refused_us { found } else { Self::Broken }
    }

    fn in_words(causes: &str) -> Self {
        let causes = causes.to_ascii_lowercase();
        let found = TABLE.iter().find(|(words, _)| words.iter().any(|word| causes.contains(word)));
        found.map_or(Self::Other, |(_, problem)| *problem)
    }

    /// Why it may be tried again: not where only somebody's work on the configuration would help.
    pub(super) fn reason(self) -> Option<Reason> {
        match self {
            Self::Refused | Self::Name | Self::Slow | Self::ProxyDown | Self::ProxyScript | Self::Other => {
                Some(Reason::Unsent)
            }
            // The proxy may have passed something on, for all that is known.
            Self::Broken | Self::Proxy => Some(Reason::Broken),
            // A proxy that refuses a password may lock it after a few more attempts.
            Self::ProxyCredential | Self::Guarded => None,
            Self::Untrusted | Self::Expired | Self::OtherName | Self::Plain | Self::Tls => None,
            Self::NoClientCertificate | Self::ClientCertificate => None,
        }
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
            Self::NoClientCertificate => "it demands a client certificate",
            Self::ClientCertificate => "it does not accept the client certificate",
            Self::ProxyDown => "the proxy cannot be reached",
            Self::ProxyCredential => "the proxy does not accept the user name and password",
            Self::Proxy => "the proxy refused",
            Self::ProxyScript => "the proxy script gave no usable answer",
            // The same for a name that is not there: who chose it is not to learn which names there are inside.
            Self::Guarded => "its name has no public address",
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
            Self::NoClientCertificate => format!(
                "; set {name}_CLIENT_CERT to a PEM file with the certificate, and {name}_CLIENT_KEY if its key is apart"
            ),
            Self::ClientCertificate => {
                format!("; see {name}_CLIENT_CERT: its authority, its dates, and what it may be used for")
            }
            Self::Tls => format!("; if the server demands a client certificate, set {name}_CLIENT_CERT"),
            Self::ProxyCredential => format!(
                "; write the user name and password into {name}_HTTPS_PROXY, {name}_HTTP_PROXY or {name}_SOCKS_PROXY, \
                 as http://USER:PASSWORD@HOST:PORT with %XX for special characters"
            ),
            Self::Proxy | Self::ProxyDown => format!(
                "; see {name}_HTTPS_PROXY, {name}_HTTP_PROXY, {name}_SOCKS_PROXY (address, user name, password) and \
                 {name}_NO_PROXY"
            ),
            Self::Guarded => "; the caller chose the address: to allow it, add its domain to \
                 MCP_ALLOWED_URL_DOMAINS"
                .to_owned(),
            Self::ProxyScript => {
                format!("; see {name}_PROXY_WPAD_URL, or set {name}_HTTPS_PROXY or {name}_NO_PROXY")
            }
            Self::Broken | Self::Other => String::new(),
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
            ("received fatal alert: CertificateRequired", Problem::NoClientCertificate),
            ("received fatal alert: UnknownCA", Problem::ClientCertificate),
            ("received fatal alert: CertificateExpired", Problem::ClientCertificate),
            ("received fatal alert: BadCertificate", Problem::ClientCertificate),
            ("received fatal alert: DecryptError", Problem::ClientCertificate),
            ("tunnel error: unsuccessful", Problem::Proxy),
            ("tunnel error: proxy authorization required", Problem::ProxyCredential),
            (
                "tunnel error: failed to create underlying connection: tcp connect error: Connection refused",
                Problem::ProxyDown,
            ),
            ("SOCKS error: failed to create underlying connection", Problem::ProxyDown),
            ("SOCKS error: credentials not accepted", Problem::ProxyCredential),
            ("SOCKS error: server does not support user/pass authentication", Problem::ProxyCredential),
            ("SOCKS error: connection refused", Problem::Proxy),
            (
                "tunnel error: failed to create underlying connection: dns error: proxy script: no answer",
                Problem::ProxyScript,
            ),
            ("Connection reset by peer (os error 104)", Problem::Other),
        ];
        for (causes, wanted) in table {
            assert_eq!(Problem::in_words(causes), wanted, "{causes}");
        }
        assert!(Problem::Untrusted.remedy(Product::Confluence).contains("CONFLUENCE_CA_FILE"));
    }
}
