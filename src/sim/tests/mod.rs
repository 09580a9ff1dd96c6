//! Journeys through the sample upstream, one file per flavour, and what only a socket shows.

mod cloud;
mod data_center;
mod matched;
mod wire;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use serde_json::Value;
use tower::ServiceExt;

use super::Deployment;
use super::SimSettings;
use super::router;

/// A client with one credential, in process.
struct Client {
    router: Router,
    authorization: String,
}

impl Client {
    fn new(deployment: Deployment) -> Self {
        let settings = SimSettings { deployment, audit: None, quiet: true };
        Self { router: router(settings), authorization: "Bearer alice-token".to_owned() }
    }

    fn with(&self, authorization: &str) -> Self {
        Self { router: self.router.clone(), authorization: authorization.to_owned() }
    }

    async fn raw(&self, method: &str, path: &str, body: Option<Value>) -> Response {
        let mut request = Request::builder().method(method).uri(path).header("host", "sim.test");
        if !self.authorization.is_empty() {
            request = request.header("authorization", &self.authorization);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap()
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.raw(method, path, body).await;
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send("POST", path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    async fn status(&self, path: &str) -> u16 {
        self.send("GET", path, None).await.0
    }
}

/// A path with its query parameters encoded.
fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{path}?{}", query.finish())
}

fn texts<'a>(list: &'a Value, pointer: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().filter_map(|item| item.pointer(pointer)?.as_str()).collect()
}
