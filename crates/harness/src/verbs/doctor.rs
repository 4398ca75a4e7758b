//! `heapbench doctor`: is this machine fit to measure on?

use crate::doctor;
use crate::output::{print, print_json};
use crate::table::plain;
use crate::trouble::Trouble;
use heapbench_results::fitness::{Finding, Harmed, Verdict, verdict};

/// How to tell it.
#[derive(clap::Args, Clone, Debug)]
pub struct DoctorArguments {
    /// Print each finding as a line on standard output, and nothing else there
    #[arg(long)]
    pub json: bool,
}

/// Examines this machine and tells what was found.
///
/// # Errors
/// Standard output takes no more.
pub fn run(arguments: &DoctorArguments) -> Result<Verdict, Trouble> {
    let findings = doctor::examine();
    let worst = verdict(&findings);
    if arguments.json {
        findings.iter().try_for_each(print_json)?;
    } else {
        print(&text(&findings))?;
    }
    Ok(worst)
}

fn text(findings: &[Finding]) -> String {
    let harms = |harms: &[Harmed]| harms.iter().map(|harm| harm.name()).collect::<Vec<_>>().join(", ");
    let row = |finding: &Finding| {
        let harms = harms(&finding.harms);
        vec![finding.name.clone(), finding.verdict.name().to_string(), finding.value.clone(), harms]
    };
    let mut text =
        plain(&["", "verdict", "found", "harms, or would"], findings.iter().map(row).collect()) + "\n\n";
    for finding in findings.iter().filter(|finding| !finding.advice.is_empty()) {
        text += &format!("{}: {}\n", finding.name, finding.advice);
    }
    text + &format!(
        "This machine is {} to measure on. The counters are the same on every machine: nothing harms them.",
        match verdict(findings) {
            Verdict::Fit => "fit",
            Verdict::Unknown => "not known to be unfit",
            Verdict::Doubtful => "fit with doubts",
            Verdict::Unfit => "unfit",
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_a_row_and_only_what_harms_has_advice() {
        let finding = |name: &str, verdict, advice: &str| Finding {
            name: name.into(),
            value: "7.2".into(),
            verdict,
            harms: vec![Harmed::Wall, Harmed::Rss],
            advice: advice.into(),
        };
        let text = text(&[finding("load", Verdict::Unfit, "wait"), finding("swap", Verdict::Fit, "")]);
        assert!(text.contains("wall time, RSS") && text.contains("\nload: wait\n"), "{text}");
        assert!(
            !text.contains("\nswap: ") && text.contains("This machine is unfit to measure on."),
            "{text}"
        );
    }
}
