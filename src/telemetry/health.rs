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

/// The routes of the second listener. `probe` tries whether a call could be written down now; `closed` says which of the
/// operator's credentials are not there, and why.
///
/// Readiness does not ask Atlassian: one product's outage must not take the other one away.
pub fn health_router<F, E>(
    metrics: Metrics,
    probe: impl Fn() -> F + Send + Sync + 'static,
    closed: impl Fn() -> Vec<String> + Send + Sync + 'static,
) -> Router
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Display,
{
    let (probe, closed) = (Arc::new(probe), Arc::new(closed));
    let text = move || {
        let metrics = metrics.clone();
        async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.text()) }
    };
    let ready = move |Query(asked): Query<Asked>| {
        let (probe, closed) = (Arc::clone(&probe), Arc::clone(&closed));
        async move { readiness(probe().await, &closed(), asked.verbose.is_some()) }
    };
    Router::new()
        .route("/metrics", get(text))
        .route("/livez", get(|| async { "ok\n" }))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
}

/// The listener exists only once the policies are loaded; what can still fail is the audit log, and what watched
/// credentials come from.
fn readiness<E: Display>(audit: Result<(), E>, closed: &[String], verbose: bool) -> Response {
    let audit = audit.map_err(|error| error.to_string());
    let credentials = if closed.is_empty() { Ok(()) } else { Err(closed.join("; ")) };
    let checks =
        [("policies loaded", Ok(())), ("audit log writable", audit), ("credentials there", credentials)];
    let failed: Vec<&str> =
        checks.iter().filter_map(|(_, result)| result.as_ref().err().map(String::as_str)).collect();
    let status = if failed.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let text = match (verbose, failed.is_empty()) {
        (false, true) => "ok\n".to_owned(),
        (false, false) => format!("not ready: {}\n", failed.join("; ")),
        (true, _) => checks.iter().map(line).collect(),
    };
    (status, text).into_response()
}

fn line((name, result): &(&str, Result<(), String>)) -> String {
    match result {
        Ok(()) => format!("[+] {name}\n"),
        Err(error) => format!("[-] {name}: {error}\n"),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn readiness_follows_the_audit_log_and_the_credentials() {
        for (writable, there, path, wanted) in [
            (true, true, "/readyz", 200),
            (false, true, "/readyz", 503),
            (false, true, "/readyz?verbose", 503),
            (true, false, "/readyz", 503),
            (false, false, "/livez", 200),
            (false, false, "/metrics", 200),
        ] {
            let probe = move || std::future::ready(if writable { Ok(()) } else { Err("no space") });
            let closed = move || if there { Vec::new() } else { vec!["jira: withdrawn".to_owned()] };
            let router = health_router(Metrics::new().unwrap(), probe, closed);
            let answer = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status().as_u16(), wanted, "{path}");
        }
    }
}
