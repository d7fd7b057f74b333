//! One process that serves, others that talk to it, and what is left when it dies.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use paceline_tests::sandbox::{DEADLINE, Dump, Running, Sandbox};

use crate::calls_file::{CallRow, calls_csv};
use crate::deals_file::{import_people, own_mapping};
use crate::encodings::gzip;

const TRANSIENT: Option<i32> = Some(4);
const PEOPLE: [(&str, &str); 2] = [("ada", "main"), ("bo", "main")];
/// Clock and checkpoints sixty times faster than the built-in ones: half a minute stands for half an hour.
const FAST: &str = r#"
[ingest]
tick_every = "1s"
[snapshots]
checkpoint_every = "1s"
state_every = "10s"
maintain_every = "10s"
retention = "0s"
"#;

fn serve(sandbox: &Sandbox) -> Running {
    let address = sandbox.data().join("run.json");
    let mut running = sandbox.start(&["run"]);
    running.wait_until("it can be reached", DEADLINE, || address.is_file());
    running
}

fn calls(from: u32, to: u32) -> String {
    let row = |number: u32| {
        let day = format!("2025-05-{:02}", 1 + number % 28);
        let rep = if number.is_multiple_of(3) { "bo" } else { "ada" };
        CallRow::plain(&format!("c{number}"), rep, &day, 8 + number % 9)
    };
    calls_csv(&(from..to).map(row).collect::<Vec<_>>())
}

fn import_calls(sandbox: &Sandbox, name: &str, text: &str) {
    let report = sandbox.import(&[&sandbox.file(name, text)], &own_mapping("calls.toml"));
    assert_eq!(report.rejected, 0, "{}", report.whole);
}

/// The tables that come of two files without a serving process.
fn expected() -> Dump {
    let sandbox = Sandbox::new();
    import_people(&sandbox, &PEOPLE);
    import_calls(&sandbox, "a.csv", &calls(0, 300));
    import_calls(&sandbox, "b.csv", &calls(300, 500));
    Dump::of(&sandbox)
}

#[test]
fn an_import_through_a_serving_process_can_be_read_at_once() {
    let sandbox = Sandbox::new();
    let running = serve(&sandbox);
    import_people(&sandbox, &PEOPLE);
    import_calls(&sandbox, "a.csv", &calls(0, 300));
    assert_eq!(sandbox.sql("SELECT SUM(dials) FROM agg_rep_day").number(), 300);
    import_calls(&sandbox, "b.csv", &calls(300, 500));
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM fct_call").number(), 500);
    let stopped = running.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    Dump::of(&sandbox).assert_same(&expected(), "through a process");
    sandbox.fsck();
}

#[test]
fn a_process_that_is_killed_after_an_import_loses_nothing() {
    let sandbox = Sandbox::new();
    let running = serve(&sandbox);
    import_people(&sandbox, &PEOPLE);
    import_calls(&sandbox, "a.csv", &calls(0, 300));
    drop(running);
    import_calls(&sandbox, "b.csv", &calls(300, 500));
    Dump::of(&sandbox).assert_same(&expected(), "after a kill");
    sandbox.fsck();
}

#[test]
fn a_file_that_breaks_off_leaves_a_serving_process_that_takes_the_whole_one() {
    let sandbox = Sandbox::new();
    let running = serve(&sandbox);
    import_people(&sandbox, &PEOPLE);
    import_calls(&sandbox, "a.csv", &calls(0, 300));
    // Enough rows that some of them come out of the packed file before its end is missed.
    let whole = gzip(calls(300, 9_000).as_bytes());
    let broken = sandbox.file("broken.csv.gz", &whole[..whole.len() - 200]);
    let finished = sandbox.run(&Sandbox::import_words(&[&broken], &own_mapping("calls.toml")));
    assert!(finished.code.is_some_and(|code| code != 0), "{finished:?}");
    let good = sandbox.sql("SELECT COUNT(*) FROM fct_call").number();
    assert!((5_000..9_000).contains(&good), "{good} rows were good and are there");
    let mended = sandbox.file("mended.csv.gz", &whole);
    let report = sandbox.import(&[&mended], &own_mapping("calls.toml"));
    assert_eq!(report.rejected, 0, "{}", report.whole);
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM fct_call").number(), 9_000);
    assert_eq!(sandbox.sql("SELECT SUM(dials) FROM agg_rep_day").number(), 9_000);
    let stopped = running.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    sandbox.fsck();
}

#[test]
fn people_who_come_after_their_calls_take_them_when_the_file_comes_again() {
    let named = |name: &str, old: &str, new: &str| {
        let text = fs::read_to_string(own_mapping(name)).expect("a mapping");
        assert!(text.contains(old), "{name}");
        text.replace(old, new)
    };
    let by_alias = |name: &str| named(name, "rep_namespace = \"company\"", "rep_namespace = \"aliases\"");
    let with_alias = named(
        "people.toml",
        "role = { const = \"seller\" }",
        "role = { const = \"seller\" }\naliases = [{ source = { const = \"dialer\" }, native_id = \"rep\" }]",
    );
    let import_all = |order: [&str; 3]| {
        let sandbox = Sandbox::new();
        let mapping = sandbox.file("calls.toml", by_alias("calls.toml"));
        let people_mapping = sandbox.file("people.toml", &with_alias);
        let people = sandbox.file("people.csv", "rep,team,site\nada,north,main\nbo,north,main\n");
        let file = sandbox.file("calls.csv", calls(0, 300));
        for what in order {
            let report = match what {
                "people" => sandbox.import(&[&people], &people_mapping),
                _ => sandbox.import(&[&file], &mapping),
            };
            assert_eq!(report.rejected, 0, "{}", report.whole);
        }
        Dump::of(&sandbox)
    };
    let late = import_all(["calls", "people", "calls"]);
    late.assert_same(&import_all(["people", "calls", "calls"]), "people after calls");
}

#[test]
fn a_data_directory_in_use_is_a_passing_fault_that_names_the_folder() {
    let sandbox = Sandbox::new();
    import_people(&sandbox, &PEOPLE);
    let running = serve(&sandbox);
    // The lock is held, and nobody can be asked.
    fs::remove_file(sandbox.data().join("run.json")).expect("the address is a file");
    let file = sandbox.file("a.csv", calls(0, 10));
    let finished = sandbox.run(&Sandbox::import_words(&[&file], &own_mapping("calls.toml")));
    assert_eq!(finished.code, TRANSIENT, "{finished:?}");
    assert!(
        finished.stderr.contains(&*sandbox.data().to_string_lossy()),
        "{}",
        finished.stderr
    );
    drop(running);
    import_calls(&sandbox, "a.csv", &calls(0, 10));
    assert_eq!(sandbox.sql("SELECT COUNT(*) FROM fct_call").number(), 10);
}

/// Number of files and bytes of a folder, whose files may go away while they are counted.
fn size(folder: &Path) -> (usize, u64) {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.fold((0, 0), |(files, bytes), entry| match entry.metadata() {
        Ok(kind) if kind.is_dir() => {
            let (more_files, more_bytes) = size(&entry.path());
            (files + more_files, bytes + more_bytes)
        }
        Ok(kind) => (files + 1, bytes + kind.len()),
        Err(_) => (files, bytes),
    })
}

#[test]
fn an_idle_process_leaves_no_growing_directory() {
    let sandbox = Sandbox::with_config(FAST);
    import_people(&sandbox, &PEOPLE);
    import_calls(&sandbox, "a.csv", &calls(0, 300));
    let mut running = serve(&sandbox);
    let mut largest_until = |seconds: u64| {
        let start = Instant::now();
        let mut largest = (0, 0);
        running.wait_until("the time to pass", DEADLINE, || {
            let (files, bytes) = size(sandbox.data());
            largest = (largest.0.max(files), largest.1.max(bytes));
            start.elapsed() > Duration::from_secs(seconds)
        });
        largest
    };
    let first = largest_until(12);
    largest_until(12);
    let later = largest_until(12);
    assert!(
        later.0 <= first.0 + 12,
        "files: at most {} at first, then {}",
        first.0,
        later.0
    );
    assert!(
        later.1 <= first.1 + (256 << 10),
        "bytes: at most {} at first, then {}",
        first.1,
        later.1
    );
    assert_eq!(running.stop().code, Some(0));
    sandbox.fsck();
}
