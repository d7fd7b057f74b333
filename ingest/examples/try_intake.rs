#![allow(clippy::print_stdout, clippy::unwrap_used)]
use paceline_ingest::{import, mapping, stamp, privacy};
use paceline_schemas::{ids::*, site::Site, time::Instant, event::Data};
use std::collections::BTreeMap;
fn main() {
    let site = Site::utc(SiteId::new("main").unwrap(), Currency::new("USD").unwrap());
    let mut stamper = stamp::Stamper::new("acme", vec![site], &SiteId::new("main").unwrap(), privacy::Pepper::first(b"x"), stamp::Rules::default()).unwrap();
    let received = Instant::parse("2026-11-25T00:00:00Z").unwrap();
    let args: Vec<String> = std::env::args().skip(1).collect();
    for pair in args.chunks(2) {
        let text = std::fs::read_to_string(&pair[1]).unwrap();
        let m = match mapping::parse(&text) { Ok(m) => m, Err(f) => { for f in f { println!("{f}"); } return; } };
        let start = std::time::Instant::now();
        let mut rows = match import::open(std::path::Path::new(&pair[0]), &m) { Ok(r) => r, Err(e) => { println!("{e}"); continue; } };
        let mut notes = mapping::Notes::default();
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        let mut amount = 0; let mut n = 0; let mut talk = 0;
        for read in rows.by_ref() {
            match read.unwrap() {
                import::Read::Row(row) => for d in m.drafts(&row, &stamper, received, &mut notes) {
                    match d {
                        Ok(d) => {
                            if let Data::Deal(x) = &d.event.data { amount += x.amount_minor.map_or(0, |a| a.0); }
                            if let Data::Call(x) = &d.event.data { talk += x.talk_ms.map_or(0, |a| a.0); }
                            if n < 2 { println!("{}", String::from_utf8(paceline_schemas::codec::encode(&d.event)).unwrap()); }
                            n += 1;
                            *counts.entry(d.event.envelope.event_type.name().to_owned()).or_default() += 1;
                            if matches!(d.event.data, Data::People(_)) { stamper.directory_mut().observe(&d.event); }
                        }
                        Err(r) => *counts.entry(format!("reject {} {}", r.event_type.name(), r.reject)).or_default() += 1,
                    }
                },
                import::Read::Refused(r) => *counts.entry(format!("refused {}", r.reject)).or_default() += 1,
            }
        }
        let took = start.elapsed();
        println!("{} {:?} amount {} talk {} rows {} skipped {} reps {} pos {:?} {:?} us/row {:.2} unmapped {:?} values {:?}", pair[0], counts, amount, talk, notes.rows, notes.skipped, stamper.directory().len(), rows.position(), took, took.as_secs_f64()*1e6/notes.rows as f64, rows.unmapped_columns(), notes.unmapped_values);
    }
}
