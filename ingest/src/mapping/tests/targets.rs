use super::faults::faults;
use super::*;

const WIDE: &str = r#"
mapping = "m"
connection = "sheet"
null = ["-"]
currency = "USD"
[fields]
node_id = "Who"
metric = { const = "revenue_minor" }
[[emit]]
type = "target.cell"
[emit.fields]
month = { column = "Year", month = 1 }
value = { column = "M01", times = 1000 }
[[emit]]
type = "target.cell"
[emit.fields]
month = { column = "Year", month = 2 }
value = { column = "M02", times = 1000 }
"#;

const LONG: &str = r#"
mapping = "m"
connection = "sheet"
currency = "USD"
[[emit]]
type = "target.cell"
[emit.fields]
node_id = "node"
metric = "metric"
currency = "ccy"
month = "month"
value = "value"
"#;

// A cell as `node metric currency month value @line`, a refusal as its words.
fn said(mapping: &CompiledMapping, stamper: &Stamper, text: &str) -> Vec<String> {
    let rows = rows_of(mapping, text);
    let cells = rows.iter().flat_map(|row| mapping.target_cells(row, stamper));
    cells
        .map(|cell| match cell {
            Ok(cell) => {
                let currency = cell.currency.as_deref().unwrap_or("-");
                let TargetCell {
                    node_id,
                    metric,
                    month,
                    value,
                    line,
                    ..
                } = &cell;
                format!("{node_id} {metric} {currency} {month} {value} @{line}")
            }
            Err(rejected) => format!("block {}: {}", rejected.block, rejected.reject),
        })
        .collect()
}

fn wide(rows: &str) -> Vec<String> {
    said(
        &parse(WIDE).expect("mapping"),
        &stamper(),
        &format!("Who,Year,M01,M02\n{rows}"),
    )
}

fn long(rows: &str) -> Vec<String> {
    said(
        &parse(LONG).expect("mapping"),
        &stamper(),
        &format!("node,metric,ccy,month,value\n{rows}"),
    )
}

#[test]
fn a_wide_sheet_gives_a_cell_for_each_month_that_has_a_target() {
    assert_eq!(
        wide("ana,2019,25,0.00001\nbob,2020,-,\neast,2020,0, 1.5 \n"),
        [
            "ana revenue_minor USD 2019-01-01 2500000 @2",
            "ana revenue_minor USD 2019-02-01 1 @2",
            "east revenue_minor USD 2020-01-01 0 @4",
            "east revenue_minor USD 2020-02-01 150000 @4",
        ]
    );
}

#[test]
fn what_cannot_be_exact_is_refused_alone_and_named_by_its_column() {
    assert_eq!(
        wide("ana,2019,25,0.000001\nana,soon,x,1\n,2019,\"1,5\",2\n"),
        [
            "ana revenue_minor USD 2019-01-01 2500000 @2",
            "block 1: bad_money: `value`: `M02`: more than 2 digits after the point",
            "block 0: bad_time: `month`: no month since 2000 in the format of the mapping",
            "block 1: bad_time: `month`: no month since 2000 in the format of the mapping",
            "block 0: missing_field: `node_id` is required",
            "block 1: missing_field: `node_id` is required",
        ]
    );
    assert_eq!(
        wide("ana,2019,\"1,5\",99999999999999999999\n"),
        [
            "block 0: bad_money: `value`: `M01`: no decimal number in the notation of the mapping",
            "block 1: bad_money: `value`: `M02`: out of range",
        ]
    );
}

#[test]
fn a_long_sheet_has_metrics_of_every_unit() {
    assert_eq!(
        long(
            "ana,revenue_minor,,2026-07,1000.5\nana,revenue_minor,JPY,2026-07-31,1000\nana,wins,,2026-07-01,12\n\
             ana,close_per_contact,,2026-07,0.031\nana,talk_s,,2026-07,3600\n"
        ),
        [
            "ana revenue_minor USD 2026-07-01 100050 @2",
            "ana revenue_minor JPY 2026-07-01 1000 @3",
            "ana wins - 2026-07-01 12 @4",
            "ana close_per_contact - 2026-07-01 31000 @5",
            "ana talk_s - 2026-07-01 3600 @6",
        ]
    );
}

#[test]
fn a_long_sheet_is_refused_where_it_does_not_say_what_it_means() {
    assert_eq!(
        long(
            "ana,revenue_minor,JPY,2026-07,1.5\nana,wins,,2026-07,1.5\nana,close_per_contact,,2026-07,0.0000001\n\
             ana,wins,,2026-07,12 %\nana,wins,USD,2026-07,1\nana,revenue_minor,usd,2026-07,1\n\
             ana,calls,,2026-07,1\nana,value_per_win_minor,,2026-07,1\nana,,,2026-07,1\nana,wins,,,1\n\
             ana,calls,usd,never,\n"
        ),
        [
            "block 0: bad_money: `value`: `value`: no whole number",
            "block 0: mapping_failed: `value`: `value`: no whole number",
            "block 0: mapping_failed: `value`: `value`: more than 6 digits after the point",
            "block 0: mapping_failed: `value`: `value`: no decimal number in the notation of the mapping",
            "block 0: bad_money: `currency`: metric `wins`: it is no money, so it has no currency `USD`",
            "block 0: bad_money: `currency`: no ISO 4217 code",
            "block 0: mapping_failed: `metric`: it has several meanings; say `dials` or `connects`",
            "block 0: mapping_failed: `metric`: a target of money is the sum of one currency; name the currency",
            "block 0: missing_field: `metric` is required",
            "block 0: missing_field: `month` is required",
        ]
    );
    let without = parse(&LONG.replace("currency = \"USD\"\n", "")).expect("mapping");
    let text = "node,metric,ccy,month,value\nana,revenue_minor,,2026-07,1\n";
    assert_eq!(
        said(&without, &stamper(), text),
        [
            "block 0: missing_currency: `currency`: metric `revenue_minor`: a target of money is the sum of one \
          currency; name the currency"
        ]
    );
}

#[test]
fn months_may_be_dates_and_numbers_as_their_source_writes_them() {
    let mapping = LONG
        .replace(
            "month = \"month\"",
            "month = { column = \"month\", time = \"%d.%m.%Y\" }",
        )
        .replace(
            "value = \"value\"",
            "value = { column = \"value\", decimal = \"1.234,56\", times = 10000 }",
        );
    let text = "node,metric,ccy,month,value\nana,revenue_minor,CNY,15.07.2026,\"1.234,56789\"\n";
    assert_eq!(
        said(&parse(&mapping).expect("mapping"), &stamper(), text),
        ["ana revenue_minor CNY 2026-07-01 1234567890 @2"]
    );
}

#[test]
fn conditions_and_maps_hold_for_cells_too() {
    let mapping = LONG
        .replace(
            "[emit.fields]",
            "where = [{ column = \"node\", not_in = [\"total\"] }]\n[emit.fields]",
        )
        .replace("metric = \"metric\"", "metric = { column = \"metric\", map = \"kpi\" }");
    let with_map = |name: &str| format!("{mapping}[maps.kpi]\n\"Deals\" = \"{name}\"\n");
    let text = "node,metric,ccy,month,value\nana,Deals,,2026-07,3\ntotal,Deals,,2026-07,3\nana,Other,,2026-07,3\n";
    assert_eq!(
        said(&parse(&with_map("wins")).expect("mapping"), &stamper(), text),
        [
            "ana wins - 2026-07-01 3 @2",
            "block 0: mapping_failed: `metric`: the value has no entry in `maps.kpi`, which has no `*`",
        ]
    );
    assert_eq!(
        faults(&with_map("conversion")),
        [
            "`maps.kpi`: `conversion`: it has several meanings; say `close_per_contact`, `close_per_pitch` or \
          `win_per_decided`"
        ]
    );
}

#[test]
fn the_sheet_of_adventureworks_knows_its_people_by_another_id() {
    let mapping = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../deploy/mappings")
            .join(name);
        parse(&std::fs::read_to_string(path).expect("text")).expect("mapping")
    };
    let mut stamper = stamper();
    let people = "EmployeeKey,EmployeeID,Name,Title,SalesTerritoryKey,ParentEmployeeKey\n\
                  272,5020,Ann,Sales Manager,11,277\n281,8415,Bob,Sales Representative,2,272\n";
    let (drafts, _) = drafts_of(&mapping("adventureworks_people.toml"), &stamper, people);
    let mut teams = Vec::new();
    for draft in drafts {
        let event = draft.expect("accepted").event;
        if let Data::People(data) = &event.data {
            teams.extend(
                data.team_id
                    .as_ref()
                    .map(|id| format!("{} in {}", data.rep_id, id.as_str())),
            );
        }
        stamper.directory_mut().observe(&event);
    }
    assert_eq!(teams, ["272 in team-277", "281 in team-272"]);
    let targets = mapping("adventureworks_targets.toml");
    assert!(targets.is_of_targets());
    assert_eq!(targets.event_types().count(), 0);
    let text = "Year,EmployeeID,M01,M02,M03,M04,M05,M06,M07,M08,M09,M10,M11,M12\n\
                2017,8415,-,-,-,-,-,-,-,-,-,-,100,200\n2017,5021,-,-,-,-,-,-,-,-,-,-,-,5\n";
    let said = said(&targets, &stamper, text);
    assert_eq!(
        said,
        [
            "281 revenue_minor USD 2017-11-01 10000000 @2",
            "281 revenue_minor USD 2017-12-01 20000000 @2",
            "block 11: unknown_rep: `node_id`: no people event names this rep; import people first",
        ]
    );
}

#[test]
fn aliases_that_nobody_introduced_are_kept_apart_from_the_companys_ids() {
    let mapping = parse(&format!("rep_namespace = \"aliases\"\n{WIDE}")).expect("mapping");
    assert_eq!(
        said(&mapping, &stamper(), "Who,Year,M01,M02\n272,2019,1,\n"),
        ["sheet:272 revenue_minor USD 2019-01-01 100000 @2"]
    );
}

#[test]
fn a_mapping_of_targets_gives_no_events() {
    let mapping = parse(WIDE).expect("mapping");
    let (drafts, notes) = drafts_of(&mapping, &stamper(), "Who,Year,M01,M02\nana,2019,1,1\n");
    assert_eq!((drafts.len(), notes.skipped), (0, 1));
    let events = parse(CRM).expect("mapping");
    assert!(!events.is_of_targets());
    let row = "A,Ann,P,X,Won,2016-10-20,2017-03-01,1\n";
    assert_eq!(said(&events, &stamper(), &format!("{CRM_HEADER}\n{row}")), [""; 0]);
}
