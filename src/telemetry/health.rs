//! The second listener: `/metrics`, `/livez`, `/readyz`.

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use super::Metrics;

#[derive(Deserialize)]
struct Asked {
    verbose: Option<String>,
}

/// The routes of the second listener. `probe` tries whether a call could be written down now.
///
/// Readiness does not ask Atlassian: one product's outage must not take the other one away.
pub fn health_router<F, E>(metrics: Metrics, probe: impl Fn() -> F + Send + Sync + 'static) -> Router
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Display,
{
    let probe = Arc::new(probe);
    let text = move || {
        let metrics = metrics.clone();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.text()) }
    };
    let ready = move |Query(asked): Query<Asked>| {
        let probe = Arc::clone(&probe);
        async move { readiness(probe().await, asked.verbose.is_some()) }
    };
    Router::new()
        .route("/metrics", get(text))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// The listener exists only once the policies are loaded; what can still fail is the audit log.
fn readiness<E: Display>(audit: Result<(), E>, verbose: bool) -> Response {
    let status = if audit.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let text = match (audit, verbose) {
        (Ok(()), false) => "ok\n".to_owned(),
        (Ok(()), true) => "[+] policies loaded\n[+] audit log writable\n".to_owned(),
        (Err(error), false) => format!("not ready: {error}\n"),
        (Err(error), true) => format!("[+] policies loaded\n[-] audit log writable: {error}\n"),
    };
    (status, text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn readiness_follows_the_audit_log() {
        for (writable, path, wanted) in [
            (true, "/readyz", 200),
            (false, "/readyz", 503),
            (false, "/readyz?verbose", 503),
            (false, "/livez", 200),
            (false, "/metrics", 200),
        ] {
            let probe = move || std::future::ready(if writable { Ok(()) } else { Err("no space") });
            let router = health_router(Metrics::new().unwrap(), probe);
            let answer = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status().as_u16(), wanted, "{path}");
        }
    }
}
