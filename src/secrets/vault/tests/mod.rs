//! What is held and how, over a Vault that is played, on a clock that is turned by hand; the wire itself is in `wire`, and
//! what a real server says in `tests/openbao`.

mod leases;
mod lending;
mod life;
mod matrix;
pub(crate) mod played;
mod users;
mod wire;
