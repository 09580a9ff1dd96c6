//! Jira and Confluence: HTTP in, JSON of a known shape out. Every request takes its ids through a permit.

mod attachment;
pub mod confluence;
pub mod conversion;
mod instance;
pub mod jira;
mod paged;
pub mod query;
pub(crate) mod times;
mod working_hours;

pub use attachment::Attachment;
pub use instance::GATEWAY_HOST;
pub use instance::Instance;
pub use instance::Products;
pub use instance::Site;
pub use instance::Sites;
pub use instance::forms;
pub use instance::gateway_base;
pub use paged::Position;
pub use working_hours::WorkingHours;
pub use working_hours::WorkingHoursError;

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
