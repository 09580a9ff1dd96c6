//! A permit cannot be made outside `audit`.

use portcullis::audit::Permit;
use portcullis::policy::Write;

fn main() {
    let _: Permit<Write> = Permit { call: todo!(), decision: todo!(), notes: todo!(), effect: todo!() };
}
