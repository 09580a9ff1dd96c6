//! Answers that are small on the wire and large when unpacked: they are cut at the limit.

use axum::Router;
use axum::body::Body;
use axum::http::header;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::support::Setup;
use crate::support::World;
use crate::trust::confluence;
use crate::trust::jira;

/// What an answer may be unpacked, in bytes.
const LIMIT: usize = portcullis::net::ANSWER_LIMIT;

/// 256 MiB of blanks, as `brotli` packs them.
const BROTLI: &str = "\
    cfffff7ff82540e2b14020f7fe9ffffffff04b00c4610180eefd3fffffffe1970088c32200ddfb7ffeffffc32f0110870500\
    baf7fffcffff875f02200e0b0074effff9ffff0fbf04401c1600e8defff3ffff1f7e0980382c00d0bdffe7ffff3ffc120071\
    5800a07bffcfffff7ff82500e2b00040f7fe9ffffffff04b00c4610180eefd3fffffffe1970088c30200ddfb7ffeffffc32f\
    0110870500baf7fffcffff875f02200e0b0074effff9ffff0fbf04401c1600e8defff3ffff1f7e0980382c00d0bdffcfffff\
    7ffc1200715800a07bff0f";

/// Twice the limit in blanks. The stream has no end, and nobody may come that far.
fn gzip() -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut bits = vec![true, true, false];
    // A blank, then "258 more of the last byte" again and again, in the fixed code of RFC 1951.
    bits.extend([false, true, false, true, false, false, false, false]);
    let more = [true, true, false, false, false, true, false, true, false, false, false, false, false];
    for _ in 0..2 * LIMIT / 258 {
        bits.extend(more);
    }
    packed.extend(bits.chunks(8).map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | u8::from(*bit))));
    packed
}

/// Twice the limit in blanks, as blocks that repeat one byte (RFC 8878).
fn zstd() -> Vec<u8> {
    let block = 128_usize << 10;
    // Magic number; a window of 1 MiB, no size.
    let mut packed = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    for _ in 0..2 * LIMIT / block {
        let [a, b, c, ..] = (block << 3 | 0b010).to_le_bytes();
        packed.extend([a, b, c, b' ']);
    }
    packed
}

/// A server that gives this to everybody, and what stops it.
async fn server(encoding: &'static str, packed: Vec<u8>) -> (String, AbortHandle) {
    let packed = axum::body::Bytes::from(packed);
    let answer = move || {
        let builder = Response::builder().header(header::CONTENT_TYPE, "application/json");
        let answer =
            builder.header(header::CONTENT_ENCODING, encoding).body(Body::from(packed.clone())).unwrap();
        async move { answer }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(answer);
    let task = tokio::spawn(async move { axum::serve(listener, router).await });
    (url, task.abort_handle())
}

#[tokio::test]
async fn an_answer_is_cut_at_the_limit_however_it_is_packed() {
    let brotli = hex::decode(BROTLI).unwrap();
    for (encoding, packed) in
        [("gzip", gzip()), ("br", brotli), ("zstd", zstd()), ("identity", vec![b' '; 2 * LIMIT])]
    {
        assert!(encoding == "identity" || packed.len() < LIMIT / 50, "{encoding}: {}", packed.len());
        let (url, task) = server(encoding, packed).await;
        let world = World::start(Setup { variables: vec![("JIRA_URL", url)], ..Setup::default() }).await;
        let called = jira(&world).await;
        let says = format!("Jira's answer (200) is larger than {LIMIT} bytes");
        assert!(called.is_error && called.text.contains(&says), "{encoding}: {called:?}");
        assert!(!confluence(&world).await.is_error, "{encoding}");
        world.end();
        task.abort();
    }
}

#[tokio::test]
async fn an_answer_that_is_packed_wrongly_is_not_believed() {
    for encoding in ["gzip", "br", "zstd"] {
        let (url, task) = server(encoding, b"{\"key\": \"OPS-1\"}".to_vec()).await;
        let world = World::start(Setup { variables: vec![("JIRA_URL", url)], ..Setup::default() }).await;
        let called = jira(&world).await;
        assert!(called.is_error && called.text.contains("could not be decoded"), "{encoding}: {called:?}");
        world.end();
        task.abort();
    }
}
