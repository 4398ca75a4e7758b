//! Processors: how fast they run, how many there are, whose they are, and how much of them this group may use.

use super::{Finding, Harmed, Verdict, finding, text, unknown};
use std::path::PathBuf;

const TIMES: [Harmed; 3] = [Harmed::Wall, Harmed::Cpu, Harmed::Pauses];

/// Examines the processors.
pub fn examine() -> Vec<Finding> {
    let folders = std::fs::read_dir("/sys/devices/system/cpu").into_iter().flatten().flatten();
    let governors =
        folders.filter_map(|folder| text(folder.path().join("cpufreq/scaling_governor").to_str()?));
    let intel = text("/sys/devices/system/cpu/intel_pstate/no_turbo");
    let boost = text("/sys/devices/system/cpu/cpufreq/boost");
    let cpuinfo = text("/proc/cpuinfo").unwrap_or_default();
    vec![
        finding(
            "governor",
            governor(governors.collect()),
            &TIMES,
            "the frequency follows the load, so a cell's first part runs slower: cpupower frequency-set -g performance",
        ),
        finding(
            "turbo",
            turbo(intel.as_deref(), boost.as_deref()),
            &TIMES,
            "the frequency depends on temperature and neighbours: write 1 to intel_pstate/no_turbo, or 0 to cpufreq/boost",
        ),
        finding(
            "processors online",
            online(text("/sys/devices/system/cpu/online").as_deref()),
            &TIMES,
            "the harness, the kernel and the cell share one processor: bring others online, or take the machine with more",
        ),
        finding(
            "virtualization",
            virtualization(&cpuinfo, text("/sys/hypervisor/type").as_deref()),
            &[Harmed::Wall, Harmed::Pauses],
            "a hypervisor may take the processor away at any moment: measure on bare metal, or trust intervals and CPU time only",
        ),
        finding(
            "processor quota",
            quota(&quotas()),
            &[Harmed::Wall, Harmed::Pauses],
            "a group that used up its quota waits for the next period, which looks like a pause: lift cpu.max",
        ),
    ]
}

/// The least steady governor of all processors.
fn governor(mut governors: Vec<String>) -> (String, Verdict) {
    governors.sort_unstable();
    governors.dedup();
    match governors.as_slice() {
        [] => unknown(),
        [one] if one == "performance" => (one.clone(), Verdict::Fit),
        several => (several.join(", "), Verdict::Doubtful),
    }
}

fn turbo(intel_no_turbo: Option<&str>, boost: Option<&str>) -> (String, Verdict) {
    match (intel_no_turbo, boost) {
        (Some("1"), _) | (None, Some("0")) => ("off".to_string(), Verdict::Fit),
        (Some("0"), _) | (None, Some("1")) => ("on".to_string(), Verdict::Doubtful),
        _ => unknown(),
    }
}

/// From a list of ranges: `0-3,8`.
fn online(list: Option<&str>) -> (String, Verdict) {
    let range = |range: &str| -> Option<u32> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        Some(last.checked_sub(first)? + 1)
    };
    let count = list.and_then(|list| list.split(',').map(range).sum::<Option<u32>>());
    match count {
        None => unknown(),
        Some(1) => ("1".to_string(), Verdict::Doubtful),
        Some(count) => (count.to_string(), Verdict::Fit),
    }
}

fn virtualization(cpuinfo: &str, hypervisor: Option<&str>) -> (String, Verdict) {
    let mut flags = cpuinfo.lines().find(|line| line.starts_with("flags")).into_iter();
    let flagged = flags.any(|line| line.split_ascii_whitespace().any(|flag| flag == "hypervisor"));
    match (hypervisor, flagged) {
        (Some(kind), _) if !kind.is_empty() => (kind.to_string(), Verdict::Doubtful),
        (_, true) => ("a virtual machine".to_string(), Verdict::Doubtful),
        _ if cpuinfo.is_empty() => unknown(),
        _ => ("none seen".to_string(), Verdict::Fit),
    }
}

/// The texts of `cpu.max` of this process's group and all groups that hold it (cgroup 2).
fn quotas() -> Vec<String> {
    let groups = text("/proc/self/cgroup").unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let mut folder = PathBuf::from("/sys/fs/cgroup").join(own);
    let mut found = Vec::new();
    while folder.starts_with("/sys/fs/cgroup") {
        found.extend(folder.join("cpu.max").to_str().and_then(text));
        folder.pop();
    }
    found
}

/// The least quota, in processors: a cell needs one, and the harness a little.
fn quota(texts: &[String]) -> (String, Verdict) {
    let processors = |text: &String| -> Option<f64> {
        let (quota, period) = text.split_once(' ')?;
        Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok().filter(|period| *period > 0.0)?)
    };
    match texts.iter().filter_map(processors).min_by(f64::total_cmp) {
        None if texts.is_empty() => unknown(),
        None => ("none".to_string(), Verdict::Fit),
        Some(least) => {
            let verdict = super::graded(-least, [-2.0, -1.0]);
            (format!("{least:.2} processors"), verdict)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict((_, verdict): (String, Verdict)) -> Verdict {
        verdict
    }

    #[test]
    fn frequencies_are_steady_or_not() {
        let governors = |names: &[&str]| governor(names.iter().map(|name| name.to_string()).collect());
        assert_eq!(verdict(governors(&[])), Verdict::Unknown);
        assert_eq!(governors(&["performance", "performance"]), ("performance".to_string(), Verdict::Fit));
        let mixed = governors(&["schedutil", "performance", "schedutil"]);
        assert_eq!(mixed, ("performance, schedutil".to_string(), Verdict::Doubtful));
        assert_eq!(verdict(turbo(Some("1"), None)), Verdict::Fit);
        assert_eq!(verdict(turbo(Some("0"), Some("0"))), Verdict::Doubtful);
        assert_eq!(verdict(turbo(None, Some("1"))), Verdict::Doubtful);
        assert_eq!(verdict(turbo(None, None)), Verdict::Unknown);
    }

    #[test]
    fn processors_are_counted_in_ranges() {
        assert_eq!(online(Some("0-3,8")), ("5".to_string(), Verdict::Fit));
        assert_eq!(online(Some("0")), ("1".to_string(), Verdict::Doubtful));
        for text in [None, Some("some"), Some("3-1")] {
            assert_eq!(verdict(online(text)), Verdict::Unknown);
        }
    }

    #[test]
    fn a_virtual_machine_says_so_in_its_flags() {
        let flags = "processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\n";
        assert_eq!(verdict(virtualization(flags, None)), Verdict::Doubtful);
        assert_eq!(virtualization("flags : fpu\n", Some("xen")).0, "xen");
        assert_eq!(verdict(virtualization("flags : fpu\n", None)), Verdict::Fit);
        assert_eq!(verdict(virtualization("", None)), Verdict::Unknown);
    }

    #[test]
    fn the_narrowest_group_decides() {
        let quota = |texts: &[&str]| quota(&texts.iter().map(|text| text.to_string()).collect::<Vec<_>>());
        assert_eq!(verdict(quota(&[])), Verdict::Unknown);
        assert_eq!(verdict(quota(&["max 100000"])), Verdict::Fit);
        assert_eq!(quota(&["max 100000", "50000 100000"]), ("0.50 processors".to_string(), Verdict::Unfit));
        assert_eq!(verdict(quota(&["150000 100000"])), Verdict::Doubtful);
        assert_eq!(verdict(quota(&["400000 100000", "max 100000"])), Verdict::Fit);
    }
}
