//! Where a request is sent when the script gave no usable answer: to a proxy that cannot exist.

use std::net::SocketAddr;

use reqwest::dns::Name;
use reqwest::dns::Resolve;
use reqwest::dns::Resolving;
use url::Url;

/// Its name. The top-level domain never exists (RFC 6761).
const NAME: &str = "no-usable-answer-of-the-proxy-script.invalid";

/// What is said in place of its address.
#[derive(Debug, thiserror::Error)]
#[error("proxy script: it gave no usable answer; the log has the cause")]
struct NoAnswer;

/// Its address.
pub(super) fn address() -> Result<Url, url::ParseError> {
    Url::parse(&format!("http://{NAME}:9"))
}

/// Resolves names as ever, except this one: no server is asked for it, because some have an address for every name,
/// and because the resolver would also look for it in the domains of its search list.
#[derive(Debug)]
pub(in crate::net) struct NowhereResolver;

impl Resolve for NowhereResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        Box::pin(async move {
            if name == NAME {
                return Err(NoAnswer.into());
            }
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Box<dyn Iterator<Item = SocketAddr> + Send>)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    async fn resolved(name: &str) -> Result<Vec<SocketAddr>, String> {
        let found = NowhereResolver.resolve(Name::from_str(name).unwrap()).await;
        found.map(Iterator::collect).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn nobody_is_asked_where_nowhere_is() {
        let nowhere = address().unwrap();
        let error = resolved(nowhere.host_str().unwrap()).await.unwrap_err();
        assert!(error.starts_with("proxy script: "), "{error}");
        assert!(resolved("localhost").await.unwrap().iter().all(|address| address.ip().is_loopback()));
    }
}
