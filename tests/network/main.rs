//! Networks: the real binary behind real TLS servers and real proxies, as corporate networks have them.
//!
//! They are modules of one test binary, because linking it takes longer than running them.
#![cfg(test)]

mod authority;
mod bombs;
mod media;
mod mutual;
mod proxies;
#[cfg(feature = "pac")]
mod script;
mod trust;

#[expect(dead_code, reason = "the journeys use the rest")]
#[path = "../journeys/support.rs"]
mod support;
