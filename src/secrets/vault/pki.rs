//! Certificates of the PKI engine. The key is made here and never leaves: Vault gets a request that it signs.

use std::sync::Arc;

use serde::Deserialize;
use vaultrs::api::pki::requests::SignCertificateRequest;

use super::EngineRef;
use super::Vault;
use super::VaultError;
use super::answers;
use super::answers::Envelope;
use super::wire::Question;

/// What a certificate is to say.
#[derive(Debug, Clone)]
pub struct CertificateWish {
    /// The mount of the engine and the role.
    pub role: EngineRef,
    /// What the server is called: names, and addresses.
    pub names: Vec<String>,
    /// How long it is to be good for, in hours; the role has its own limit.
    pub hours: u64,
}

/// A certificate that Vault has signed.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate and those above it, in PEM.
    pub chain: String,
    /// When it ends, in seconds since 1970.
    pub expires: i64,
}

#[derive(Deserialize)]
struct Signed {
    certificate: String,
    #[serde(default)]
    ca_chain: Option<Vec<String>>,
    expiration: i64,
}

/// Has a request signed, which is in PEM.
pub(in crate::secrets) async fn sign(
    vault: &Arc<Vault>,
    wish: &CertificateWish,
    csr: String,
) -> Result<Issued, VaultError> {
    let (addresses, names): (Vec<&str>, Vec<&str>) =
        wish.names.iter().map(String::as_str).partition(|name| name.parse::<std::net::IpAddr>().is_ok());
    let request = SignCertificateRequest {
        mount: wish.role.mount.clone(),
        role: wish.role.name.clone(),
        csr: Some(csr),
        common_name: wish.names.first().cloned(),
        alt_names: Some(names.join(",")),
        ip_sans: Some(addresses.join(",")),
        ttl: Some(format!("{}h", wish.hours)),
        format: Some("pem".to_owned()),
        remove_roots_from_chain: Some(true),
        ..SignCertificateRequest::default()
    };
    let answer = vault.session.ask(&Question::to("pki_sign", &request)?).await?;
    let role = wish.role.to_string();
    match answer.status.as_u16() {
        200..300 => {}
        403 => {
            let EngineRef { mount, name } = &wish.role;
            return Err(VaultError::MayNotIssue { role, mount: mount.clone(), name: name.clone() });
        }
        404 => return Err(VaultError::Missing { reference: role, what: "there is no such role" }),
        status => {
            let problem = format!(
                "Vault does not sign the request (status {status}): the role has to allow {}, keys of type `ec` with 256 \
                 bits, and as many hours",
                wish.names.join(", ")
            );
            return Err(VaultError::Unusable { reference: role, problem });
        }
    }
    let Envelope::<Signed> { data } =
        answers::parse(&answer.body, || format!("the certificate of `{role}`"))?;
    let chain = std::iter::once(data.certificate).chain(data.ca_chain.unwrap_or_default());
    let chain: Vec<String> = chain.map(|pem| pem.trim().to_owned()).collect();
    Ok(Issued { chain: format!("{}\n", chain.join("\n")), expires: data.expiration })
}
