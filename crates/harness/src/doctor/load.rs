//! Load: who else uses the processors.

use super::{Finding, Harmed, Verdict, finding, graded, text, unknown};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long other processes are watched.
const WATCHED: Duration = Duration::from_millis(500);

/// Load for each processor, from which on a cell's neighbours matter, and from which on it has to wait for them.
const LOAD: [f64; 2] = [0.25, 0.75];

/// The same for the processors that others use during the watch: these are busy now, whatever the load says.
const BUSY: [f64; 2] = [0.1, 0.5];

/// Shares of time stolen.
const STOLEN: [f64; 2] = [0.005, 0.02];

/// The busiest processes that are named.
const NAMED: usize = 3;

/// Examines what else runs.
pub fn examine() -> Vec<Finding> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let before = (processes(), text("/proc/stat").and_then(|stat| Ticks::parse(&stat)));
    std::thread::sleep(WATCHED);
    let after = (processes(), text("/proc/stat").and_then(|stat| Ticks::parse(&stat)));
    let watched = before.1.zip(after.1);
    let times = [Harmed::Wall, Harmed::Pauses];
    vec![
        finding(
            "load",
            load(text("/proc/loadavg").as_deref(), processors),
            &[Harmed::Wall, Harmed::Cpu, Harmed::Pauses],
            "processes wait for each other and share caches: wait until the machine is idle (the mean of a minute lags)",
        ),
        finding(
            "busy processes",
            busy(&before.0, &after.0, watched, processors),
            &[Harmed::Wall, Harmed::Cpu, Harmed::Pauses],
            "they take processors, caches and memory bandwidth from the cell: stop them, or measure at another time",
        ),
        finding(
            "stolen time",
            stolen(watched),
            &times,
            "a hypervisor gave the processors to other machines: measure on a host of one's own",
        ),
    ]
}

/// The mean of the last minute.
fn load(loadavg: Option<&str>, processors: f64) -> (String, Verdict) {
    let load = loadavg.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    load.map_or_else(unknown, |load| {
        (format!("{load:.1} on {processors} processors"), graded(load / processors, LOAD))
    })
}

/// Time of all processors, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    /// From the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; guests are in user.
    fn parse(stat: &str) -> Option<Ticks> {
        let numbers = stat.lines().next()?.strip_prefix("cpu ")?.split_ascii_whitespace();
        let numbers: Vec<u64> = numbers.take(8).map(|number| number.parse().ok()).collect::<Option<_>>()?;
        Some(Ticks { all: numbers.iter().sum(), stolen: *numbers.get(7)? })
    }
}

fn stolen(watched: Option<(Ticks, Ticks)>) -> (String, Verdict) {
    let Some((before, after)) = watched else { return unknown() };
    let share = |stolen: u64, all: u64| stolen as f64 / all.max(1) as f64;
    let now = share(after.stolen.saturating_sub(before.stolen), after.all.saturating_sub(before.all));
    let ever = share(after.stolen, after.all);
    // A tick in half a second is little; since the machine started there were many.
    let value = format!("{:.1} % now, {:.1} % since the start", 100.0 * now, 100.0 * ever);
    (value, graded(now.max(ever), STOLEN))
}

/// A process's name and the ticks that it has used, by its number.
type Processes = BTreeMap<u32, (String, u64)>;

/// All processes but this one.
fn processes() -> Processes {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let others = numbers.filter(|number| *number != std::process::id());
    others.filter_map(|number| Some((number, process(&text(&format!("/proc/{number}/stat"))?)?))).collect()
}

/// From `/proc/N/stat`: the name in parentheses, which may hold anything, and user and system ticks.
fn process(stat: &str) -> Option<(String, u64)> {
    let (head, tail) = stat.rsplit_once(") ")?;
    let name = head.split_once('(')?.1.to_string();
    let mut ticks = tail.split(' ').skip(11).map(|number| number.parse::<u64>());
    Some((name, ticks.next()?.ok()? + ticks.next()?.ok()?))
}

/// Processors that others have used between two looks, and who the busiest are.
fn busy(
    before: &Processes,
    after: &Processes,
    watched: Option<(Ticks, Ticks)>,
    processors: f64,
) -> (String, Verdict) {
    let Some((from, to)) = watched.filter(|(from, to)| to.all > from.all) else { return unknown() };
    let ticks = (to.all - from.all) as f64 / processors;
    let mut busiest: Vec<(f64, &String)> = Vec::new();
    for (number, (name, now)) in after {
        if let Some(used) =
            before.get(number).and_then(|(_, then)| now.checked_sub(*then)).filter(|used| *used > 0)
        {
            busiest.push((used as f64 / ticks, name));
        }
    }
    busiest.sort_by(|a, b| b.0.total_cmp(&a.0));
    // Not `sum`: that of nothing is -0.
    let sum = busiest.iter().fold(0.0, |sum, (share, _)| sum + share);
    let named: Vec<String> =
        busiest.iter().take(NAMED).map(|(share, name)| format!("{name} {:.0} %", 100.0 * share)).collect();
    let names = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
    (format!("{sum:.1} of {processors} processors{names}"), graded(sum / processors, BUSY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_is_judged_by_the_processors_there_are() {
        assert_eq!(
            load(Some("7.21 5.02 3.00 9/412 1234"), 4.0),
            ("7.2 on 4 processors".into(), Verdict::Unfit)
        );
        assert_eq!(load(Some("7.21 5.02 3.00 9/412 1234"), 64.0).1, Verdict::Fit);
        assert_eq!(load(Some("1.50 1 1"), 4.0).1, Verdict::Doubtful);
        assert_eq!(load(None, 4.0), unknown());
        assert_eq!(load(Some("many"), 4.0), unknown());
    }

    #[test]
    fn stolen_time_is_that_of_the_watch_and_of_always() {
        let ticks = |text: &str| Ticks::parse(text);
        let before = ticks("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3").unwrap();
        assert_eq!(before, Ticks { all: 1000, stolen: 0 });
        let after = ticks("cpu  150 0 100 840 0 0 0 10 7 0\n").unwrap();
        assert_eq!(after, Ticks { all: 1100, stolen: 10 });
        let (value, verdict) = stolen(Some((before, after)));
        assert_eq!((value.as_str(), verdict), ("10.0 % now, 0.9 % since the start", Verdict::Unfit));
        assert_eq!(stolen(Some((before, before))).1, Verdict::Fit);
        assert_eq!((stolen(None), ticks("cpu  1 2"), ticks("")), (unknown(), None, None));
    }

    #[test]
    fn the_busiest_processes_are_named_and_new_ones_are_not_guessed_at() {
        let tail = "S 1 1 1 0 -1 0 0 0 0 0";
        assert_eq!(process(&format!("7 (a ) b) {tail} 40 2 0 0 20")), Some(("a ) b".into(), 42)));
        assert_eq!(process("7 (cut"), None);
        let processes = |list: &[(u32, &str, u64)]| -> Processes {
            list.iter().map(|(number, name, ticks)| (*number, (name.to_string(), *ticks))).collect()
        };
        let watched = Some((Ticks { all: 1000, stolen: 0 }, Ticks { all: 1200, stolen: 0 }));
        let before = processes(&[(1, "init", 5), (2, "make", 100)]);
        let after = processes(&[(1, "init", 5), (2, "make", 140), (3, "new", 900)]);
        let (value, verdict) = busy(&before, &after, watched, 4.0);
        assert_eq!((value.as_str(), verdict), ("0.8 of 4 processors: make 80 %", Verdict::Doubtful));
        assert_eq!(busy(&before, &before, watched, 4.0), ("0.0 of 4 processors".into(), Verdict::Fit));
        assert_eq!(busy(&before, &after, None, 4.0), unknown());
    }
}
