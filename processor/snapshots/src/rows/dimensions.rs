//! Dimensions: reps and organisation folded from people events, the calendar of the sites, the metrics.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use paceline_schemas::event::{Event, EventType, People};
use paceline_schemas::ids::{NodeId, RepId};
use paceline_schemas::site::Site;
use paceline_schemas::symbol::{PeopleKind, Role};
use paceline_schemas::time::Day;

use super::columns::Cell::{At, Bool, Date, Int, Null, Text};
use super::columns::{Cell, batch_of};

/// One validity of a rep, as the events up to it say.
#[derive(Debug, Clone)]
struct Validity {
    from: Day,
    to: Option<Day>,
    team_id: NodeId,
    site_id: String,
    manager_id: Option<RepId>,
    role: Role,
    fte_bp: i64,
}

#[derive(Debug, Default)]
struct Rep {
    display_name: Option<String>,
    hired_on: Option<Day>,
    experience: Option<i64>,
    left_on: Option<Day>,
    validities: BTreeMap<Day, Validity>,
}

#[derive(Debug, Clone)]
struct Node {
    kind: PeopleKind,
    parent: Option<NodeId>,
    name: String,
    from: Day,
    to: Option<Day>,
}

/// `dim_rep` and `dim_org` as all people events of the log, in its order, make them.
pub fn people<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<(&'static str, RecordBatch)> {
    let mut reps: BTreeMap<RepId, Rep> = BTreeMap::new();
    let mut nodes: BTreeMap<(NodeId, Day), Node> = BTreeMap::new();
    for event in events {
        let paceline_schemas::event::Data::People(data) = &event.data else {
            continue;
        };
        match event.envelope.event_type {
            EventType::OrgDefined => define(&mut nodes, data),
            EventType::RepHired | EventType::RepAssigned => assign(reps.entry(data.rep_id.clone()).or_default(), data),
            EventType::RepLeft => reps.entry(data.rep_id.clone()).or_default().left_on = data.left_on,
            _ => {}
        }
    }
    reps.values_mut().for_each(close);
    vec![("dim_rep", dim_rep(&reps)), ("dim_org", dim_org(&reps, &nodes))]
}

fn define(nodes: &mut BTreeMap<(NodeId, Day), Node>, data: &People) {
    let (Some(node_id), Some(kind), Some(from)) = (&data.node_id, data.kind, data.valid_from) else {
        return;
    };
    let name = data.name.as_ref().map(ToString::to_string).unwrap_or_default();
    let node = Node {
        kind,
        parent: data.parent_id.clone(),
        name,
        from,
        to: data.valid_to,
    };
    nodes.insert((node_id.clone(), from), node);
}

fn assign(rep: &mut Rep, data: &People) {
    let Some(from) = data.valid_from.or(data.hired_on) else {
        return;
    };
    rep.display_name = data
        .display_name
        .as_ref()
        .map(ToString::to_string)
        .or_else(|| rep.display_name.take());
    rep.hired_on = data.hired_on.or(rep.hired_on);
    rep.experience = data.prior_experience_months.map(|count| count.0).or(rep.experience);
    let validity = Validity {
        from,
        to: data.valid_to,
        team_id: data.team_id.clone().unwrap_or_default(),
        site_id: data.site_id.as_ref().map(ToString::to_string).unwrap_or_default(),
        manager_id: data.manager_id.clone(),
        role: data.role.unwrap_or_default(),
        fte_bp: data.fte_bp.map_or(10_000, |bp| bp.0),
    };
    rep.validities.insert(from, validity);
}

/// A validity ends where the next begins, and where the rep leaves.
fn close(rep: &mut Rep) {
    let starts: Vec<Day> = rep.validities.keys().copied().collect();
    for (at, validity) in rep.validities.values_mut().enumerate() {
        let next = starts.get(at + 1).map(|day| day.plus(-1));
        validity.to = [validity.to, next, rep.left_on].into_iter().flatten().min();
    }
}

fn dim_rep(reps: &BTreeMap<RepId, Rep>) -> RecordBatch {
    let rows = reps.iter().flat_map(|(rep_id, rep)| {
        rep.validities.values().map(move |validity| {
            vec![
                Text(rep_id.as_str()),
                rep.display_name.as_deref().map_or(Null, Text),
                Text(validity.team_id.as_str()),
                Text(&validity.site_id),
                validity.manager_id.as_ref().map_or(Null, |id| Text(id.as_str())),
                rep.hired_on.map_or(Null, Date),
                rep.left_on.map_or(Null, Date),
                Text(validity.role.as_str()),
                Int(validity.fte_bp),
                rep.experience.map_or(Null, Int),
                Date(validity.from),
                validity.to.map_or(Null, Date),
            ]
        })
    });
    batch_of("dim_rep", rows)
}

struct Span<'a> {
    ancestor: &'a str,
    descendant: &'a str,
    ancestor_kind: PeopleKind,
    ancestor_name: &'a str,
    descendant_kind: &'static str,
    depth: i64,
    from: Day,
    to: Option<Day>,
}

const DEPTH_MAX: i64 = 16;

fn dim_org(reps: &BTreeMap<RepId, Rep>, nodes: &BTreeMap<(NodeId, Day), Node>) -> RecordBatch {
    let reserves = reserves(reps, nodes);
    let mut spans: Vec<Span<'_>> = Vec::new();
    for ((node_id, _), node) in nodes {
        climb(
            nodes,
            node_id,
            node,
            (node_id.as_str(), node.kind.as_str()),
            0,
            (node.from, node.to),
            &mut spans,
        );
    }
    for ((node_id, from), reserve_id) in &reserves {
        if let Some((key, node)) = nodes.get_key_value(&((*node_id).clone(), *from)) {
            let range = (node.from, node.to);
            climb(nodes, &key.0, node, (reserve_id, "reserve"), 1, range, &mut spans);
        }
    }
    for (rep_id, rep) in reps {
        for validity in rep.validities.values() {
            for ((team_id, _), team) in nodes.iter().filter(|((id, _), _)| *id == validity.team_id) {
                if let Some(range) = overlap((validity.from, validity.to), (team.from, team.to)) {
                    climb(nodes, team_id, team, (rep_id.as_str(), "rep"), 1, range, &mut spans);
                }
            }
        }
    }
    spans.sort_by_key(|span| (span.ancestor, span.descendant, span.from));
    let rows = spans.iter().map(|span| {
        vec![
            Text(span.ancestor),
            Text(span.descendant),
            Text(span.ancestor_kind.as_str()),
            Text(span.descendant_kind),
            Int(span.depth),
            Text(span.ancestor_name),
            Date(span.from),
            span.to.map_or(Null, Date),
        ]
    });
    batch_of("dim_org", rows)
}

/// The reserve of each validity of a node in which it has a child; it stays for the whole of it, as its targets do.
fn reserves<'a>(
    reps: &'a BTreeMap<RepId, Rep>,
    nodes: &'a BTreeMap<(NodeId, Day), Node>,
) -> BTreeMap<(&'a NodeId, Day), String> {
    let of_nodes = nodes
        .values()
        .filter_map(|node| Some((node.parent.as_ref()?, (node.from, node.to))));
    let validities = reps.values().flat_map(|rep| rep.validities.values());
    let of_reps = validities.map(|validity| (&validity.team_id, (validity.from, validity.to)));
    let mut children: BTreeMap<&NodeId, Vec<(Day, Option<Day>)>> = BTreeMap::new();
    for (parent, range) in of_nodes.chain(of_reps) {
        children.entry(parent).or_default().push(range);
    }
    let has_child = |node_id: &NodeId, node: &Node| {
        let mut ranges = children.get(node_id).into_iter().flatten();
        ranges.any(|range| overlap(*range, (node.from, node.to)).is_some())
    };
    nodes
        .iter()
        .filter(|((node_id, _), node)| has_child(node_id, node))
        .map(|((node_id, from), _)| ((node_id, *from), paceline_targets::reserve_id(node_id.as_str())))
        .collect()
}

/// Adds `node` as an ancestor, then whatever lies above it while both hold. A cycle ends at the depth limit.
fn climb<'a>(
    nodes: &'a BTreeMap<(NodeId, Day), Node>,
    node_id: &'a NodeId,
    node: &'a Node,
    below: (&'a str, &'static str),
    depth: i64,
    range: (Day, Option<Day>),
    spans: &mut Vec<Span<'a>>,
) {
    if depth > DEPTH_MAX {
        return;
    }
    spans.push(Span {
        ancestor: node_id.as_str(),
        descendant: below.0,
        ancestor_kind: node.kind,
        ancestor_name: &node.name,
        descendant_kind: below.1,
        depth,
        from: range.0,
        to: range.1,
    });
    let Some(parent_id) = &node.parent else { return };
    for ((id, _), parent) in nodes.iter().filter(|((id, _), _)| id == parent_id) {
        if let Some(shared) = overlap(range, (parent.from, parent.to)) {
            climb(nodes, id, parent, below, depth + 1, shared, spans);
        }
    }
}

fn overlap(a: (Day, Option<Day>), b: (Day, Option<Day>)) -> Option<(Day, Option<Day>)> {
    let from = a.0.max(b.0);
    let to = match (a.1, b.1) {
        (Some(x), Some(y)) => Some(x.min(y)),
        (x, y) => x.or(y),
    };
    to.is_none_or(|to| to >= from).then_some((from, to))
}

/// First day of the calendar table.
const CALENDAR_FROM: Day = Day(10_957);

/// `dim_calendar` of the sites from 2000-01-01 to the end of the fiscal year after the next after `today`.
pub fn calendar<'a>(sites: impl IntoIterator<Item = &'a Site>, today: Day) -> (&'static str, RecordBatch) {
    let mut rows: Vec<Vec<Cell<'a>>> = Vec::new();
    for site in sites {
        let mut end = today;
        for _ in 0..3 {
            let year_start = site.periods(end).year_start;
            end = (300..400)
                .map(|n| year_start.plus(n))
                .find(|day| site.periods(*day).year_start != year_start)
                .unwrap_or(end);
        }
        let mut starts_at = site.starts_at(CALENDAR_FROM);
        for number in CALENDAR_FROM.0..end.0 {
            let day = Day(number);
            let ends_at = site.ends_at(day);
            let periods = site.periods(day);
            let workday = day.date().weekday().to_monday_zero_offset() < 5;
            rows.push(vec![
                Text(site.site_id.as_str()),
                Date(day),
                Bool(workday),
                Int(if workday { 10_000 } else { 0 }),
                At(starts_at),
                At(ends_at),
                Date(periods.week_start),
                Date(periods.month_start),
                Date(periods.quarter_start),
                Date(periods.half_start),
                Date(periods.year_start),
            ]);
            starts_at = ends_at;
        }
    }
    ("dim_calendar", batch_of("dim_calendar", rows))
}

/// `dim_metric`.
pub fn metrics() -> (&'static str, RecordBatch) {
    let all = paceline_schemas::metrics::metrics();
    let sums: Vec<(String, Option<String>)> = all
        .iter()
        .map(|metric| {
            (
                metric.numerator.to_string(),
                metric.denominator.as_ref().map(ToString::to_string),
            )
        })
        .collect();
    let rows = all.iter().zip(&sums).map(|(metric, (numerator, denominator))| {
        vec![
            Text(metric.id),
            Text(numerator),
            denominator.as_deref().map_or(Null, Text),
            Text(metric.unit.as_str()),
            Text(metric.better.as_str()),
            Text(metric.basis.as_str()),
            Int(metric.min_evidence),
            Int(metric.maturity_days),
            Text(metric.additive().as_str()),
            Bool(metric.recalibrate),
            metric.pairs_with.map_or(Null, Text),
            Int(paceline_schemas::metrics::Metric::VERSION),
            Text(metric.name_en),
            Text(metric.name_zh),
            Text(metric.definition_en),
            Text(metric.definition_zh),
        ]
    });
    ("dim_metric", batch_of("dim_metric", rows))
}
