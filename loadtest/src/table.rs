//! What all trials have come to, as a table in Markdown.

use crate::result::{Row, Trial};
use std::collections::BTreeSet;

const HEAD: &[&str] = &[
    "authors",
    "run",
    "commits/s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "from the edit, p95 ms",
    "apply µs",
    "server CPU",
    "authors' CPU",
    "others' CPU",
    "server MB",
    "joined again",
    "equal",
    "messages sent while typing, median",
];

/// The table. Numbers are lowest / median / highest of the trials.
pub fn render(rows: &[Row]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(&HEAD.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>());
    out.push_str(&line(&HEAD.iter().map(|_| "---".to_owned()).collect::<Vec<_>>()));
    rows.iter().for_each(|row| out.push_str(&line(&cells(row))));
    out
}

fn cells(row: &Row) -> Vec<String> {
    let of =
        |decimals: usize, value: fn(&Trial) -> Option<f64>| spread(row.trials.iter().map(value).collect(), decimals);
    let equal = row.trials.iter().filter(|trial| trial.is_converged()).count();
    vec![
        row.authors.to_string(),
        row.label.clone(),
        of(0, |trial| Some(trial.commits_per_second)),
        of(1, |trial| Some(trial.commit.p50)),
        of(1, |trial| Some(trial.commit.p95)),
        of(1, |trial| Some(trial.commit.p99)),
        of(1, |trial| Some(trial.edit.p95)),
        of(2, |trial| Some(trial.apply_us)),
        of(2, |trial| trial.usage.server_cpu),
        of(2, |trial| trial.usage.own_cpu),
        of(2, |trial| trial.usage.others_cpu),
        of(0, |trial| trial.usage.server_memory_mb),
        of(0, |trial| Some(f64::from(trial.rejoins))),
        format!("{equal} of {}", row.trials.len()),
        emits(row),
    ]
}

/// Lowest, median and highest.
fn spread(values: Vec<Option<f64>>, decimals: usize) -> String {
    let Some(mut values) = values.into_iter().collect::<Option<Vec<_>>>() else { return "?".to_owned() };
    values.sort_by(f64::total_cmp);
    let (Some(lowest), Some(median), Some(highest)) = (values.first(), values.get(values.len() / 2), values.last())
    else {
        return "?".to_owned();
    };
    format!("{lowest:.decimals$} / {median:.decimals$} / {highest:.decimals$}")
}

fn emits(row: &Row) -> String {
    let names: BTreeSet<_> = row.trials.iter().flat_map(|trial| trial.emits.keys()).collect();
    let median = |name: &String| {
        let mut counts: Vec<_> = row.trials.iter().map(|trial| trial.emits.get(name).copied().unwrap_or(0)).collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied().unwrap_or(0)
    };
    names.into_iter().map(|name| format!("{name} {}", median(name))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads_are_lowest_median_and_highest() {
        assert_eq!(spread(vec![Some(3.0), Some(1.0), Some(2.26)], 1), "1.0 / 2.3 / 3.0");
        assert_eq!(spread(vec![Some(3.0), None], 1), "?");
        assert_eq!(spread(Vec::new(), 1), "?");
    }
}
