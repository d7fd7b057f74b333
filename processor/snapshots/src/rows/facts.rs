//! Fact rows: one per event, sorted for their files.

use arrow::record_batch::RecordBatch;
use paceline_schemas::event::{Call, Deal, Event, Keyed, Lead};
use paceline_schemas::field::{Labels, Milliseconds};
use paceline_schemas::ids::RepId;
use paceline_schemas::symbol::LegRole;
use paceline_schemas::time::{Day, Instant};

use super::Arrival;
use super::columns::Cell::{At, Bool, Date, Int, Text};
use super::columns::Columns;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    business_date: Day,
    rep_id: RepId,
    occurred_at: Instant,
    offset: i64,
    row: u32,
}

/// Rows of one fact table.
#[derive(Debug, Default)]
pub(super) struct Facts {
    columns: Option<Columns>,
    keys: Vec<SortKey>,
}

impl Facts {
    pub(super) fn bytes(&self) -> usize {
        self.columns.as_ref().map_or(0, Columns::bytes) + self.keys.len() * size_of::<SortKey>()
    }

    pub(super) fn finish(mut self, name: &'static str) -> Option<(&'static str, RecordBatch)> {
        let columns = self.columns?;
        self.keys.sort_unstable();
        let order = self.keys.into_iter().map(|key| key.row).collect();
        Some((name, columns.finish_ordered(order)))
    }

    fn begin(&mut self, table: &str, event: &Event, arrival: Arrival) -> (&mut Columns, Day) {
        let keyed = event.data.keyed().expect("an event of the keyed topic");
        let columns = self.columns.get_or_insert_with(|| Columns::new(table));
        self.keys.push(SortKey {
            business_date: keyed.business_date,
            rep_id: keyed.rep_id.clone(),
            occurred_at: event.envelope.time,
            offset: arrival.offset,
            row: u32::try_from(columns.rows()).expect("rows of one checkpoint are bounded"),
        });
        position(columns, event, &keyed, arrival);
        (columns, keyed.business_date)
    }

    pub(super) fn call(&mut self, event: &Event, call: &Call, arrival: Arrival) {
        let (columns, day) = self.begin("fct_call_event", event, arrival);
        columns.put_opt("lead_id", call.lead_id.as_ref(), |id| Text(id.as_str()));
        columns.put_opt("customer_key", call.customer_key.as_ref(), |key| Text(key.as_str()));
        call_body(columns, event, call);
        let supersedes = call.supersedes.as_ref().map(AsRef::as_ref);
        tail(columns, event, supersedes, &call.native, &call.attributes, day);
    }

    pub(super) fn deal(&mut self, event: &Event, deal: &Deal, arrival: Arrival) {
        let (columns, day) = self.begin("fct_deal_event", event, arrival);
        columns.put_opt("lead_id", deal.lead_id.as_ref(), |id| Text(id.as_str()));
        columns.put_opt("customer_key", deal.customer_key.as_ref(), |key| Text(key.as_str()));
        deal_body(columns, deal);
        let supersedes = deal.supersedes.as_ref().map(AsRef::as_ref);
        tail(columns, event, supersedes, &deal.native, &deal.attributes, day);
    }

    pub(super) fn lead(&mut self, event: &Event, lead: &Lead, arrival: Arrival) {
        let (columns, day) = self.begin("fct_lead_event", event, arrival);
        columns.put("lead_id", Text(lead.lead_id.as_str()));
        columns.put_opt("customer_key", lead.customer_key.as_ref(), |key| Text(key.as_str()));
        columns.put_opt("list_id", lead.list_id.as_ref(), |id| Text(id.as_str()));
        columns.put_opt("phone_masked", lead.phone_masked.as_ref(), |text| Text(text.as_str()));
        columns.put_opt("phone_country", lead.phone_country.as_ref(), |text| Text(text.as_str()));
        columns.put_opt("priority", lead.priority, |count| Int(count.0));
        columns.put_opt("first_touch_due_at", lead.first_touch_due_at, At);
        columns.put_opt("origin", lead.origin, |symbol| Text(symbol.as_str()));
        columns.put_opt("from_rep_id", lead.from_rep_id.as_ref(), |id| Text(id.as_str()));
        columns.put_opt("to_rep_id", lead.to_rep_id.as_ref(), |id| Text(id.as_str()));
        columns.put_opt("reason", lead.reason, |symbol| Text(symbol.as_str()));
        columns.put_opt("side", lead.side, |symbol| Text(symbol.as_str()));
        columns.put("retracted", Bool(lead.retracted));
        let supersedes = lead.supersedes.as_ref().map(AsRef::as_ref);
        tail(columns, event, supersedes, &lead.native, &lead.attributes, day);
    }
}

fn position(columns: &mut Columns, event: &Event, keyed: &Keyed<'_>, arrival: Arrival) {
    columns.put("shard", Int(arrival.shard));
    columns.put("offset", Int(arrival.offset));
    columns.put("source", Text(event.envelope.source.as_str()));
    columns.put("event_id", Text(event.envelope.id.as_str()));
    columns.put("type", Text(event.envelope.event_type.name()));
    columns.put("occurred_at", At(event.envelope.time));
    columns.put("appended_at", At(arrival.appended_at));
    columns.put("late", Bool(arrival.late));
    columns.put("revision", Int(keyed.revision));
    columns.put("rep_id", Text(keyed.rep_id.as_str()));
    columns.put("site_id", Text(keyed.site_id.as_str()));
    columns.put("business_date", Date(keyed.business_date));
    columns.put("hour_start", At(keyed.hour.start));
    columns.put("local_hour", Int(keyed.hour.local_hour()));
    columns.put("currency", Text(keyed.currency.as_str()));
    columns.put_opt("campaign_id", keyed.campaign_id, |id| Text(id.as_str()));
    columns.put_opt("lead_source", keyed.lead_source, |id| Text(id.as_str()));
    columns.put_opt("product_id", keyed.product_id, |id| Text(id.as_str()));
}

fn call_body(columns: &mut Columns, event: &Event, call: &Call) {
    let seconds = |time: Option<Milliseconds>| time.map(Milliseconds::seconds);
    columns.put("call_id", Text(call.call_id.as_str()));
    columns.put("leg_id", Text(call.leg_id.as_str()));
    columns.put_opt("conversation_id", call.conversation_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("leg_no", call.leg_no, |count| Int(count.0));
    columns.put("leg_role", Text(call.leg_role.unwrap_or(LegRole::First).as_str()));
    columns.put_opt("transferred_to", call.transferred_to, |symbol| Text(symbol.as_str()));
    columns.put_opt("direction", call.direction, |symbol| Text(symbol.as_str()));
    columns.put_opt("dial_mode", call.dial_mode, |symbol| Text(symbol.as_str()));
    columns.put_opt("list_id", call.list_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("queue_id", call.queue_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("attempt_no", call.attempt_no, |count| Int(count.0));
    columns.put_opt("phone_masked", call.phone_masked.as_ref(), |text| Text(text.as_str()));
    columns.put_opt("phone_country", call.phone_country.as_ref(), |text| Text(text.as_str()));
    columns.put_opt("started_at", call.started_at, At);
    columns.put_opt("answered_at", call.answered_at, At);
    columns.put("ended_at", At(call.ended_at.unwrap_or(event.envelope.time)));
    columns.put_opt("disposed_at", call.disposed_at, At);
    columns.put_opt("queue_s", seconds(call.queue_ms), Int);
    columns.put_opt("ring_s", seconds(call.ring_ms), Int);
    columns.put_opt("talk_s", seconds(call.talk_ms), Int);
    columns.put_opt("hold_s", seconds(call.hold_ms), Int);
    columns.put_opt("wrap_s", seconds(call.wrap_ms), Int);
    columns.put_opt("amd", call.amd, |symbol| Text(symbol.as_str()));
    columns.put_opt("disposition", call.disposition, |symbol| Text(symbol.as_str()));
    columns.put_opt("disposition_native", call.disposition_native.as_ref(), |text| {
        Text(text.as_str())
    });
    columns.put_opt("reached", call.reached, |symbol| Text(symbol.as_str()));
    columns.put_opt("step", call.step, |symbol| Text(symbol.as_str()));
    columns.put_opt("short", call.short, Bool);
    columns.put_opt("ended_by", call.ended_by, |symbol| Text(symbol.as_str()));
    columns.put_opt("callback_due_at", call.callback_due_at, At);
    columns.put_opt("callback_for_due_at", call.callback_for_due_at, At);
    columns.put_opt("callback_on_time", call.callback_on_time, Bool);
    columns.put_opt("recording_ref", call.recording_ref.as_ref(), |text| Text(text.as_str()));
    columns.put_opt("reason", call.reason, |symbol| Text(symbol.as_str()));
    columns.put("retracted", Bool(call.retracted));
}

fn deal_body(columns: &mut Columns, deal: &Deal) {
    columns.put("deal_id", Text(deal.deal_id.as_str()));
    columns.put_opt("pipeline_id", deal.pipeline_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("stage_id", deal.stage_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("from_stage_id", deal.from_stage_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("to_stage_id", deal.to_stage_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("stage_rank", deal.stage_rank, |count| Int(count.0));
    columns.put("reopened", Bool(deal.reopened));
    columns.put("reinstated", Bool(deal.reinstated));
    columns.put_opt("call_id", deal.call_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("quantity", deal.quantity, |count| Int(count.0));
    columns.put_opt("expected_close_on", deal.expected_close_on, Date);
    columns.put_opt("probability_bp", deal.probability_bp, |bp| Int(bp.0));
    columns.put_opt("forecast_category", deal.forecast_category, |symbol| {
        Text(symbol.as_str())
    });
    columns.put_opt("term_months", deal.term_months, |count| Int(count.0));
    columns.put_opt("customer_kind", deal.customer_kind, |symbol| Text(symbol.as_str()));
    columns.put_opt("amount_minor", deal.amount_minor, |minor| Int(minor.0));
    columns.put("credit_role", Text(deal.credit_role.unwrap_or_default().as_str()));
    columns.put_opt("credit_bp", deal.credit_bp, |bp| Int(bp.0));
    columns.put_opt("credit_minor", deal.credit_minor, |minor| Int(minor.0));
    columns.put_opt(
        "credit_refunded_minor",
        deal.credit_refunded_minor,
        |minor| Int(minor.0),
    );
    columns.put("full", Bool(deal.full));
    columns.put_opt("lost_reason", deal.lost_reason, |symbol| Text(symbol.as_str()));
    columns.put_opt("competitor", deal.competitor.as_ref(), |text| Text(text.as_str()));
    columns.put_opt("status", deal.status, |symbol| Text(symbol.as_str()));
    columns.put_opt("amends", deal.amends, |symbol| Text(symbol.as_str()));
    columns.put_opt("reason", deal.reason, |symbol| Text(symbol.as_str()));
    columns.put_opt("in_cooling_off", deal.in_cooling_off, Bool);
    columns.put_opt("refund_id", deal.refund_id.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("refund_minor", deal.refund_minor, |minor| Int(minor.0));
    columns.put_opt("credit_refund_minor", deal.credit_refund_minor, |minor| Int(minor.0));
    columns.put_opt("refunds", deal.refunds.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("cancels", deal.cancels.as_ref(), |id| Text(id.as_str()));
    columns.put_opt("merged_into", deal.merged_into.as_ref(), |id| Text(id.as_str()));
}

fn tail(
    columns: &mut Columns,
    event: &Event,
    supersedes: Option<&str>,
    native: &Labels,
    attributes: &Labels,
    business_date: Day,
) {
    let json = |labels: &Labels| (!labels.0.is_empty()).then(|| serde_json::to_string(labels).unwrap_or_default());
    let flags = event.data.keyed().map(|keyed| keyed.flags.joined()).unwrap_or_default();
    columns.put_opt("supersedes", supersedes, Text);
    columns.put_opt("correlationid", event.envelope.correlationid.as_ref(), |id| {
        Text(id.as_str())
    });
    columns.put_opt("causationid", event.envelope.causationid.as_ref(), |id| {
        Text(id.as_str())
    });
    columns.put("flags", Text(&flags));
    columns.put_opt("native", json(native).as_deref(), Text);
    columns.put_opt("attributes", json(attributes).as_deref(), Text);
    columns.put("business_month", Text(&business_date.month()));
}
