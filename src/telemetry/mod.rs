//! stub
use std::time::Duration;
use crate::policy::Product;
/// m
#[derive(Debug, Clone, Default)]
pub struct Metrics;
impl Metrics {
    /// x
    pub fn new() -> Self { Self }
    /// x
    pub fn upstream_request(&self, _: Product, _: Option<u16>, _: Duration) {}
    /// x
    pub fn tools_list(&self) {}
    /// x
    pub fn tool_result(&self, _: &'static str, _: u64) {}
    /// x
    pub fn results_filtered(&self, _: &'static str, _: u64) {}
    /// x
    pub fn authn_failure(&self, _: u16) {}
    /// x
    pub fn policy_loaded(&self, _: &str) {}
    /// x
    pub fn tls_verification(&self, _: Product, _: bool) {}
}
/// x
pub fn init_logging(_: &str, _: bool) {}
/// x
pub fn health_router(_: Metrics, _: impl Fn() -> bool + Clone + Send + Sync + 'static) -> axum::Router { axum::Router::new() }
