//! A proxy with TLS of its own in front of the sample upstream, for what is asked of Atlassian's gateway alone.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rcgen::Issuer;
use rcgen::KeyPair;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::outside;

/// Leads every host to one address, until it is dropped.
pub(crate) struct Relay {
    address: SocketAddr,
    pem: String,
    task: AbortHandle,
}

impl Relay {
    pub(crate) async fn start(to: String) -> Self {
        let (pem, issuer) = outside::authority();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(relayed(stream, Arc::clone(&issuer), to.clone()));
            }
        });
        Self { address, pem, task: task.abort_handle() }
    }

    /// What a server needs to go through it.
    pub(crate) fn variables(&self, home: &Path) -> Vec<(&'static str, String)> {
        let authority = home.join("relay.pem");
        std::fs::write(&authority, &self.pem).unwrap();
        vec![
            ("HTTPS_PROXY", format!("http://{}", self.address)),
            ("SSL_CERT_FILE", authority.display().to_string()),
        ]
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One tunnel. What breaks is the client's to see.
async fn relayed(mut stream: TcpStream, issuer: Arc<Issuer<'static, KeyPair>>, to: String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let host = head.split([' ', ':']).nth(1).unwrap().to_owned();
    if stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.is_err() {
        return;
    }
    let Ok(mut inner) = outside::acceptor(&issuer, &host).accept(stream).await else { return };
    let Ok(mut upstream) = TcpStream::connect(to).await else { return };
    let _ = tokio::io::copy_bidirectional(&mut inner, &mut upstream).await;
}
