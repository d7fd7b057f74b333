//! Day and hour increments, summed per key within a checkpoint.

use std::collections::{BTreeMap, HashMap};

use arrow::record_batch::RecordBatch;
use paceline_schemas::ids::{Currency, Label, RepId, SiteId};
use paceline_schemas::measure::{Measure, Vector};
use paceline_schemas::measures::Place;
use paceline_schemas::time::{Day, LocalHour};

use super::columns::Cell::{At, Date, Int, Text};
use super::columns::Columns;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    business_date: Day,
    rep_id: RepId,
    hour: LocalHour,
    site_id: SiteId,
    campaign_id: Option<Label>,
    lead_source: Option<Label>,
    product_id: Option<Label>,
    currency: Currency,
}

/// Increments of hours; those of days are their sums.
#[derive(Debug, Default)]
pub(super) struct Increments {
    hours: HashMap<Key, Vector>,
}

impl Increments {
    pub(super) fn add(&mut self, place: &Place<'_>, vector: &Vector) {
        let key = Key {
            business_date: place.business_date,
            rep_id: place.rep_id.clone(),
            hour: place.hour,
            site_id: place.site_id.clone(),
            campaign_id: place.campaign_id.cloned(),
            lead_source: place.lead_source.cloned(),
            product_id: place.product_id.cloned(),
            currency: place.currency.clone(),
        };
        *self.hours.entry(key).or_default() += vector;
    }

    pub(super) fn bytes(&self) -> usize {
        self.hours.len() * (size_of::<Key>() + size_of::<Vector>())
    }

    pub(super) fn finish(self) -> Vec<(&'static str, RecordBatch)> {
        let mut days: BTreeMap<Key, Vector> = BTreeMap::new();
        let mut hour_columns = Columns::new("agg_rep_hour");
        let mut hours: Vec<(Key, Vector)> = self.hours.into_iter().collect();
        hours.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (key, vector) in hours {
            write(&mut hour_columns, &key, &vector, true);
            *days
                .entry(Key {
                    hour: LocalHour::default(),
                    ..key
                })
                .or_default() += &vector;
        }
        let mut day_columns = Columns::new("agg_rep_day");
        for (key, vector) in days {
            write(&mut day_columns, &key, &vector, false);
        }
        [("agg_rep_hour", hour_columns), ("agg_rep_day", day_columns)]
            .into_iter()
            .filter(|(_, columns)| columns.rows() > 0)
            .map(|(name, columns)| (name, columns.finish()))
            .collect()
    }
}

fn write(columns: &mut Columns, key: &Key, vector: &Vector, with_hour: bool) {
    if vector.is_zero() {
        return;
    }
    columns.put("business_date", Date(key.business_date));
    columns.put("rep_id", Text(key.rep_id.as_str()));
    columns.put("site_id", Text(key.site_id.as_str()));
    columns.put_opt("campaign_id", key.campaign_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("lead_source", key.lead_source.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("product_id", key.product_id.as_ref(), |id| Text(id.as_str()));
    columns.put("currency", Text(key.currency.as_str()));
    if with_hour {
        columns.put("hour_start", At(key.hour.start));
        columns.put("local_hour", Int(key.hour.local_hour()));
    }
    for measure in Measure::ALL {
        columns.put(measure.name(), Int(vector[*measure]));
    }
}
