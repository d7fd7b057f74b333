//! Several processes over one data directory: they come, leave, freeze and are killed while events stream in.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use std::{env, fs};

use paceline_tests::Random;
use paceline_tests::generator::{Floor, Plan};
use paceline_tests::sandbox::{DEADLINE, Dump, Running, Sandbox, Table, mapping};
use serde_json::Value;

use crate::operators::{free_address, get};
use crate::serving::started;
use crate::shared_broker;
use crate::sources::{connection, produce, records, settings, unique};

/// What happens to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Joins,
    Leaves,
    Freezes,
    IsKilled,
}

const FATES: [Fate; 4] = [Fate::Joins, Fate::Leaves, Fate::Freezes, Fate::IsKilled];

/// How much happens.
struct Scale {
    /// How often each fate strikes.
    rounds: usize,
    reps: usize,
    days: i32,
    dials_a_day: i64,
    /// Shortest time for which a process is frozen.
    frozen: Duration,
}

impl Scale {
    /// The usual one, or `ROUNDS,REPS,DAYS,DIALS,SECONDS` of `PACELINE_TEST_FATES`.
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test says here how long it may take"
    )]
    fn wanted() -> Self {
        let text = env::var("PACELINE_TEST_FATES").unwrap_or_else(|_| "1,30,30,20,0".to_owned());
        let numbers: Vec<u32> = text.split(',').map(|part| part.parse().expect("a number")).collect();
        let [rounds, reps, days, dials, seconds] = numbers[..] else {
            panic!("five numbers")
        };
        Self {
            rounds: rounds as usize,
            reps: reps as usize,
            days: days.cast_signed(),
            dials_a_day: dials.into(),
            frozen: Duration::from_secs(seconds.into()),
        }
    }
}

/// A process, where operators ask it, and whether others have taken over what it held.
struct Member {
    running: Running,
    admin: String,
    was_overtaken: bool,
}

impl Member {
    fn holds_shards(&self) -> bool {
        get(&self.admin, "/metrics").contains("paceline_consumer_lag_records{")
    }

    /// Waits for its end after it was asked to stop.
    fn left(self) {
        let left = self.running.wait(DEADLINE);
        assert_eq!(left.code, Some(0), "{}", left.stderr);
        let knows = left.stderr.contains("superseded") || left.stderr.contains("were lost");
        assert!(
            !self.was_overtaken || knows,
            "it went on as if nothing had been: {}",
            left.stderr
        );
    }
}

struct Members<'a> {
    sandbox: &'a Sandbox,
    running: VecDeque<Member>,
    frozen: Duration,
    random: Random,
}

impl<'a> Members<'a> {
    fn start(sandbox: &'a Sandbox, count: usize, frozen: Duration) -> Self {
        let mut members = Self {
            sandbox,
            running: VecDeque::new(),
            frozen,
            random: Random::new(5),
        };
        (0..count).for_each(|_| members.join());
        members
    }

    fn join(&mut self) {
        let admin = free_address();
        let mut command = self.sandbox.command(&["process", "--log-level", "info"]);
        self.running.push_back(Member {
            running: Running::start(command.env("PACELINE__ADMIN__LISTEN", &admin)),
            admin,
            was_overtaken: false,
        });
    }

    fn pick(&mut self) -> Member {
        self.random.shuffle(self.running.make_contiguous());
        self.running.pop_front().expect("a member")
    }

    /// Waits until so many calls can be read; no process may end meanwhile.
    fn wait_for(&mut self, calls: usize) {
        let sandbox = self.sandbox;
        let watched = self.running.front_mut().expect("a member");
        watched.running.wait_until(&format!("{calls} calls"), DEADLINE, || {
            counted(sandbox, "SELECT COUNT(*) FROM fct_call") == calls.to_string()
        });
    }

    /// Lets `fate` strike one of them while `feed` streams in; `calls` can be read in the end.
    fn suffer(&mut self, fate: Fate, feed: &[Value], calls: usize) {
        match fate {
            Fate::Joins => {
                self.join();
                produce(&[], feed);
            }
            Fate::Leaves if self.running.len() > 1 => {
                let leaving = self.pick();
                leaving.running.signal("TERM");
                produce(&[], feed);
                leaving.left();
            }
            Fate::Leaves => produce(&[], feed),
            Fate::Freezes => {
                let mut frozen = self.pick();
                let held = frozen.holds_shards();
                let begun = Instant::now();
                frozen.running.signal("STOP");
                produce(&[], feed);
                if !self.running.is_empty() {
                    // What it held is published by the others: they have taken it over.
                    self.wait_for(calls);
                    frozen.was_overtaken |= held;
                }
                let long = self.frozen;
                frozen
                    .running
                    .wait_until("it was frozen long enough", DEADLINE, || begun.elapsed() >= long);
                frozen.running.signal("CONT");
                self.running.push_back(frozen);
            }
            Fate::IsKilled => {
                drop(self.pick());
                produce(&[], feed);
                self.join();
            }
        }
    }
}

fn counted(sandbox: &Sandbox, statement: &str) -> String {
    let answer = sandbox.run(&["sql", "--format", "csv", statement]);
    if answer.code == Some(0) {
        Table::read(&answer.stdout).value().to_owned()
    } else {
        String::new()
    }
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn processes_that_come_and_go_lose_nothing_and_double_nothing() {
    let scale = Scale::wanted();
    let floor = Floor::new(&Plan {
        seed: 31,
        reps: scale.reps,
        days: scale.days,
        dials_a_day: scale.dials_a_day,
        ..Plan::sample()
    });
    let [(_, people), (_, calls), (_, deals)] = floor.csv();
    let embedded = Sandbox::new();
    embedded.import_floor(&floor);

    let topics = ["calls", "deals"].map(|name| format!("{name}-{}", unique()));
    let text = connection("dialer", &topics[0], Some("sample_calls.toml"))
        + &connection("crm", &topics[1], Some("sample_deals.toml"));
    let sandbox = Sandbox::on_kafka_with(&shared_broker(), &settings(&text));
    produce(&[format!("{}:4", topics[0]), format!("{}:2", topics[1])], &[]);
    sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));

    let mut ingest = started(&sandbox, &["ingest", "--log-level", "info"]);
    let mut members = Members::start(&sandbox, 2, scale.frozen);
    let calls = records(&calls, &topics[0], "call");
    let deals = records(&deals, &topics[1], "deal");
    let mut fates = FATES.repeat(scale.rounds);
    members.random.shuffle(&mut fates);
    let calls_each = calls.len().div_ceil(fates.len());
    let deals_each = deals.len().div_ceil(fates.len());
    let mut fed = 0;
    for ((fate, calls), deals) in fates.iter().zip(calls.chunks(calls_each)).zip(deals.chunks(deals_each)) {
        let feed: Vec<Value> = calls.iter().chain(deals).cloned().collect();
        fed += calls.len();
        members.suffer(*fate, &feed, fed);
    }
    members.wait_for(calls.len());
    let deals_wanted = embedded.sql("SELECT COUNT(*) FROM fct_deal").value().to_owned();
    ingest.wait_until("all deals", DEADLINE, || {
        counted(&sandbox, "SELECT COUNT(*) FROM fct_deal") == deals_wanted
    });
    for member in members.running.drain(..) {
        member.running.signal("TERM");
        member.left();
    }
    let stopped = ingest.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    Dump::of(&sandbox).assert_same(&Dump::of(&embedded), "by processes that come and go");
    assert_same_snapshots(&sandbox, &embedded);
    sandbox.fsck();
    assert_each_epoch_has_one_writer(&sandbox);
}

/// Whoever ran the job, and however often: each closed date holds the rows of the newest set.
fn assert_same_snapshots(sandbox: &Sandbox, embedded: &Sandbox) {
    sandbox.succeed(&["jobs", "run", "snap_rep_window"]);
    // An import closes its last day, and a stream closes a day by what comes after it.
    let last_of = |of: &Sandbox| of.sql("SELECT MAX(as_of) FROM snap_rep_window").value().to_owned();
    let last = last_of(embedded).min(last_of(sandbox));
    let statement = format!("SELECT * FROM snap_rep_window WHERE as_of <= DATE '{last}'");
    let (found, expected) = (sandbox.sql(&statement).sorted(), embedded.sql(&statement).sorted());
    assert!(!expected.is_empty(), "no day was closed");
    assert!(
        found == expected,
        "{} rows of snap_rep_window, {} expected",
        found.len(),
        expected.len()
    );
}

/// Nobody wrote a manifest after another had claimed the shard.
fn assert_each_epoch_has_one_writer(sandbox: &Sandbox) {
    let mut writers: BTreeMap<(String, u64), String> = BTreeMap::new();
    for shard in fs::read_dir(sandbox.data().join("shards")).expect("shards") {
        let shard = shard.expect("a shard").path();
        for manifest in fs::read_dir(shard.join("manifest")).expect("manifests") {
            let text = fs::read_to_string(manifest.expect("a manifest").path()).expect("text");
            let manifest: Value = serde_json::from_str(&text).expect("JSON");
            let body = &manifest["body"];
            let epoch = (shard.display().to_string(), body["epoch"].as_u64().expect("an epoch"));
            let writer = body["writer"].as_str().expect("a writer").to_owned();
            let known = writers.entry(epoch.clone()).or_insert_with(|| writer.clone());
            assert_eq!(*known, writer, "{epoch:?}");
        }
    }
    let claims = writers.len();
    assert!(claims > 4, "no shard ever moved: {claims} claims");
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn the_second_to_write_stands_by_and_names_the_first_until_that_is_gone() {
    let floor = crate::same_tables::floor();
    let [(_, people), (_, calls), _] = floor.csv();
    let topic = format!("calls-{}", unique());
    let text = connection("dialer", &topic, Some("sample_calls.toml"));
    let sandbox = Sandbox::on_kafka_with(&shared_broker(), &settings(&text));
    produce(&[format!("{topic}:3")], &[]);
    let calls = records(&calls, &topic, "call");
    let (before, after) = calls.split_at(calls.len() / 2);

    let first = started(&sandbox, &["run"]);
    sandbox.import(&[&sandbox.file("people.csv", people)], &mapping("sample_people.toml"));
    let admin = free_address();
    let mut second = Running::start(sandbox.command(&["run"]).env("PACELINE__ADMIN__LISTEN", &admin));
    second.wait_until("it stands by", DEADLINE, || {
        get(&admin, "/readyz").contains("standing by for process")
    });
    produce(&[], before);
    second.wait_until("the first half", DEADLINE, || {
        counted(&sandbox, "SELECT COUNT(*) FROM fct_call") == before.len().to_string()
    });
    drop(first);
    produce(&[], after);
    second.wait_until("the second half", DEADLINE, || {
        counted(&sandbox, "SELECT COUNT(*) FROM fct_call") == calls.len().to_string()
    });
    let stopped = second.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("standing by: process"), "{}", stopped.stderr);
    assert!(
        stopped.stderr.contains("(paceline run) writes to the log"),
        "{}",
        stopped.stderr
    );
    sandbox.fsck();
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn a_file_is_imported_by_one_process_and_published_by_another() {
    let floor = crate::same_tables::floor();
    let embedded = Sandbox::new();
    embedded.import_floor(&floor);
    let sandbox = Sandbox::on_kafka(&shared_broker());
    let ingest = started(&sandbox, &["ingest"]);
    let processes = [sandbox.start(&["process"]), sandbox.start(&["process"])];
    sandbox.import_floor(&floor);
    Dump::of(&sandbox).assert_same(&Dump::of(&embedded), "imported by one, published by others");
    assert_same_snapshots(&sandbox, &embedded);
    drop(ingest);
    // Nobody writes now: the command does so itself, beside those that fold.
    let [_, (_, calls), _] = floor.csv();
    let report = sandbox.import(
        &[&sandbox.file("again.csv", [calls, b"\n".to_vec()].concat())],
        &mapping("sample_calls.toml"),
    );
    assert_eq!(report.published, 0, "{}", report.whole);
    for process in processes {
        let stopped = process.stop();
        assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    }
    sandbox.fsck();
}

#[test]
#[ignore = "needs the broker of PACELINE_TEST_KAFKA"]
fn roles_of_their_own_are_refused_on_the_embedded_log() {
    for role in ["ingest", "process"] {
        let refused = Sandbox::new().run(&[role]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("`paceline run`"), "{}", refused.stderr);
    }
}
