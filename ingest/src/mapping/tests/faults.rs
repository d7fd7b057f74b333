use super::*;

fn faults(text: &str) -> Vec<String> {
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
