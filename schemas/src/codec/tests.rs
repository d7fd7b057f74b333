use super::*;

const WON: &str = r#"{"specversion":"1.0","type":"paceline.deal.won","source":"//acme/file/crm","id":"D1/deal.won:90b17c33d2e4a015",
 "time":"2017-03-01T06:00:00Z","data":{"rep_id":"Moses Frase","site_id":"central","business_date":"2017-03-01",
 "hour":"2017-03-01T06:00:00Z","currency":"USD","deal_id":"D1","amount_minor":105400,"credit_minor":105400}}"#;

/// What of the event is replaced by what, the reason of the refusal, and what its detail names.
const REFUSED: &[(&str, &str, Reason, &str)] = &[
    (
        r#""specversion":"1.0""#,
        r#""specversion":"2.0""#,
        Reason::BadEnvelope,
        "specversion",
    ),
    (
        "paceline.deal.won",
        "paceline.deal.married",
        Reason::UnknownType,
        "type",
    ),
    ("paceline.deal.won", "deal.won", Reason::UnknownType, "type"),
    (r#""source":"//acme/file/crm","#, "", Reason::BadEnvelope, "source"),
    (
        "2017-03-01T06:00:00Z\",\"data",
        "2017-03-01T06:00:00\",\"data",
        Reason::BadTime,
        "time",
    ),
    (
        "2017-03-01T06:00:00Z\",\"data",
        "1970-01-01T06:00:00Z\",\"data",
        Reason::BadTime,
        "time",
    ),
    (r#""rep_id":"Moses Frase","#, "", Reason::MissingField, "data.rep_id"),
    (
        r#""rep_id":"Moses Frase""#,
        r#""rep_id":null"#,
        Reason::MissingField,
        "data.rep_id",
    ),
    (
        r#""amount_minor":105400,"#,
        "",
        Reason::MissingField,
        "data.amount_minor",
    ),
    (
        r#""amount_minor":105400"#,
        r#""amount_minor":-9223372036854775808"#,
        Reason::BadMoney,
        "data.amount_minor",
    ),
    (
        r#""amount_minor":105400"#,
        r#""amount_minor":1054.5"#,
        Reason::BadMoney,
        "data.amount_minor",
    ),
    (
        r#""amount_minor":105400"#,
        r#""amount_minor":-1"#,
        Reason::BadMoney,
        "data.amount_minor",
    ),
    (
        r#""deal_id":"D1""#,
        r#""deal_id":7"#,
        Reason::SchemaViolation,
        "data.deal_id",
    ),
    (
        r#""business_date":"2017-03-01""#,
        r#""business_date":"03/01/2017""#,
        Reason::SchemaViolation,
        "data.business_date",
    ),
    (
        r#""specversion""#,
        r#""dataschema":"urn:paceline:event:deal.won:9.0","specversion""#,
        Reason::UnsupportedVersion,
        "9",
    ),
    (
        r#""specversion""#,
        r#""dataschema":"urn:paceline:event:deal.won:0.1","specversion""#,
        Reason::UnsupportedVersion,
        "0",
    ),
    (
        r#""data":{"#,
        r#""data_base64":"AA==","data":{"#,
        Reason::Malformed,
        "data_base64",
    ),
    ("}}", "}", Reason::Malformed, "line"),
];

fn reason_of(text: &str) -> (Reason, String) {
    let refused = decode(text.as_bytes(), Limits::default()).expect_err("refused");
    (refused.reject.reason, refused.reject.detail)
}

#[test]
fn what_is_written_reads_the_same() {
    let event = decode(WON.as_bytes(), Limits::default()).expect("event");
    assert_eq!(decode(&encode(&event), Limits::default()).expect("event"), event);
}

#[test]
fn every_way_to_be_refused_names_its_place() {
    for (from, to, reason, names) in REFUSED {
        let text = WON.replace('\n', "").replacen(from, to, 1);
        assert_ne!(text, WON.replace('\n', ""), "{from}");
        let (found, detail) = reason_of(&text);
        assert_eq!(found, *reason, "{from} -> {to}: {detail}");
        assert!(detail.contains(names), "{detail}");
    }
    assert_eq!(reason_of("").0, Reason::Tombstone);
    let null = r#"{"specversion":"1.0","type":"paceline.deal.won","source":"s","id":"i","time":"2017-03-01T06:00:00Z","data":null}"#;
    assert_eq!(reason_of(null).0, Reason::NoData);
}

#[test]
fn deep_and_large_records_are_refused_before_they_are_parsed() {
    assert_eq!(reason_of(&"[".repeat(60_000)).0, Reason::Malformed);
    let limits = Limits {
        event_bytes_max: 2 << 20,
        ..Limits::default()
    };
    let refused = decode("[".repeat(1 << 20).as_bytes(), limits).expect_err("refused");
    assert_eq!(refused.reject.reason, Reason::Malformed);
    assert_eq!(reason_of(&WON.replace("D1", &"x".repeat(70_000))).0, Reason::TooLarge);
}

#[test]
fn one_bad_record_does_not_spoil_its_batch() {
    let (events, refused) = decode_batch([WON.as_bytes(), b"{", WON.as_bytes()], Limits::default());
    assert_eq!(events.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(refused.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1]);
}

#[test]
fn unknown_fields_are_ignored_and_nulls_are_absent() {
    let text = WON
        .replace('\n', "")
        .replacen(r#""deal_id""#, r#""future":{"x":[1]},"campaign_id":null,"deal_id""#, 1);
    assert!(decode(text.as_bytes(), Limits::default()).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _refused = decode(&bytes, Limits::default());
    }

    #[test]
    fn no_damaged_event_makes_the_decoder_panic(at in 0_usize..400, byte in proptest::num::u8::ANY) {
        let mut bytes = WON.as_bytes().to_vec();
        if let Some(slot) = bytes.get_mut(at) { *slot = byte; }
        let _outcome = decode(&bytes, Limits::default());
    }
}
