//! The name by which a caller comes, before Atlassian is asked: from a client certificate, or from a header that a proxy
//! adds whose own certificate is known.
//!
//! The name says whose credential is taken. Who that is at Atlassian is asked there, and is the principal.

use std::fmt;

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::prelude::X509Certificate;

use crate::audit;
use crate::secrets::InvalidUserName;
use crate::secrets::UserName;

/// A user whom somebody named who may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub(super) user: UserName,
    by: NamedBy,
}

/// Who named a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NamedBy {
    Certificate,
    Header,
}

/// How client certificates name users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateNames {
    /// Where the name is.
    pub part: NamePart,
    /// What is before the name, and must be.
    pub prefix: String,
    /// What is behind the name, and must be.
    pub suffix: String,
}

/// The part of a certificate that names its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamePart {
    /// The common name of the subject.
    CommonName,
    /// A mail address among the alternative names.
    Email,
    /// A host name among the alternative names.
    Dns,
    /// A URI among the alternative names.
    Uri,
}

/// Why nobody is named. The text is for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The certificate cannot be read.
    #[error("your client certificate cannot be read as one that names a user; ask for another one")]
    Unreadable,
    /// The certificate has no such part.
    #[error("your client certificate has no {0}, by which users are named here; ask for one that has")]
    Missing(NamePart),
    /// It has more than one, and none of them counts more than another.
    #[error(
        "your client certificate has more than one {0}, so it names nobody; ask for one that has exactly one"
    )]
    Several(NamePart),
    /// An authority of the chain may sign for some names alone, and nothing holds it to that in a common name.
    #[error(
        "an authority above your client certificate may sign for some names alone, which do not bind a common name (CN), so it          names nobody; ask the administrator to name users by mail address or host name"
    )]
    Constrained,
    /// The name is not among those of users.
    #[error("the {0} of your client certificate has not the beginning or end that users of this server have")]
    Foreign(NamePart),
    /// Whatever named the user, nothing can be kept under that name.
    #[error("the name that was given for you is not taken: {0}")]
    Unfit(#[from] InvalidUserName),
}

impl Named {
    /// The user whom a header names, as it is there.
    pub fn by_header(text: &str) -> Result<Self, NameError> {
        Ok(Self { user: UserName::parse(text)?, by: NamedBy::Header })
    }

    /// The name.
    pub fn name(&self) -> &str {
        self.user.as_str()
    }

    /// Who named the user, for records: `certificate` or `header`.
    pub fn method(&self) -> &'static str {
        match self.by {
            NamedBy::Certificate => "certificate",
            NamedBy::Header => "header",
        }
    }

    /// What records have of it.
    pub fn noted(&self) -> audit::Named {
        audit::Named { name: self.name().to_owned(), by: self.method() }
    }
}

impl CertificateNames {
    /// The user whom a certificate names, which somebody has verified with those above it.
    pub fn of(&self, certificate: &[u8], above: &[impl AsRef<[u8]>]) -> Result<Named, NameError> {
        // RFC 5280, 4.2.1.10: name constraints are about alternative names, and the whole of a subject.
        if self.part == NamePart::CommonName && above.iter().any(|one| is_constrained(one.as_ref())) {
            return Err(NameError::Constrained);
        }
        let (_, certificate) = X509Certificate::from_der(certificate).map_err(|_| NameError::Unreadable)?;
        let values = self.part.of(&certificate)?;
        let text = match values.as_slice() {
            [] => return Err(NameError::Missing(self.part)),
            [only] => *only,
            _ => return Err(NameError::Several(self.part)),
        };
        let name =
            text.strip_prefix(self.prefix.as_str()).and_then(|rest| rest.strip_suffix(self.suffix.as_str()));
        let user = UserName::parse(name.ok_or(NameError::Foreign(self.part))?)?;
        Ok(Named { user, by: NamedBy::Certificate })
    }
}

/// Whether a certificate limits what those below it may be called; one that cannot be read is taken for one that does.
fn is_constrained(certificate: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return true };
    !matches!(certificate.name_constraints(), Ok(None))
}

impl NamePart {
    /// Every value of this part, also the same one twice.
    fn of<'a>(self, certificate: &'a X509Certificate<'_>) -> Result<Vec<&'a str>, NameError> {
        if self == Self::CommonName {
            let names = certificate.subject().iter_common_name();
            return names.map(|name| name.as_str().map_err(|_| NameError::Unreadable)).collect();
        }
        let names = certificate.subject_alternative_name().map_err(|_| NameError::Unreadable)?;
        let names = names.map(|names| names.value.general_names.iter()).into_iter().flatten();
        let fitting = names.filter_map(|name| match (self, name) {
            (Self::Email, GeneralName::RFC822Name(value))
            | (Self::Dns, GeneralName::DNSName(value))
            | (Self::Uri, GeneralName::URI(value)) => Some(*value),
            _ => None,
        });
        Ok(fitting.collect())
    }
}

impl fmt::Display for NamePart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CommonName => "common name (CN)",
            Self::Email => "mail address (subject alternative name)",
            Self::Dns => "host name (subject alternative name)",
            Self::Uri => "URI (subject alternative name)",
        })
    }
}

#[cfg(test)]
mod tests {
    use rcgen::BasicConstraints;
    use rcgen::CertificateParams;
    use rcgen::DistinguishedName;
    use rcgen::DnType;
    use rcgen::GeneralSubtree;
    use rcgen::IsCa;
    use rcgen::KeyPair;
    use rcgen::NameConstraints;
    use rcgen::SanType;

    use super::*;

    /// A certificate with these common names and alternative names.
    fn certificate(common: &[&str], alternative: &[(NamePart, &str)]) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        // Under another type with the same number, or the second would take the place of the first.
        let types = [DnType::CommonName, DnType::CustomDnType(vec![2, 5, 4, 3])];
        for (kind, name) in types.into_iter().zip(common) {
            params.distinguished_name.push(kind, *name);
        }
        let text = |value: &str| value.try_into().unwrap();
        params.subject_alt_names = alternative
            .iter()
            .map(|(part, value)| match part {
                NamePart::Email => SanType::Rfc822Name(text(value)),
                NamePart::Dns => SanType::DnsName(text(value)),
                _ => SanType::URI(text(value)),
            })
            .collect();
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn named(part: NamePart, prefix: &str, suffix: &str, certificate: &[u8]) -> Result<String, NameError> {
        let names = CertificateNames { part, prefix: prefix.to_owned(), suffix: suffix.to_owned() };
        names.of(certificate, &[] as &[&[u8]]).map(|named| named.name().to_owned())
    }

    #[test]
    fn a_common_name_below_a_constrained_authority_names_nobody() {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let plain = params.clone();
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("partner.example.com".to_owned())],
            excluded_subtrees: Vec::new(),
        });
        let made = |params: CertificateParams| params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let (plain, constrained) = (made(plain), made(params));
        let own = certificate(&["ann"], &[(NamePart::Dns, "ann.partner.example.com")]);
        let of = |part, above: &[&[u8]]| {
            let names = CertificateNames { part, prefix: String::new(), suffix: String::new() };
            names.of(&own, above).map(|named| named.name().to_owned())
        };
        assert_eq!(of(NamePart::CommonName, &[plain.der()]), Ok("ann".to_owned()));
        let both: [&[u8]; 2] = [plain.der(), constrained.der()];
        assert_eq!(of(NamePart::CommonName, &both), Err(NameError::Constrained));
        assert_eq!(of(NamePart::CommonName, &[b"no certificate"]), Err(NameError::Constrained));
        assert_eq!(of(NamePart::Dns, &both), Ok("ann.partner.example.com".to_owned()));
    }

    #[test]
    fn exactly_one_value_names_a_user() {
        use NamePart::CommonName;
        use NamePart::Dns;
        use NamePart::Email;
        use NamePart::Uri;
        let ann = certificate(&["ann"], &[(Email, "ann@example.com"), (Dns, "ann.example.com")]);
        let more = certificate(&[], &[(Email, "ann@example.com"), (Email, "ann@example.com")]);
        let two = certificate(&["ann", "bob"], &[]);
        let uri = certificate(&["x"], &[(Uri, "spiffe://example.com/user/ann")]);
        let unfit = NameError::Unfit(UserName::parse("a/b").unwrap_err());
        for (part, prefix, suffix, certificate, wanted) in [
            (CommonName, "", "", &ann, Ok("ann")),
            (Email, "", "", &ann, Ok("ann@example.com")),
            (Email, "", "@example.com", &ann, Ok("ann")),
            (Dns, "", ".example.com", &ann, Ok("ann")),
            (Uri, "spiffe://example.com/user/", "", &uri, Ok("ann")),
            (Uri, "", "", &ann, Err(NameError::Missing(Uri))),
            (CommonName, "", "", &more, Err(NameError::Missing(CommonName))),
            (CommonName, "", "", &two, Err(NameError::Several(CommonName))),
            // Also if both are the same: what reads them elsewhere may see one of them.
            (Email, "", "", &more, Err(NameError::Several(Email))),
            (Email, "", "@EXAMPLE.com", &ann, Err(NameError::Foreign(Email))),
            (Email, "", "@example.org", &ann, Err(NameError::Foreign(Email))),
            (Email, "ann@", "@example.com", &ann, Err(NameError::Foreign(Email))),
            (Email, "", "ann@example.com", &ann, Err(unfit)),
            (Uri, "", "", &uri, Err(unfit)),
            (CommonName, "", "", &b"no certificate".to_vec(), Err(NameError::Unreadable)),
        ] {
            let wanted = wanted.map(str::to_owned);
            assert_eq!(named(part, prefix, suffix, certificate), wanted, "{part} {prefix} {suffix}");
        }
    }

    #[test]
    fn a_name_that_would_leave_its_place_is_none() {
        for name in ["..", "../bob", "a/b", "a\\b", ".hidden", "a b", "a\u{0}b", "änn", "", "a%2fb", "a#b"] {
            let found = named(NamePart::CommonName, "", "", &certificate(&[name], &[]));
            assert!(matches!(found, Err(NameError::Unfit(_))), "{name:?}: {found:?}");
            assert!(matches!(Named::by_header(name), Err(NameError::Unfit(_))), "{name:?}");
        }
    }
}
