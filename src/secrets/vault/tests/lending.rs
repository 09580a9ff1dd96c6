//! An engine that is played: it makes user names and passwords, and lends them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;

use super::played::CANARY;

/// What the engine lends, and to whom.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that is allowed, or not")]
#[derive(Debug, Clone)]
pub(crate) struct Lending {
    pub(crate) ttl: u64,
    /// How long a lease may be renewed in all.
    pub(crate) max_ttl: u64,
    pub(crate) renewable: bool,
    /// What is answered to who wants another.
    pub(crate) refuses: Option<u16>,
    pub(crate) allows_renewal: bool,
    pub(crate) allows_look_up: bool,
    pub(crate) allows_return: bool,
    made: u64,
    leases: BTreeMap<String, Lease>,
    /// Those that were given back, in order.
    pub(crate) returned: Vec<String>,
}

#[derive(Debug, Clone)]
struct Lease {
    token: String,
    born: Instant,
    end: Instant,
}

impl Lending {
    pub(crate) fn new() -> Self {
        Self {
            ttl: 600,
            max_ttl: 3600,
            renewable: true,
            refuses: None,
            allows_renewal: true,
            allows_look_up: true,
            allows_return: true,
            made: 0,
            leases: BTreeMap::new(),
            returned: Vec::new(),
        }
    }

    /// Takes all of them back.
    pub(crate) fn revoke(&mut self) {
        self.leases.clear();
    }

    /// Those that are good.
    pub(crate) fn good(&self) -> Vec<String> {
        self.leases.iter().filter(|(_, lease)| Instant::now() < lease.end).map(|(id, _)| id.clone()).collect()
    }

    /// What was lent to a token ends with it.
    pub(crate) fn keep(&mut self, is_good: impl Fn(&str) -> bool) {
        self.leases.retain(|_, lease| is_good(&lease.token));
    }

    pub(crate) fn lend(&mut self, token: &str) -> (u16, Value) {
        if let Some(status) = self.refuses {
            return (status, json!({"errors": ["no"]}));
        }
        self.made += 1;
        let (id, now) = (format!("database/creds/jira/{}", self.made), Instant::now());
        let end = now + Duration::from_secs(self.ttl.min(self.max_ttl));
        self.leases.insert(id.clone(), Lease { token: token.to_owned(), born: now, end });
        let data =
            json!({"username": format!("user-{}", self.made), "password": format!("{CANARY}-{}", self.made)});
        (200, json!({"lease_id": id, "lease_duration": self.ttl, "renewable": self.renewable, "data": data}))
    }

    pub(crate) fn answer(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let id = body["lease_id"].as_str().unwrap().to_owned();
        let denied = (403, json!({"errors": ["permission denied"]}));
        let (ttl, max_ttl, now) = (self.ttl, self.max_ttl, Instant::now());
        let Some(lease) = self.leases.get_mut(&id).filter(|lease| now < lease.end) else {
            return if path == "sys/leases/revoke" {
                (204, Value::Null)
            } else {
                (400, json!({"errors": ["lease not found"]}))
            };
        };
        match path {
            "sys/leases/renew" if self.allows_renewal => {
                let end = (lease.born + Duration::from_secs(max_ttl)).min(now + Duration::from_secs(ttl));
                lease.end = end.max(now);
                let left = (lease.end - now).as_secs();
                (200, json!({"lease_id": id, "lease_duration": left, "renewable": true, "data": null}))
            }
            "sys/leases/lookup" if self.allows_look_up => (200, json!({"data": {"id": id}})),
            "sys/leases/revoke" if self.allows_return => {
                self.leases.remove(&id);
                self.returned.push(id);
                (204, Value::Null)
            }
            _ => denied,
        }
    }
}
