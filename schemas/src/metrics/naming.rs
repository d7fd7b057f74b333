//! Names of metrics: which are refused, and what to say instead.

use super::{Metric, metric, metrics};

/// A name that is no metric, or one that says too little.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("metric `{name}`: {hint}")]
pub struct UnknownMetric {
    /// The name.
    pub name: String,
    /// What is wrong and what to say instead.
    pub hint: String,
}

/// Words that have several meanings, and the names that each has.
const VAGUE: [(&str, &str); 7] = [
    ("calls", "say `dials` or `connects`"),
    (
        "contact_rate",
        "say `contact_per_dial`, `live_answer_per_dial` or `connect_per_dial`",
    ),
    ("connect_rate", "say `connect_per_dial` or `live_answer_per_dial`"),
    (
        "conversion",
        "say `close_per_contact`, `close_per_pitch` or `win_per_decided`",
    ),
    (
        "conversion_rate",
        "say `close_per_contact`, `close_per_pitch` or `win_per_decided`",
    ),
    ("win_rate", "say `win_per_decided` or `close_per_contact`"),
    ("revenue", "say `revenue_minor` and name its currency"),
];

/// The metric of that name.
///
/// # Errors
/// There is none; the error says which names could be meant.
pub fn resolve(name: &str) -> Result<&'static Metric, UnknownMetric> {
    metric(name).ok_or_else(|| UnknownMetric {
        name: name.to_owned(),
        hint: hint(name),
    })
}

fn hint(name: &str) -> String {
    if let Some((_, hint)) = VAGUE.iter().find(|(word, _)| *word == name) {
        return format!("it has several meanings; {hint}");
    }
    let is_rate = ["rate", "ratio", "percent", "pct", "share"]
        .iter()
        .any(|word| name.ends_with(word));
    if is_rate {
        return "a rate is named <numerator>_per_<denominator>, so that it says what it divides by; \
                `SELECT metric_id FROM dim_metric` lists them"
            .to_owned();
    }
    let stem = name.split('_').next().unwrap_or(name);
    let like: Vec<String> = metrics()
        .iter()
        .filter(|m| m.id.starts_with(stem))
        .map(|m| format!("`{}`", m.id))
        .collect();
    if like.is_empty() {
        "there is no such metric; `SELECT metric_id FROM dim_metric` lists them".to_owned()
    } else {
        format!("there is no such metric; there is {}", like.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vague_names_and_rates_without_a_denominator_are_refused_with_what_to_say() {
        let said = |name: &str| resolve(name).expect_err(name).to_string();
        assert!(said("calls").contains("`dials`"));
        assert!(said("contact_rate").contains("`contact_per_dial`"));
        assert!(said("close_rate").contains("<numerator>_per_<denominator>"));
        assert!(said("wins_total").contains("`wins`"));
        assert!(said("x").contains("dim_metric"));
        assert_eq!(resolve("wins").map(|metric| metric.id), Ok("wins"));
        for (_, hint) in VAGUE {
            for name in hint.split('`').skip(1).step_by(2) {
                assert!(metric(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn the_unit_of_a_target_is_that_of_its_metric() {
        let unit = |name: &str, currency| resolve(name).expect(name).target_unit(currency).ok();
        assert_eq!(unit("revenue_minor", Some("CNY")), Some("minor:CNY".to_owned()));
        assert_eq!(unit("revenue_minor", None), None);
        assert_eq!(unit("wins", None), Some("count".to_owned()));
        assert_eq!(unit("wins", Some("CNY")), None);
        assert_eq!(unit("close_per_contact", None), Some("ppm".to_owned()));
        assert_eq!(unit("value_per_win_minor", None), None);
    }
}
