use super::*;

pub(super) fn faults(text: &str) -> Vec<String> {
    parse(text)
        .expect_err("faults")
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn all_faults_of_a_mapping_are_told_with_their_paths() {
    let text = r#"
mapping = "a/b"
connection = "c"
encoding = "latin"
zone = "Mars/Base"
currency = "usd"

[fields]
nonsense = "x"

[[emit]]
type = "deal.won"
where = [{ column = "stage" }]
[emit.fields]
rep_id = { column = "rep", unit = "s" }
amount_minor = { column = "amount", decimal = "1234" }
customer_key = "phone"
credit_minor = "x"
customer_kind = { const = "old" }
quantity = { column = "n", map = "none" }
lead_source = { column = "a", first_of = ["b"] }
product_id = { column = "p", pattern = "(" }

[[emit]]
type = "deal.amended"

[[emit]]
type = "deal.sold"

[maps.unused]
"a" = "b"
"#;
    let faults = faults(text);
    for path in [
        "mapping",
        "encoding",
        "zone",
        "currency",
        "fields.nonsense",
        "emit[0].where[0]",
        "emit[0].fields",
        "emit[0].fields.rep_id.unit",
        "emit[0].fields.amount_minor.decimal",
        "emit[0].fields.customer_key",
        "emit[0].fields.credit_minor",
        "emit[0].fields.customer_kind.const",
        "emit[0].fields.quantity.map",
        "emit[0].fields.lead_source",
        "emit[0].fields.product_id.pattern",
        "emit[1].type",
        "emit[2].type",
        "maps.unused",
    ] {
        assert!(
            faults.iter().any(|fault| fault.starts_with(&format!("`{path}`: "))),
            "{path} in {faults:#?}"
        );
    }
    assert!(
        faults.contains(&"`emit[0].fields`: `deal.won` needs `time`".to_owned()),
        "{faults:#?}"
    );
}

#[test]
fn a_map_must_lead_to_symbols_of_its_field() {
    let faults = faults(&CDR.replace("\"sale\"", "\"sold\""));
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("`maps.result`: `sold`: expected one of undisposed, "),
        "{}",
        faults[0]
    );
}

#[test]
fn keys_that_are_not_known_are_named_with_their_line() {
    let faults = faults(&CRM.replace("rep_namespace", "rep_name"));
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].starts_with("`line 5`: unknown field `rep_name`"),
        "{}",
        faults[0]
    );
    let nested = parse(&CRM.replace("alias =", "aka =")).expect_err("fault");
    assert!(nested[0].message.contains("aka"), "{nested:?}");
}

#[test]
fn mappings_that_are_shipped_have_no_fault() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/mappings");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(parse(&text).err(), None, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 7, "{seen} mappings");
}

#[test]
fn faults_of_cells_are_told_at_once_with_their_paths() {
    let text = r#"
mapping = "m"
connection = "c"
[fields]
rep_id = "rep"
node_id = { column = "who", unit = "s" }
[[emit]]
type = "target.cell"
[emit.fields]
metric = { const = "calls" }
month = { column = "y", month = 13 }
value = { column = "a", times = 0, decimal = "1234" }
[[emit]]
type = "target.cell"
[emit.fields]
metric = { const = "revenue_minor" }
month = { column = "d", month = 1, time = "%Y-%m-%d" }
value = { const = "many" }
time = "d"
[[emit]]
type = "target.cell"
[emit.fields]
metric = { const = "wins", times = 2 }
currency = { const = "USD" }
month = { column = "d", time = "rfc3339" }
value = "a"
[[emit]]
type = "target.cell"
[[emit]]
type = "deal.cancelled"
[emit.fields]
rep_id = "rep"
time = { column = "d", time = "rfc3339", month = 1 }
reason = { const = "customer" }
[attributes]
note = "n"
"#;
    let starts = [
        "`emit[0].fields.metric.const`: `calls`: it has several meanings; say `dials` or `connects`",
        "`emit[0].fields.month.month`: expected 1 to 12",
        "`emit[0].fields.value.decimal`: ",
        "`emit[0].fields.value.times`: expected 1 to 1000000000",
        "`emit[1].fields`: metric `revenue_minor`: a target of money is the sum of one currency; name the currency",
        "`emit[1].fields.month`: expected `month` for a year, or `time` for a date, not both",
        "`emit[1].fields.time`: `target.cell` has no field `time`; it has node_id, metric, currency, month, value",
        "`emit[1].fields.value.const`: `many`: no decimal number",
        "`emit[2].fields`: metric `wins`: it is no money, so it has no currency `USD`",
        "`emit[2].fields.metric.times`: `metric` takes no `times`",
        "`emit[2].fields.month.time`: expected a strftime pattern of a date",
        "`emit[3].fields`: `target.cell` needs `metric`",
        "`emit[3].fields`: `target.cell` needs `month`",
        "`emit[3].fields`: `target.cell` needs `value`",
        "`emit[4].type`: a mapping with blocks of type `target.cell` has no others",
        "`emit[4].fields.time.month`: `time` takes no `month`",
        "`fields.node_id.unit`: `node_id` takes no `unit`",
        "`attributes`: targets have no labels",
    ];
    let faults = faults(text);
    for start in starts {
        assert!(
            faults.iter().any(|fault| fault.starts_with(start)),
            "{start} in {faults:#?}"
        );
    }
    assert_eq!(faults.len(), starts.len(), "{faults:#?}");
}
