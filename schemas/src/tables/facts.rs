//! Facts: one row per event as stored, one row per call leg, deal and lead as views.

use super::ColumnType::{BigInt, Boolean, Date, Money, Text, Timestamp};
use super::{Column, Table, TableKind, optional, required};

const ORDER: &[&str] = &["business_date", "rep_id", "occurred_at", "shard", "offset"];

fn position() -> Vec<Column> {
    vec![
        required("shard", BigInt, "Partition of the keyed topic in which the event lies"),
        required("offset", BigInt, "Offset of the event in its partition"),
        required(
            "source",
            Text,
            "Where the event came from: //<tenant>/<vendor>/<connection>",
        ),
        required("event_id", Text, "Id of the event, unique within its source"),
        required("type", Text, "Type of the event, without the prefix paceline."),
        required(
            "occurred_at",
            Timestamp,
            "When the fact happened: end of a call, instant of a change of a deal; UTC",
        ),
        required("appended_at", Timestamp, "When the log took the event; UTC"),
        required(
            "late",
            Boolean,
            "Whether the event was older than the lateness limit behind the watermark when it arrived; a label, not a filter",
        ),
        required(
            "revision",
            BigInt,
            "Order of versions within the entity; the highest stands",
        ),
        required("rep_id", Text, "The rep that the event counts for"),
        required("site_id", Text, "The rep's site when the event was taken in"),
        required(
            "business_date",
            Date,
            "Local day of the site, shift boundary applied, stamped once",
        ),
        required(
            "hour_start",
            Timestamp,
            "Instant at which the local hour of the event begins; UTC",
        ),
        required("local_hour", BigInt, "Hour of the site's local day, 0 to 23"),
        required(
            "currency",
            Text,
            "ISO 4217 code of the amounts; the site's where the event has no amount",
        ),
        optional("campaign_id", Text, "Campaign as in the source"),
        optional("lead_source", Text, "Where the lead came from"),
        optional("product_id", Text, "Product as in the source"),
        optional("lead_id", Text, "Lead of the dialer or CRM"),
        optional(
            "customer_key",
            Text,
            "Keyed hash of the customer; joins, never shows who it is",
        ),
    ]
}

fn tail() -> Vec<Column> {
    vec![
        optional("supersedes", Text, "Event id of the version that this one replaces"),
        optional("correlationid", Text, "Lead or conversation that ties events together"),
        optional("causationid", Text, "Event id of the cause"),
        required(
            "flags",
            Text,
            "What ingest assumed or mended, space separated; empty for nothing",
        ),
        optional("native", Text, "The vendor's ids, codes and own durations as JSON"),
        optional("attributes", Text, "The producer's labels as JSON"),
        required(
            "business_month",
            Text,
            "Month of the business date, YYYY-MM; partition of the files",
        ),
    ]
}

fn call_body() -> Vec<Column> {
    call_leg().into_iter().chain(call_result()).collect()
}

fn call_leg() -> Vec<Column> {
    vec![
        required("call_id", Text, "The vendor's call"),
        required("leg_id", Text, "The leg of the call"),
        optional("conversation_id", Text, "Groups legs, transfers and consults"),
        optional("leg_no", BigInt, "Number of the leg within the conversation, from 1"),
        optional("leg_role", Text, "first, transfer_in, consult, conference or unknown"),
        optional(
            "transferred_to",
            Text,
            "rep, queue, external, voicemail or unknown; NULL: not passed on",
        ),
        optional("direction", Text, "outbound, inbound, callback, internal or unknown"),
        optional(
            "dial_mode",
            Text,
            "manual, preview, click, progressive, predictive or unknown",
        ),
        optional("list_id", Text, "List of the dialer"),
        optional("queue_id", Text, "Queue of the dialer"),
        optional("attempt_no", BigInt, "Attempt at this lead, from 1"),
        optional(
            "phone_masked",
            Text,
            "Country code, stars and the last two digits; for display, never joined on",
        ),
        optional("phone_country", Text, "ISO 3166 country of the number"),
        optional("started_at", Timestamp, "First dial; inbound: arrival; UTC"),
        optional(
            "answered_at",
            Timestamp,
            "The customer's answer; inbound: the rep's; NULL: never or not known; UTC",
        ),
        required("ended_at", Timestamp, "End of the leg; UTC"),
        optional("disposed_at", Timestamp, "When the result was set; UTC"),
    ]
}

fn call_result() -> Vec<Column> {
    vec![
        optional(
            "queue_s",
            BigInt,
            "Seconds of waiting before a rep was offered; NULL: unknown",
        ),
        optional(
            "ring_s",
            BigInt,
            "Seconds from dial start to answer or end; NULL: unknown",
        ),
        optional("talk_s", BigInt, "Seconds of talk without hold; NULL: unknown"),
        optional("hold_s", BigInt, "Seconds on hold; NULL: unknown"),
        optional("wrap_s", BigInt, "Seconds of wrap-up; NULL: unknown"),
        optional(
            "amd",
            Text,
            "Answering-machine detection: human, machine, fax or undecided",
        ),
        optional("disposition", Text, "Result of the call, from the closed list"),
        optional("disposition_native", Text, "The vendor's code, as sent"),
        optional("reached", Text, "Furthest step that the rep recorded"),
        optional(
            "step",
            Text,
            "Furthest step reached: none, dial, connect, live, contact, rpc, pitch, interested or win",
        ),
        optional(
            "short",
            Boolean,
            "Whether the leg was answered with less talk than the site's limit",
        ),
        optional("ended_by", Text, "customer, rep, system, transfer or unknown"),
        optional("callback_due_at", Timestamp, "Call-back promised for this instant; UTC"),
        optional(
            "callback_for_due_at",
            Timestamp,
            "Due time of the promise that this call keeps; UTC",
        ),
        optional(
            "callback_on_time",
            Boolean,
            "Whether the promise was kept in time; NULL: the call keeps none",
        ),
        optional(
            "recording_ref",
            Text,
            "Opaque reference of the recording at the vendor; never an address",
        ),
        optional(
            "reason",
            Text,
            "Why the version was made: disposition_set, vendor_update, correction, reattributed, merged or unknown",
        ),
        required("retracted", Boolean, "Whether the leg counts nothing"),
    ]
}

fn deal_body() -> Vec<Column> {
    vec![
        required("deal_id", Text, "The CRM's deal"),
        optional("pipeline_id", Text, "Pipeline of the CRM"),
        optional("stage_id", Text, "Stage of the CRM"),
        optional("from_stage_id", Text, "Stage before the change"),
        optional("to_stage_id", Text, "Stage after the change"),
        optional("stage_rank", BigInt, "Rank of the stage in its pipeline"),
        optional("reopened", Boolean, "Whether a loss was taken back"),
        optional("reinstated", Boolean, "Whether a cancelled win came back"),
        optional("call_id", Text, "The call that brought the deal"),
        optional("quantity", BigInt, "Pieces sold"),
        optional("expected_close_on", Date, "Expected date of closing"),
        optional("probability_bp", BigInt, "Probability of closing in basis points"),
        optional(
            "forecast_category",
            Text,
            "pipeline, best_case, commit, omitted or unknown",
        ),
        optional("term_months", BigInt, "Term of the contract in months"),
        optional("customer_kind", Text, "new, retained, reactivated or unknown"),
        optional(
            "amount_minor",
            BigInt,
            "Amount of the whole deal in minor units of the currency",
        ),
        optional("credit_role", Text, "owner, split or overlay"),
        optional("credit_bp", BigInt, "This rep's share of the deal in basis points"),
        optional("credit_minor", BigInt, "This rep's share of the amount in minor units"),
        optional(
            "credit_refunded_minor",
            BigInt,
            "Refunded so far of this rep's share in minor units",
        ),
        optional("full", Boolean, "Whether the whole amount has been refunded"),
        optional(
            "lost_reason",
            Text,
            "price, competitor, no_need, no_budget, timing, unreachable, not_eligible, duplicate, other or unknown",
        ),
        optional("competitor", Text, "Competitor to whom the deal was lost"),
        optional("status", Text, "Outcome that an amendment restates: open, won or lost"),
        optional("amends", Text, "What an amendment changes"),
        optional("reason", Text, "Why a win was cancelled or refunded"),
        optional(
            "in_cooling_off",
            Boolean,
            "Whether the cancellation fell into the cooling-off period",
        ),
        optional("refund_id", Text, "Id of the refund"),
        optional(
            "refund_minor",
            BigInt,
            "Refunded of the whole deal by this refund in minor units",
        ),
        optional(
            "credit_refund_minor",
            BigInt,
            "Refunded of this rep's share by this refund in minor units",
        ),
        optional("refunds", Text, "Event id of the win that is refunded"),
        optional("cancels", Text, "Event id of the win that is cancelled"),
        optional("merged_into", Text, "Deal that this one was merged into"),
    ]
}

fn lead_body() -> Vec<Column> {
    vec![
        optional("list_id", Text, "List of the dialer"),
        optional("phone_masked", Text, "Country code, stars and the last two digits"),
        optional("phone_country", Text, "ISO 3166 country of the number"),
        optional("priority", BigInt, "0 is lowest"),
        optional("first_touch_due_at", Timestamp, "Agreed time for the first call; UTC"),
        optional(
            "origin",
            Text,
            "list, website, inbound, referral, pool, manual or unknown",
        ),
        optional("from_rep_id", Text, "Rep who had the lead"),
        optional("to_rep_id", Text, "Rep who gets the lead"),
        optional("reason", Text, "Why the lead was transferred"),
        optional("side", Text, "out or in: which of the two reps the event counts for"),
        required("retracted", Boolean, "Whether the version counts nothing"),
    ]
}

fn fact(name: &'static str, comment: &'static str, body: Vec<Column>) -> Table {
    let mut columns = [position(), body, tail()].concat();
    if name == "fct_lead_event" {
        require_lead(&mut columns);
    }
    Table {
        name,
        comment,
        kind: TableKind::Facts,
        columns,
        key: &["shard", "offset"],
        partition: Some("business_month"),
        order: ORDER,
    }
}

fn require_lead(columns: &mut [Column]) {
    for column in columns.iter_mut().filter(|column| column.name == "lead_id") {
        column.nullable = false;
    }
}

pub(super) fn stored() -> Vec<Table> {
    vec![
        fact(
            "fct_call_event",
            "One call event: a leg when it is over, or a later version of it",
            call_body(),
        ),
        fact(
            "fct_deal_event",
            "One deal event: opened, moved, won, lost, amended, cancelled or refunded",
            deal_body(),
        ),
        fact(
            "fct_lead_event",
            "One lead event: assigned, amended or transferred",
            lead_body(),
        ),
    ]
}

fn view(name: &'static str, comment: &'static str, columns: Vec<Column>, key: &'static [&'static str]) -> Table {
    Table {
        name,
        comment,
        kind: TableKind::View,
        columns,
        key,
        partition: None,
        order: &[],
    }
}

fn deal_state() -> Vec<Column> {
    let all = position().into_iter().chain(deal_body()).chain(tail());
    let gone = [
        "type",
        "from_stage_id",
        "to_stage_id",
        "reopened",
        "reinstated",
        "status",
        "amends",
        "reason",
        "in_cooling_off",
        "refund_id",
        "refund_minor",
        "credit_refund_minor",
        "refunds",
        "cancels",
        "supersedes",
        "business_month",
    ];
    let mut columns: Vec<Column> = all.filter(|c| !gone.contains(&c.name)).collect();
    columns.extend([
        required("state", Text, "open, won, lost or cancelled"),
        optional("opened_at", Timestamp, "When the deal entered the pipeline; UTC"),
        optional(
            "opened_date",
            Date,
            "Business date on which the deal entered the pipeline",
        ),
        optional(
            "won_at",
            Timestamp,
            "Instant of the win that stands or was cancelled; UTC",
        ),
        optional("won_date", Date, "Business date of that win"),
        optional("lost_at", Timestamp, "Instant of the loss that stands; UTC"),
        optional("lost_date", Date, "Business date of that loss"),
        optional(
            "cancelled_at",
            Timestamp,
            "Instant of the cancellation that stands; UTC",
        ),
        optional("cancelled_date", Date, "Business date of that cancellation"),
        optional(
            "amount",
            Money,
            "amount_minor in major units, for reading; currencies of two decimals",
        ),
    ]);
    columns
}

fn lead_state() -> Vec<Column> {
    let all = position().into_iter().chain(lead_body()).chain(tail());
    let gone = [
        "type",
        "from_rep_id",
        "to_rep_id",
        "side",
        "reason",
        "supersedes",
        "retracted",
        "business_month",
    ];
    let mut columns: Vec<Column> = all.filter(|c| !gone.contains(&c.name)).collect();
    require_lead(&mut columns);
    columns.extend([
        optional("assigned_at", Timestamp, "When the lead came to its current owner; UTC"),
        optional(
            "first_touch_at",
            Timestamp,
            "Start of the first outbound call to the lead; UTC",
        ),
    ]);
    columns
}

pub(super) fn views() -> Vec<Table> {
    let call = position().into_iter().chain(call_body()).chain(tail());
    let gone = ["type", "supersedes", "retracted", "reason", "business_month"];
    vec![
        view(
            "fct_call",
            "One call leg in its latest version",
            call.filter(|c| !gone.contains(&c.name)).collect(),
            &["source", "call_id", "leg_id"],
        ),
        view(
            "fct_deal",
            "One deal and rep in its current state",
            deal_state(),
            &["source", "deal_id", "rep_id"],
        ),
        view(
            "fct_lead",
            "One lead with its current owner",
            lead_state(),
            &["source", "lead_id"],
        ),
    ]
}
