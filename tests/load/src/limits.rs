//! How many files this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What this tool needs beside connections.
const OTHERS: u64 = 200;

/// Raises the limit of open files as far as it goes, for this process and those that it starts; how many connections may
/// be open at once.
pub(crate) fn raise() -> u32 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // It may be refused where a sandbox says so; the old limit holds then.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let limit = if raised { maximum } else { current }.unwrap_or(1 << 20);
    u32::try_from(limit.saturating_sub(OTHERS)).unwrap_or(u32::MAX).max(1)
}
