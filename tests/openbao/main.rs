//! Secrets from a real OpenBao: log in, read, see changes, and every way it says no; also behind a proxy that spoils what
//! it says.
//!
//! The server is the binary `PORTCULLIS_TEST_BAO` names, else the one in `target/venv-bao`; `scripts/test` puts it
//! there. It runs on loopback with a home of its own and is gone at the end.
#![cfg(test)]

mod bao;
mod faults;
mod leases;
mod life;
mod logins;
mod pki;
mod proxy;
mod reads;
mod told;
mod transit;
