use std::collections::BTreeSet;

use super::*;

const TRADE_RATIOS: [&str; 2] = ["aht_s", "occupancy"];

/// The column that a word of a rate's name stands for.
fn column_of(word: &str) -> Option<&'static str> {
    let known = match word {
        "close" | "win" => "wins",
        "value" => "revenue_minor",
        _ => word,
    };
    let forms = [known.to_owned(), format!("{known}s"), format!("{known}es")];
    Measure::ALL
        .iter()
        .map(|measure| measure.name())
        .find(|name| forms.iter().any(|form| form == name))
}

#[test]
fn every_measure_is_a_volume_under_its_own_name() {
    let volumes = metrics().iter().filter(|metric| metric.denominator.is_none());
    let names: Vec<_> = volumes
        .map(|metric| (metric.id, metric.numerator.to_string()))
        .collect();
    let measures: Vec<_> = Measure::ALL.iter().map(|m| (m.name(), m.name().to_owned())).collect();
    assert_eq!(names, measures);
}

#[test]
fn every_rate_is_named_by_its_columns_or_is_a_ratio_of_the_trade() {
    for metric in metrics() {
        let Some(denominator) = metric.denominator.map(|sum| sum.to_string()) else {
            continue;
        };
        if TRADE_RATIOS.contains(&metric.id) {
            continue;
        }
        let plain = metric.id.strip_suffix("_minor").unwrap_or(metric.id);
        let (above, below) = plain.split_once("_per_").expect("a rate is named by what it divides");
        let numerator: Vec<_> = metric.numerator.measures.iter().map(|m| m.name()).collect();
        assert_eq!(numerator, [column_of(above).expect(above)], "{}", metric.id);
        if below == "hour" {
            assert_eq!(metric.numerator.factor, 3600);
            assert!(
                metric
                    .denominator
                    .is_some_and(|sum| sum.measures.iter().all(|m| m.name().ends_with("_s")))
            );
        } else {
            let column = if below == "decided" {
                Some("wins + losses")
            } else {
                column_of(below)
            };
            assert_eq!(Some(denominator.as_str()), column, "{}", metric.id);
        }
    }
}

#[test]
fn the_columns_of_every_metric_stand_in_the_day_rows() {
    let table = crate::tables::table("agg_rep_day").expect("table");
    for metric in metrics() {
        for measure in [Some(metric.numerator), metric.denominator]
            .iter()
            .flatten()
            .flat_map(|sum| sum.measures)
        {
            assert!(table.column(measure.name()).is_some(), "{}", metric.id);
        }
    }
}

#[test]
fn names_are_unique_in_both_languages_and_nothing_is_empty() {
    let count = |of: fn(&Metric) -> &'static str| {
        metrics()
            .iter()
            .map(of)
            .filter(|text| !text.is_empty())
            .collect::<BTreeSet<_>>()
            .len()
    };
    let all = metrics().len();
    let texts: [fn(&Metric) -> &'static str; 5] = [
        |m| m.id,
        |m| m.name_en,
        |m| m.name_zh,
        |m| m.definition_en,
        |m| m.definition_zh,
    ];
    for text in texts {
        assert_eq!(count(text), all);
    }
}

#[test]
fn chinese_texts_are_chinese() {
    for metric in metrics() {
        for text in [metric.name_zh, metric.definition_zh] {
            assert!(
                text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
                "{}",
                metric.id
            );
        }
    }
}

#[test]
fn rates_ask_for_evidence_and_count_what_their_name_says() {
    for metric in metrics() {
        assert_eq!(metric.min_evidence > 0, metric.denominator.is_some(), "{}", metric.id);
        assert_eq!(
            metric.unit == Unit::Minor,
            metric.id.ends_with("_minor"),
            "{}",
            metric.id
        );
        assert_eq!(metric.unit == Unit::Seconds, metric.id.ends_with("_s"), "{}", metric.id);
    }
}

#[test]
fn sums_are_written_as_sql() {
    let text = |id: &str| {
        let metric = metric(id).expect(id);
        (
            metric.numerator.to_string(),
            metric.denominator.map(|sum| sum.to_string()),
        )
    };
    assert_eq!(
        text("aht_s"),
        ("talk_s + hold_s + acw_s".to_owned(), Some("connects".to_owned()))
    );
    assert_eq!(text("dials_per_hour").0, "dials * 3600");
    assert_eq!(text("wins"), ("wins".to_owned(), None));
}
