mod faults;
mod targets;

use super::*;
use paceline_schemas::event::{Call, Data, Deal, People};
use paceline_schemas::ids::{Currency, SiteId};
use paceline_schemas::reject::Reason;
use paceline_schemas::site::Site;
use paceline_schemas::symbol::{CreditRole, Flag};
use paceline_schemas::time::{Day, Instant};

use crate::draft::Draft;
use crate::import::{self, Read, Row};
use crate::privacy::Pepper;
use crate::stamp::{Rules, Stamper};

const CRM: &str = r#"
mapping = "crm-deals"
connection = "crm"
entity = ["opportunity_id"]
rep_namespace = "company"
null = [""]
currency = "USD"

[fields]
deal_id = "opportunity_id"
rep_id = "sales_agent"
product_id = { column = "product", alias = { "GTXPro" = "GTX Pro" } }
customer_ref = "account"

[[emit]]
type = "deal.opened"
[emit.fields]
time = { column = "engage_date", time = "%Y-%m-%d" }

[[emit]]
type = "deal.won"
where = [{ column = "deal_stage", in = ["Won"] }]
[emit.fields]
time = { column = "close_date", time = "%Y-%m-%d" }
amount_minor = "close_value"

[[emit]]
type = "deal.lost"
where = [{ column = "deal_stage", in = ["Lost"] }]
[emit.fields]
time = { column = "close_date", time = "%Y-%m-%d" }
lost_reason = { const = "unknown" }
"#;

const CRM_HEADER: &str = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value";

const CDR: &str = r#"
mapping = "acme-cdr"
connection = "cdr"
entity = ["话单号", "序号"]
rep_namespace = "aliases"
format = "csv"
encoding = "gb18030"
delimiter = ","
header = true
zone = "Asia/Shanghai"
null = ["", "NULL", "\\N", "-"]
country = "CN"
currency = "CNY"

[[emit]]
type = "call.completed"
where = [{ column = "类型", in = ["外呼", "点击外呼"] }]

[emit.fields]
call_id = "话单号"
leg_id = "序号"
rep_id = "工号"
direction = { const = "outbound" }
started_at = { column = "开始时间", time = "%Y-%m-%d %H:%M:%S" }
answered_at = { column = "接通时间", time = "epoch_s" }
ended_at = { columns = ["日期", "挂机时刻"], time = "%Y/%m/%d %H:%M" }
talk_ms = { column = "通话秒数", unit = "s" }
phone = { column = "客户号码", strip = "^9" }
lead_id = { column = "备注", pattern = "lead-(\\d+)" }
campaign_id = { first_of = ["活动", "队列"] }
disposition = { column = "结果", map = "result" }

[maps.result]
"成交" = "sale"
"无人接听" = "no_answer"
"*" = "undisposed"

[attributes]
batch = "批次"
"#;

const CDR_HEADER: &str =
    "话单号,序号,工号,类型,开始时间,接通时间,日期,挂机时刻,通话秒数,客户号码,备注,活动,队列,结果,批次";

fn stamper() -> Stamper {
    let main = SiteId::new("main").expect("id");
    let site = Site::utc(main.clone(), Currency::new("USD").expect("currency"));
    Stamper::new("acme", vec![site], &main, Pepper::first(b"test"), Rules::default()).expect("stamper")
}

fn received() -> Instant {
    Instant::parse("2026-11-25T00:00:00Z").expect("instant")
}

type Drafts = Vec<Result<Draft, Rejected>>;

fn rows_of(mapping: &CompiledMapping, text: &str) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("rows.csv");
    let bytes = match mapping.layout().encoding {
        import::Encoding::Gb18030 => encoding_rs::GB18030.encode(text).0.into_owned(),
        import::Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => text.as_bytes().to_vec(),
    };
    std::fs::write(&path, bytes).expect("write");
    let row = |read| match read {
        Ok(Read::Row(row)) => row,
        other => panic!("{other:?}"),
    };
    import::open(&path, mapping).expect("rows").map(row).collect()
}

fn drafts_of(mapping: &CompiledMapping, stamper: &Stamper, text: &str) -> (Drafts, Notes) {
    let mut notes = Notes::default();
    let mut drafts = Vec::new();
    for row in rows_of(mapping, text) {
        drafts.extend(mapping.drafts(&row, stamper, received(), &mut notes));
    }
    (drafts, notes)
}

fn crm(rows: &str) -> Drafts {
    drafts_of(
        &parse(CRM).expect("mapping"),
        &stamper(),
        &format!("{CRM_HEADER}\n{rows}"),
    )
    .0
}

fn cdr(rows: &str) -> (Drafts, Notes) {
    drafts_of(
        &parse(CDR).expect("mapping"),
        &stamper(),
        &format!("{CDR_HEADER}\n{rows}"),
    )
}

fn deal(draft: &Draft) -> &Deal {
    match &draft.event.data {
        Data::Deal(data) => data,
        other => panic!("{other:?}"),
    }
}

fn call(draft: &Draft) -> &Call {
    match &draft.event.data {
        Data::Call(data) => data,
        other => panic!("{other:?}"),
    }
}

fn only(drafts: Drafts) -> Draft {
    let mut drafts = drafts.into_iter();
    let first = drafts.next().expect("a draft").expect("accepted");
    assert_eq!(drafts.next(), None);
    first
}

fn one_block(event_type: &str, fields: &str) -> String {
    format!(
        "mapping = \"m\"\nconnection = \"c\"\nentity = [\"id\"]\n[[emit]]\ntype = \"{event_type}\"\n[emit.fields]\n{fields}"
    )
}

#[test]
fn a_won_deal_gives_its_opening_and_its_win() {
    let drafts = crm("1C1I7A6R,Moses Frase,GTXPro,Cancity,Won,2016-10-20,2017-03-01,1054\n");
    let drafts: Vec<Draft> = drafts.into_iter().collect::<Result<_, _>>().expect("accepted");
    let names: Vec<&str> = drafts
        .iter()
        .map(|draft| draft.event.envelope.event_type.name())
        .collect();
    assert_eq!(names, ["deal.opened", "deal.won"]);
    let won = &drafts[1];
    assert_eq!(won.event.envelope.source.as_str(), "//acme/file/crm");
    assert_eq!(won.event.envelope.time.to_string(), "2017-03-01T00:00:00Z");
    let data = deal(won);
    assert_eq!(
        (data.deal_id.as_str(), data.rep_id.as_str()),
        ("1C1I7A6R", "Moses Frase")
    );
    assert_eq!(data.product_id.as_ref().map(|id| id.as_str()), Some("GTX Pro"));
    assert_eq!(data.amount_minor.map(|amount| amount.0), Some(105_400));
    assert_eq!(
        (data.currency.as_str(), data.business_date.map(|day| day.to_string())),
        ("USD", Some("2017-03-01".to_owned()))
    );
    assert_eq!(data.flags.joined(), "site_defaulted time_of_day_assumed");
    assert_eq!(
        data.customer_key,
        Pepper::first(b"test").account("//acme/file/crm", "Cancity")
    );
    assert_eq!(
        (won.entity.as_str(), won.origin.line, won.origin.block),
        ("1C1I7A6R", 2, 1)
    );
    assert_eq!(
        (&*won.origin.mapping, won.origin.file.name.as_str()),
        ("crm-deals", "rows.csv")
    );
}

#[test]
fn blocks_of_a_row_stand_alone() {
    let drafts =
        crm("A,Ann,P,,Lost,2016-10-20,2017-03-01,0\nB,Ann,P,X,Engaging,2016-10-20,,\nC,Ann,P,,Prospecting,,,\n");
    let outcomes: Vec<String> = drafts
        .iter()
        .map(|draft| match draft {
            Ok(draft) => format!("{} {}", draft.entity, draft.event.envelope.event_type.name()),
            Err(rejected) => format!("{} {}", rejected.entity.as_deref().unwrap_or("?"), rejected.reject),
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            "A deal.opened",
            "A deal.lost",
            "B deal.opened",
            "C missing_field: `time` is required"
        ]
    );
    assert_eq!(
        drafts[1].as_ref().map(|draft| deal(draft).customer_key.clone()),
        Ok(None)
    );
}

#[test]
fn amounts_that_cannot_be_are_refused() {
    let reason = |amount: &str| {
        let drafts = crm(&format!("A,Ann,P,X,Won,2016-10-20,2017-03-01,\"{amount}\"\n"));
        drafts[1].as_ref().err().map(|rejected| rejected.reject.reason)
    };
    assert_eq!(reason("1.005"), None);
    for amount in ["1,054", "-1", "many", "99999999999999999"] {
        assert_eq!(reason(amount), Some(Reason::BadMoney), "{amount}");
    }
    assert_eq!(reason(""), Some(Reason::MissingField));
}

#[test]
fn a_dialers_row_is_converted_in_every_field() {
    let start = "2026-06-01 10:00:00";
    let answered = Instant::parse("2026-06-01T02:00:20Z").expect("instant").0 / 1_000_000;
    let row =
        format!("77,2,工9,外呼,{start},{answered},2026/06/01,10:02,100,913800138001,call lead-42 back,-,q7,成交,b1\n");
    let draft = only(cdr(&row).0);
    let data = call(&draft);
    assert_eq!(draft.entity, "77:2");
    assert_eq!(
        (data.call_id.as_str(), data.leg_id.as_str(), data.rep_id.as_str()),
        ("77", "2", "cdr:工9")
    );
    assert_eq!(
        data.started_at.map(|t| t.to_string()).as_deref(),
        Some("2026-06-01T02:00:00Z")
    );
    assert_eq!(draft.event.envelope.time.to_string(), "2026-06-01T02:02:00Z");
    assert_eq!(data.talk_ms.map(|ms| ms.0), Some(100_000));
    assert_eq!(
        data.phone_masked.as_ref().map(|mask| mask.as_str()),
        Some("+86*********01")
    );
    assert_eq!(data.lead_id.as_ref().map(|id| id.as_str()), Some("42"));
    assert_eq!(data.campaign_id.as_ref().map(|id| id.as_str()), Some("q7"));
    assert_eq!(data.disposition_native.as_ref().map(|code| code.as_str()), Some("成交"));
    assert_eq!(data.attributes.0.get("batch"), Some(&"b1".into()));
    assert_eq!(data.flags.joined(), "rep_unmapped site_defaulted time_assumed");
}

#[test]
fn rows_no_block_takes_are_skipped_and_values_no_map_has_are_told() {
    let row =
        |kind: &str, result: &str| format!("7,1,9,{kind},2026-06-01 10:00:00,0,2026/06/01,10:02,0,,,,,{result},\n");
    let (drafts, notes) = cdr(&[row("呼入", "成交"), row("外呼", "新结果")].concat());
    let draft = only(drafts);
    assert_eq!((notes.rows, notes.skipped), (2, 1));
    let unmapped: Vec<_> = notes.unmapped_values.into_iter().collect();
    assert_eq!(unmapped, [(("result".to_owned(), "新结果".to_owned()), 1)]);
    let data = call(&draft);
    assert!(data.flags.has(Flag::DispositionUnmapped));
    assert_eq!((data.answered_at, data.customer_key.clone()), (None, None));
}

#[test]
fn a_map_without_star_refuses_values_that_it_lacks() {
    let mapping = parse(&CDR.replace("\"*\" = \"undisposed\"\n", "")).expect("mapping");
    let row = "7,1,9,外呼,2026-06-01 10:00:00,0,2026/06/01,10:02,0,,,,,新,\n";
    let (drafts, notes) = drafts_of(&mapping, &stamper(), &format!("{CDR_HEADER}\n{row}"));
    let rejected = drafts.into_iter().next().expect("outcome").expect_err("refused");
    assert_eq!(rejected.reject.reason, Reason::MappingFailed);
    assert!(!rejected.reject.detail.contains('新'), "{}", rejected.reject.detail);
    assert_eq!(notes.unmapped_values.len(), 1);
}

#[test]
fn reps_are_resolved_by_their_aliases() {
    let people = one_block(
        "rep.hired",
        "rep_id = \"id\"\nhired_on = { const = \"1998-05-01\" }\nrole = { const = \"seller\" }\nsite_id = { const = \"main\" }\nteam_id = \"team\"\nfte_bp = \"fte\"\naliases = [{ source = { const = \"cdr\" }, native_id = \"ext\" }]",
    );
    let mut stamper = stamper();
    let (drafts, _) = drafts_of(
        &parse(&people).expect("mapping"),
        &stamper,
        "id,team,fte,ext\nAna,t1,10000,9\n",
    );
    let hired = only(drafts);
    assert_eq!(hired.event.envelope.time.to_string(), "2000-01-01T00:00:00Z");
    let Data::People(data) = &hired.event.data else {
        panic!("{hired:?}")
    };
    assert_eq!(data.hired_on, Day::parse("1998-05-01").ok());
    stamper.directory_mut().observe(&hired.event);
    let row = "7,1,9,外呼,2026-06-01 10:00:00,0,2026/06/01,10:02,0,,,,,成交,\n";
    let mapping = parse(CDR).expect("mapping");
    let (drafts, _) = drafts_of(&mapping, &stamper, &format!("{CDR_HEADER}\n{row}"));
    let draft = only(drafts);
    assert_eq!(
        (call(&draft).rep_id.as_str(), call(&draft).flags.joined().as_str()),
        ("Ana", "time_assumed")
    );
    let strict = parse(&format!("unknown_rep = \"reject\"\n{CDR}")).expect("mapping");
    let (drafts, _) = drafts_of(
        &strict,
        &stamper,
        &format!("{CDR_HEADER}\n{}", row.replace(",9,", ",8,")),
    );
    assert_eq!(
        drafts[0].as_ref().err().map(|rejected| rejected.reject.reason),
        Some(Reason::UnknownRep)
    );
}

#[test]
fn a_row_may_yield_several_facts_about_people() {
    let text = r#"
mapping = "p"
connection = "people"
entity = ["name"]
[fields]
valid_from = { const = "2016-01-01" }
[[emit]]
type = "org.defined"
[emit.fields]
node_id = "office"
kind = { const = "site" }
name = "office"
[[emit]]
type = "rep.absent"
where = [{ column = "sick", blank = false }]
[emit.fields]
rep_id = "name"
from = { column = "sick", time = "%d.%m.%Y" }
to = { column = "sick", time = "%d.%m.%Y" }
kind = { const = "sick" }
portion_bp = { const = 10000 }
"#;
    let (drafts, _) = drafts_of(
        &parse(text).expect("mapping"),
        &stamper(),
        "name,office,sick\nAna,East,1.12.2027\nBob,East,\n",
    );
    let people: Vec<People> = drafts
        .into_iter()
        .map(|draft| match draft.expect("accepted").event.data {
            Data::People(data) => *data,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(people.len(), 3);
    assert_eq!(people[1].from, Day::parse("2027-12-01").ok());
    assert_eq!(people[2].node_id.as_ref().map(|id| id.as_str()), Some("East"));
}

#[test]
fn sales_of_a_floor_without_crm_are_deals() {
    let mapping = parse(&format!("deals_from_sales = true\n{CDR}")).expect("mapping");
    let row = "7,1,9,外呼,2026-06-01 10:00:00,0,2026/06/01,10:02,0,13800138001,,c1,,成交,\n";
    let (drafts, _) = drafts_of(&mapping, &stamper(), &format!("{CDR_HEADER}\n{row}"));
    let drafts: Vec<Draft> = drafts.into_iter().collect::<Result<_, _>>().expect("accepted");
    let (sale, won) = (call(&drafts[0]), deal(&drafts[1]));
    assert_eq!((won.deal_id.as_str(), drafts[1].entity.as_str()), ("call:7", "call:7"));
    assert_eq!((won.amount_minor.map(|a| a.0), won.currency.as_str()), (Some(0), "USD"));
    assert_eq!(won.customer_key, sale.customer_key);
    assert_eq!(
        drafts[1].event.envelope.causationid,
        Some(drafts[0].event.envelope.id.clone())
    );
    assert_eq!(drafts[1].event.envelope.time, drafts[0].event.envelope.time);
}

#[test]
fn splits_name_every_credited_rep() {
    let fields = r#"time = { column = "day", time = "%Y-%m-%d" }
amount_minor = "amount"
currency = "ccy"
splits = [
  { rep_id = "a", role = { const = "owner" }, bp = "a_bp" },
  { rep_id = "b", role = { const = "split" }, bp = "b_bp" },
  { rep_id = "o", role = { const = "overlay" }, bp = { const = 2500 } },
]"#;
    let mapping = parse(&one_block("deal.won", fields)).expect("mapping");
    let text = "id,day,amount,ccy,a,a_bp,b,b_bp,o\nd1,2026-01-05,100,JPY,Ana,6000,Bob,4000,\nd2,2026-01-05,100,EUR,Ana,6000,,,Eva\n";
    let (drafts, _) = drafts_of(&mapping, &stamper(), text);
    let draft = drafts[0].as_ref().expect("accepted");
    let shares: Vec<(&str, CreditRole, i64)> = draft
        .splits
        .iter()
        .map(|share| (share.rep_id.as_str(), share.role, share.bp))
        .collect();
    assert_eq!(
        shares,
        [("Ana", CreditRole::Owner, 6_000), ("Bob", CreditRole::Split, 4_000)]
    );
    assert_eq!(
        (deal(draft).rep_id.as_str(), deal(draft).amount_minor.map(|a| a.0)),
        ("Ana", Some(100))
    );
    assert_eq!(
        drafts[1].as_ref().err().map(|rejected| rejected.reject.reason),
        Some(Reason::SchemaViolation)
    );
}

#[test]
fn a_blank_currency_is_the_mappings_and_none_is_refused() {
    let fields = "rep_id = \"rep\"\ntime = { column = \"day\", time = \"%Y-%m-%d\" }\namount_minor = \"amount\"\ncurrency = \"ccy\"";
    let text = "id,rep,day,amount,ccy\nd1,Ana,2026-01-05,100,\n";
    let block = one_block("deal.won", fields);
    let (drafts, _) = drafts_of(
        &parse(&format!("currency = \"EUR\"\n{block}")).expect("mapping"),
        &stamper(),
        text,
    );
    let draft = only(drafts);
    assert_eq!(deal(&draft).currency.as_str(), "EUR");
    assert!(deal(&draft).flags.has(Flag::CurrencyDefaulted));
    let (drafts, _) = drafts_of(&parse(&block).expect("mapping"), &stamper(), text);
    assert_eq!(
        drafts[0].as_ref().err().map(|rejected| rejected.reject.reason),
        Some(Reason::MissingCurrency)
    );
}

#[test]
fn revisions_are_numbers_or_instants() {
    let fields = "rep_id = \"rep\"\norigin = { const = \"list\" }\ntime = { column = \"t\", time = \"rfc3339\" }\nrevision = { column = \"v\", time = \"rfc3339\" }";
    let mapping = parse(&one_block("lead.assigned", fields)).expect("mapping");
    let text = "id,rep,t,v\nl1,Ana,2026-01-05T00:00:00Z,2026-01-06T00:00:00Z\n";
    let draft = only(drafts_of(&mapping, &stamper(), text).0);
    assert_eq!(
        draft.event.data.keyed().map(|keyed| keyed.revision),
        Some(1_767_657_600_000_000)
    );
}

#[test]
fn corrections_pass_without_what_versions_add() {
    let fields = "rep_id = \"rep\"\ntime = { column = \"t\", time = \"%Y-%m-%d\" }\nreason = { const = \"customer\" }";
    let text = "id,rep,t\nd1,Ana,2026-01-05\n";
    let draft = only(
        drafts_of(
            &parse(&one_block("deal.cancelled", fields)).expect("mapping"),
            &stamper(),
            text,
        )
        .0,
    );
    assert_eq!(deal(&draft).previous, None);
    let fields = "from_rep_id = \"rep\"\nto_rep_id = { const = \"Bob\" }\ntime = { column = \"t\", time = \"%Y-%m-%d\" }\nreason = { const = \"left\" }";
    let draft = only(
        drafts_of(
            &parse(&one_block("lead.transferred", fields)).expect("mapping"),
            &stamper(),
            text,
        )
        .0,
    );
    assert_eq!(
        draft
            .event
            .data
            .keyed()
            .map(|keyed| keyed.rep_id.to_string())
            .as_deref(),
        Some("Bob")
    );
}

#[test]
fn two_ways_of_writing_a_date_give_the_same_draft() {
    let other = CRM
        .replace("%Y-%m-%d", "%m/%d/%y")
        .replace("null = [\"\"]", "null = [\"00/00/0000\"]");
    let written = "A,Ann,P,X,Won,10/20/16,3/1/17,1054\nB,Ann,P,X,Engaging,10/20/16,00/00/0000,0\n";
    let (spreadsheet, _) = drafts_of(
        &parse(&other).expect("mapping"),
        &stamper(),
        &format!("{CRM_HEADER}\n{written}"),
    );
    let plain = crm("A,Ann,P,X,Won,2016-10-20,2017-03-01,1054\nB,Ann,P,X,Engaging,2016-10-20,,\n");
    let events = |drafts: Drafts| -> Vec<_> {
        drafts
            .into_iter()
            .map(|draft| draft.expect("accepted"))
            .map(|draft| (draft.entity, draft.event))
            .collect()
    };
    assert_eq!(events(spreadsheet), events(plain));
}
