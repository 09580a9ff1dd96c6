//! What the policy allowed cannot be made outside `policy`.

use portcullis::policy::Allowed;
use portcullis::policy::Decision;
use portcullis::policy::Write;

fn forge(decision: Decision) -> Allowed<Write> {
    Allowed { decision, effect: std::marker::PhantomData }
}

fn main() {}
