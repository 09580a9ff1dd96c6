//! A second place that records go to: an HTTP receiver, which is sent the lines of the log in the order of the file.
//!
//! What it is sent is read from the file, from where it has last confirmed: so nothing waits in memory, and a receiver
//! that was away is brought up by the same steps that serve one that is there. Only what the file itself does not take
//! comes from memory, with `require = "any"`.

mod carrier;
mod courier;
mod progress;
mod shelf;

pub(super) use carrier::Carrier;
pub(super) use carrier::HttpCarrier;
pub(super) use courier::Courier;
pub(super) use progress::Progress;
pub(super) use shelf::DirectoryShelf;
pub(super) use shelf::Shelf;
pub(super) use shelf::unfinished;

use crate::net::Receiver;

/// How many places must have a record before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Require {
    /// The file and the receiver.
    #[default]
    All,
    /// One of them; the other is brought up when it can be.
    Any,
}

/// The other place, and what it is needed for.
#[derive(Debug, Clone)]
pub enum HttpSink {
    /// It is sent every record.
    Receiver {
        /// Where the lines are sent.
        receiver: Receiver,
        /// How many places must have a record.
        require: Require,
    },
    /// What is written now is sent by the next process that has a receiver.
    Later,
}
