//! Reading the log: records in the order of time over all files, put together to calls, filtered, shown and exported.
//!
//! Every byte of a log file is untrusted here. Nothing in this module writes to one, and it must not know where the log
//! of this machine is. Whether a log is whole is not asked here either.

mod error;
mod export;
mod file;
mod filter;
mod moment;
mod plain;
mod record;
mod records;
mod report;
mod resource;
mod rows;
mod shown;
mod table;
mod tail;
#[cfg(test)]
mod tests;

pub use error::ReadError;
pub use export::Format;
pub use filter::Filter;
pub use moment::Moment;
pub use plain::plain;
pub use record::Place;
pub use record::Record;
pub use record::fields::Decision;
pub use record::fields::Fields;
pub use record::fields::Limit;
pub use record::fields::Shadow;
pub use record::fields::UpstreamRequest;
pub use record::fields::Who;
pub use records::Position;
pub use records::Records;
pub use report::KnownPolicy;
pub use report::Report;
pub use report::ReportFormat;
pub use resource::Named;
pub use rows::Folder;
pub use rows::Row;
pub use rows::Rows;
pub use shown::COLUMNS;
pub use shown::REFUSED;
pub use shown::cells;
pub use shown::decided;
pub use table::Column;
pub use table::Table;
pub use tail::Tail;
