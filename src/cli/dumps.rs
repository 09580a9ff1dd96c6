//! No core dumps: they would hold every secret that is in memory. Neither may another process of the same user look in.

/// Turns them off for this process.
pub(super) fn refuse() {
    #[cfg(unix)]
    {
        use rustix::process::Resource;
        use rustix::process::Rlimit;
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        if let Err(error) = rustix::process::setrlimit(Resource::Core, none) {
            tracing::warn!(%error, "core dumps cannot be limited; they would hold secrets");
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::DumpableBehavior;
        if let Err(error) = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            tracing::warn!(%error, "core dumps cannot be turned off; they would hold secrets");
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::DumpableBehavior;
    use rustix::process::Resource;

    #[test]
    fn this_process_leaves_no_dump() {
        super::refuse();
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, DumpableBehavior::NotDumpable);
        assert_eq!(rustix::process::getrlimit(Resource::Core).current, Some(0));
    }
}
