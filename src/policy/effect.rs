//! What a call may do to Jira or Confluence, as a type.

/// Whether a tool reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Changes nothing at Atlassian.
    Read,
    /// Changes something at Atlassian.
    Write,
}

impl Access {
    /// The word used in tool lists, records and metrics: `read` or `write`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// The effect of a tool: [`Read`] or [`Write`], nothing else.
///
/// `readOnlyHint`, the group of the Cedar action and what a typed client lets a tool do all come from it.
pub trait Effect: sealed::Sealed + std::fmt::Debug + Send + Sync + 'static {
    /// The same as a value.
    const ACCESS: Access;
}

/// The call only reads.
#[derive(Debug)]
pub struct Read;

/// The call may change things.
#[derive(Debug)]
pub struct Write;

impl Effect for Read {
    const ACCESS: Access = Access::Read;
}

impl Effect for Write {
    const ACCESS: Access = Access::Write;
}

mod sealed {
    /// Keeps the list of effects closed.
    pub trait Sealed {}
    impl Sealed for super::Read {}
    impl Sealed for super::Write {}
}
