//! Files that Cloud keeps on a host of their own: the way there is TLS, and the credential stays behind.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use crate::authority::Authority;
use crate::authority::Front;
use crate::support::Setup;
use crate::support::World;

const HOST: &str = "api.media.atlassian.com";
/// A page of the sample upstream, and its file.
const PAGE: &str = "65539";
const FILE: &str = "att655394";

/// What somebody was asked, as text.
type Asked = Arc<Mutex<Vec<String>>>;

/// The storage itself, which gives one file and writes down how it was asked.
async fn storage() -> (SocketAddr, Asked, AbortHandle) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let answer = move |headers: HeaderMap, request: Request| {
        seen.lock().unwrap().push(format!("{} {headers:?}", request.uri()));
        async { ([(header::CONTENT_TYPE, "text/plain")], "hello world") }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async move { axum::serve(listener, Router::new().fallback(answer)).await };
    (address, asked, tokio::spawn(serve).abort_handle())
}

/// A proxy that leads the name of the storage to an address, and all else to where it is on this machine.
async fn way(to: SocketAddr) -> (String, Asked, AbortHandle) {
    let asked = Asked::default();
    let seen = Arc::clone(&asked);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(tunnel(client, to, Arc::clone(&seen)));
        }
    });
    (url, asked, task.abort_handle())
}

async fn tunnel(mut client: TcpStream, to: SocketAddr, seen: Asked) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = client.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let to = match head.strip_prefix("CONNECT localhost:").and_then(|rest| rest.split(' ').next()) {
        Some(port) => SocketAddr::from(([127, 0, 0, 1], port.parse().unwrap())),
        None => {
            seen.lock().unwrap().push(head);
            to
        }
    };
    let mut server = TcpStream::connect(to).await.unwrap();
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_file_comes_from_the_storage_over_tls_without_the_credential() {
    let (home, authority, stranger) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    let trusted = authority.write(home.path());
    for (trusts, issuer) in [(true, &authority), (false, &stranger)] {
        let (inner, stored, storage) = storage().await;
        let front = Front::start(issuer.server(HOST)).await;
        front.pass_to(inner);
        let (proxy, tunnelled, way) = way(front.address).await;
        let site = Front::start(authority.server("localhost")).await;
        let variables = vec![
            ("CONFLUENCE_URL", format!("{}/wiki", site.url())),
            ("SSL_CERT_FILE", trusted.clone()),
            ("CONFLUENCE_HTTPS_PROXY", proxy),
        ];
        let world = World::start(Setup { variables, cloud: true, ..Setup::default() }).await;
        site.serve(&world);
        let location = format!("https://{HOST}/file/1/binary?token=signed");
        let moved =
            json!([{"path": "/download$", "status": 302, "headers": {"Location": location}, "body": ""}]);
        world.faults(moved).await;
        let got = world
            .rpc(
                "alice-token",
                "tools/call",
                json!({"name": "confluence_download_attachment", "arguments": {"attachment_id": FILE}}),
            )
            .await;
        let asked = std::mem::take(&mut *stored.lock().unwrap());
        let tunnelled = tunnelled.lock().unwrap().concat();
        assert!(tunnelled.starts_with(&format!("CONNECT {HOST}:443 ")), "{tunnelled} {got}");
        assert!(!tunnelled.to_lowercase().contains("\nauthorization"), "{tunnelled}");
        if trusts {
            let blob = got.pointer("/result/content/0/resource/blob").unwrap_or_else(|| panic!("{got}"));
            assert_eq!(blob, "aGVsbG8gd29ybGQ=", "{got}");
            assert_eq!(asked.len(), 1, "{asked:?}");
            assert!(asked[0].starts_with("/file/1/binary?token=signed "), "{asked:?}");
            let told = asked[0].to_lowercase();
            assert!(
                !told.contains("authorization") && !told.contains("alice") && !told.contains("cookie"),
                "{told}"
            );
        } else {
            assert!(got.to_string().contains("not trusted") && !got.to_string().contains("signed"), "{got}");
            assert!(asked.is_empty(), "{asked:?}");
        }
        let log = world.log().await;
        let download = format!("/child/attachment/{FILE}/download");
        assert!(
            log.iter().any(|entry| entry["path"].as_str().unwrap().ends_with(&download)),
            "{PAGE}: {log:?}"
        );
        world.end();
        storage.abort();
        way.abort();
    }
}
