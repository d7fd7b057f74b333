use std::collections::BTreeMap;

use paceline_schemas::ids::{Currency, RepId};
use paceline_schemas::measure::MEASURES;
use paceline_schemas::time::MINUTE_US;

use super::*;
use crate::config::Options;

/// A call every two minutes for 400 minutes of a day, with every measure of a busy outbound floor.
#[test]
fn a_rep_with_200_calls_a_day_for_400_days_takes_64_kib_at_most() {
    let windows = Windows::new(&Options::default());
    let calendars = Calendars::new(BTreeMap::new(), &windows, Instant(0));
    let as_of = AsOf {
        trailing: vec![Edge { lo: -1, hi: 0 }; 2],
        calendars,
        turn: 0,
    };
    let key = RowKey {
        rep_id: RepId::new("ann").expect("id"),
        currency: Currency::new("JPY").expect("currency"),
    };
    let mut rep = RepSums::new(Arc::new(key), SiteId::default(), Instant(0), &as_of);
    for day in 0..400 {
        for call in 0..200 {
            let mut vector = Vector([0; MEASURES]);
            for (measure, value) in vector.0.iter_mut().enumerate() {
                // Half of the measures with each call, each with some call: amounts in minor units, seconds, counts.
                if (measure + call) % 2 == 0 {
                    *value = [1, 95, 48_000][measure % 3];
                }
            }
            let minute = day * 1440 + 480 + 2 * i32::try_from(call).expect("call");
            let kept = windows.kept(Some(Instant(i64::from(minute) * MINUTE_US)));
            rep.minutes.forget(kept.minute);
            rep.add(Position { minute, day }, &vector, &windows, kept);
        }
    }
    let bytes = rep.heap_bytes();
    assert!(bytes <= 64 * 1024, "{bytes}");
    assert!(bytes > 16 * 1024, "{bytes} cannot hold all panes");
}
