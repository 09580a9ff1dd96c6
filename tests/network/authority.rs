//! Certificate authorities of our own, and servers with certificates from them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::SupportedProtocolVersion;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::Acceptor;
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio_rustls::LazyConfigAcceptor;

use crate::support::World;

/// A certificate authority of our own.
pub(crate) struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A server that is to be.
pub(crate) struct Server<'a> {
    authority: &'a Authority,
    parameters: CertificateParams,
    versions: Vec<&'static SupportedProtocolVersion>,
    clients: Option<&'a Authority>,
    self_signed: bool,
}

/// TLS in front of an upstream that speaks none; ends when dropped.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    upstream: tokio::sync::watch::Sender<Option<SocketAddr>>,
    offered: Arc<Mutex<Vec<Vec<u8>>>>,
    task: AbortHandle,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    /// Writes its certificate below a home.
    pub(crate) fn write(&self, home: &Path) -> String {
        self.write_as(home, "ca.pem")
    }

    pub(crate) fn write_as(&self, home: &Path, name: &str) -> String {
        let path = home.join(name);
        std::fs::write(&path, &self.pem).unwrap();
        path.display().to_string()
    }

    /// A server with a certificate for a name.
    pub(crate) fn server(&self, name: &str) -> Server<'_> {
        Server {
            authority: self,
            parameters: CertificateParams::new(vec![name.to_owned()]).unwrap(),
            versions: rustls::ALL_VERSIONS.to_vec(),
            clients: None,
            self_signed: false,
        }
    }

    /// A certificate for a client with this key.
    pub(crate) fn client(&self, key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> String {
        let mut parameters = CertificateParams::new(vec!["portcullis".to_owned()]).unwrap();
        change(&mut parameters);
        parameters.signed_by(key, &self.issuer).unwrap().pem()
    }
}

impl<'a> Server<'a> {
    pub(crate) fn change(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.parameters);
        self
    }

    pub(crate) fn version(self, version: &'static SupportedProtocolVersion) -> Self {
        Self { versions: vec![version], ..self }
    }

    pub(crate) fn self_signed(self) -> Self {
        Self { self_signed: true, ..self }
    }

    /// Only clients with a certificate from this authority are served.
    pub(crate) fn for_clients_of(self, clients: &'a Authority) -> Self {
        Self { clients: Some(clients), ..self }
    }

    fn config(self) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let certificate = if self.self_signed {
            self.parameters.self_signed(&key).unwrap()
        } else {
            self.parameters.signed_by(&key, &self.authority.issuer).unwrap()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .unwrap();
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        builder.with_single_cert(vec![certificate.der().clone()], key).unwrap()
    }
}

impl Front {
    pub(crate) async fn start(server: Server<'_>) -> Self {
        let config = Arc::new(server.config());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (upstream, known) = tokio::sync::watch::channel(None);
        let offered = Arc::default();
        let offers = Arc::clone(&offered);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, Arc::clone(&config), known.clone(), Arc::clone(&offers)));
            }
        });
        Self { address, upstream, offered, task: task.abort_handle() }
    }

    /// Connects it to the upstream of a world, which did not exist when the world's server had to know the front.
    pub(crate) fn serve(&self, world: &World) {
        self.pass_to(world.sim.url().trim_start_matches("http://").parse().unwrap());
    }

    /// Connects it to whatever is there.
    pub(crate) fn pass_to(&self, upstream: SocketAddr) {
        self.upstream.send_replace(Some(upstream));
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// The versions of HTTP that the last client offered.
    pub(crate) fn offered(&self) -> Vec<Vec<u8>> {
        self.offered.lock().unwrap().clone()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    mut known: tokio::sync::watch::Receiver<Option<SocketAddr>>,
    offered: Arc<Mutex<Vec<Vec<u8>>>>,
) {
    let Ok(start) = LazyConfigAcceptor::new(Acceptor::default(), stream).await else { return };
    let offers = start.client_hello().alpn().map(|offers| offers.map(<[u8]>::to_vec).collect());
    *offered.lock().unwrap() = offers.unwrap_or_default();
    // A client that does not trust the certificate ends the handshake.
    let Ok(mut outside) = start.into_stream(config).await else { return };
    let Ok(upstream) = known.wait_for(Option::is_some).await.map(|known| known.unwrap()) else { return };
    let mut inside = TcpStream::connect(upstream).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
}
