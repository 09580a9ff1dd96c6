//! Jira and Confluence: HTTP in, JSON of a known shape out. Every request takes its ids through a permit.

pub mod confluence;
pub mod jira;
pub mod query;
mod times;

use crate::net::Upstream;
use crate::policy::Product;

/// Which kind of Atlassian deployment a product runs on; endpoints and body formats follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deployment {
    /// Server or Data Center.
    DataCenter,
    /// Cloud.
    Cloud,
}

impl Deployment {
    /// `datacenter` or `cloud`, as in policies and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DataCenter => "datacenter",
            Self::Cloud => "cloud",
        }
    }
}

/// One configured product: where it is and what it runs on.
#[derive(Debug)]
pub struct Instance {
    /// The way to it.
    pub upstream: Upstream,
    /// Server or Cloud.
    pub deployment: Deployment,
}

/// The configured products.
#[derive(Debug, Default)]
pub struct Products {
    /// Jira, if it is configured.
    pub jira: Option<Instance>,
    /// Confluence, if it is configured.
    pub confluence: Option<Instance>,
}

impl Products {
    /// A product, if it is configured.
    pub fn get(&self, product: Product) -> Option<&Instance> {
        match product {
            Product::Jira => self.jira.as_ref(),
            Product::Confluence => self.confluence.as_ref(),
        }
    }
}
