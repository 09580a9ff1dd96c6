//! The control plane below `/__sim`: faults, reset, log, count and violations. Open to whoever reaches the port.

use http::Method;
use serde_json::Value;
use serde_json::json;

use super::answer::Answer;
use super::site::Site;

pub(crate) fn answer(site: &Site, method: &Method, path: &str, body: &[u8]) -> Answer {
    match (method.as_str(), path.trim_end_matches('/')) {
        ("POST", "/__sim/faults") => match site.faults.replace(body) {
            Ok(count) => Answer::json(&json!({"faults": count})),
            Err(message) => Answer::status(400, &json!({"error": message})),
        },
        ("POST", "/__sim/faults/more") => match site.faults.add(body) {
            Ok(count) => Answer::json(&json!({"faults": count})),
            Err(message) => Answer::status(400, &json!({"error": message})),
        },
        ("POST", "/__sim/reset") => {
            site.reset();
            Answer::json(&json!({}))
        }
        ("GET", "/__sim/log") => Answer::json(&site.journal.rendered()),
        ("GET", "/__sim/count") => Answer::json(&site.journal.count().into()),
        ("GET", "/__sim/violations") => {
            Answer::json(&site.violations().into_iter().map(Value::from).collect())
        }
        _ => {
            Answer::status(404, &json!({"error": "try faults, reset, log, count or violations below /__sim"}))
        }
    }
}
