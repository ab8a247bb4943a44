//! What a bomb costs until it is refused.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cpu_time::ThreadTime;
use pxe_init::domain::Kind;
use pxe_init::render::{Limits, TemplateSet, sample};

use super::{BOMBS, is_refusal};

/// The promise is 100 ms for a release build, and `make bench ARGS=bomb` measures it. In the build that tests use the engine is
/// optimised and our part is not; the most that was seen is 112 ms. It is the time of this thread that counts, whatever else
/// the computer does.
const MOST_TIME: Duration = Duration::from_millis(400);

/// The promise.
const MOST_MEMORY_KIB: u64 = 64 << 10;

const KINDS: [Kind; 4] = [Kind::Ipxe, Kind::Ignition, Kind::Kickstart, Kind::Text];

#[test]
fn bombs_are_refused_in_time() {
    let set = TemplateSet::compile([], Limits::default());
    for (name, source) in BOMBS {
        for kind in KINDS {
            let begun = ThreadTime::now();
            let result = set.render_source(kind, "bomb", source, &sample::all()[0].context);
            let took = begun.elapsed();
            let reason = result.expect_err(name).reason;
            assert!(is_refusal(&reason), "{name}: {reason:?}");
            assert!(took < MOST_TIME, "{name} as {kind}: {took:?}");
        }
    }
}

/// Set in the process that measures.
const MEASURES: &str = "PXE_INIT_TEST_MEASURES_MEMORY";

/// Measured in a process of its own, since tests run side by side here; it can not take more than a gigabyte.
#[test]
#[cfg(target_os = "linux")]
fn bombs_are_refused_in_little_memory() {
    if std::env::var_os(MEASURES).is_some() {
        return measure_memory();
    }
    let output = Command::new("/bin/sh")
        .args(["-c", "ulimit -v 1048576 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "bombs::cost::bombs_are_refused_in_little_memory", "--nocapture"])
        .env(MEASURES, "1")
        // Each arena of the allocator reserves 64 MiB that it does not use.
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

#[cfg(target_os = "linux")]
fn measure_memory() {
    let set = TemplateSet::compile([], Limits::default());
    let render = |kind, source| set.render_source(kind, "bomb", source, &sample::all()[0].context);
    // Whatever is made only once.
    render(Kind::Text, "{{ range(1000)|join(',') }}").unwrap();
    // Not refused, but as deep as values get: 80,000 levels, each of which takes some of the stack when they are printed.
    let level = "{% set x=[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]] %}";
    let deep = format!("{{% set x=[0] %}}{}{{{{ (x ~ '')|length }}}}", level.repeat(4000));
    for (name, source) in BOMBS.into_iter().chain([("nesting", deep.as_str())]) {
        for kind in KINDS {
            let (resident, reserved) = (status("VmRSS"), status("VmSize"));
            // The peak begins anew (proc(5)).
            fs::write(Path::new("/proc/self/clear_refs"), "5").unwrap();
            let _ = render(kind, source);
            let used = status("VmHWM").saturating_sub(resident);
            assert!(used < MOST_MEMORY_KIB, "{name} as {kind} used {used} KiB");
            let kept = status("VmSize").saturating_sub(reserved);
            assert!(kept < MOST_MEMORY_KIB, "{name} as {kind} kept {kept} KiB");
        }
    }
}

/// A value of `/proc/self/status`, in KiB.
#[cfg(target_os = "linux")]
fn status(key: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).expect(key);
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
