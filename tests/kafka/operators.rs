//! What operators ask a running process.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use paceline_tests::sandbox::{DEADLINE, Running, Sandbox};

use crate::broker::Cluster;

/// An address that nobody listens on now.
pub(crate) fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

/// The whole answer to a request, its status line first; empty if nobody answers.
pub(crate) fn get(address: &str, path: &str) -> String {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().unwrap_or_default()
}

/// The value of a metric without labels, or the sum over those with `label`.
fn metric(text: &str, name: &str, label: &str) -> f64 {
    let lines = text.lines().filter(|line| {
        let rest = line.strip_prefix(name).unwrap_or_default();
        (rest.starts_with('{') && rest.contains(label)) || (label.is_empty() && rest.starts_with(' '))
    });
    let values: Vec<f64> = lines
        .map(|line| line.rsplit(' ').next().expect("a value").parse().expect("a number"))
        .collect();
    assert!(!values.is_empty(), "no {name} in\n{text}");
    values.iter().sum()
}

#[test]
#[ignore = "starts a broker of its own"]
fn operators_see_how_far_it_is_and_that_a_broker_is_away() {
    let cluster = Cluster::start(1, &[]);
    let floor = crate::same_tables::floor();
    let sandbox = Sandbox::on_kafka(&cluster.address);
    let admin = free_address();
    let mut serving = Running::start(sandbox.command(&["run"]).env("PACELINE__ADMIN__LISTEN", &admin));
    serving.wait_until("it is ready", DEADLINE, || {
        get(&admin, "/readyz").starts_with("HTTP/1.1 200")
    });
    assert!(get(&admin, "/livez").starts_with("HTTP/1.1 200"));
    sandbox.import_floor(&floor);
    let scraped = get(&admin, "/metrics");
    assert!(scraped.contains("openmetrics-text"), "{scraped}");
    let applied = metric(&scraped, "paceline_consumer_records_total", "result=\"applied\"");
    let facts = ["call", "deal"].map(|kind| sandbox.sql(&format!("SELECT COUNT(*) FROM fct_{kind}_event")).number());
    assert!(
        (applied - facts.iter().sum::<i64>() as f64).abs() < 0.5,
        "{applied} of {facts:?}"
    );
    for (name, label) in [
        ("paceline_watermark_timestamp_seconds", "partition=\"0\""),
        ("paceline_checkpoint_age_seconds", "partition=\"0\""),
        ("paceline_publish_age_seconds", ""),
        ("paceline_publish_pending_seconds", ""),
        ("paceline_late_events_total", ""),
        ("paceline_duplicate_events_total", ""),
    ] {
        metric(&scraped, name, label);
    }
    serving.wait_until("nothing lags", DEADLINE, || {
        metric(&get(&admin, "/metrics"), "paceline_consumer_lag_records", "partition").abs() < 0.5
    });
    // Numbers stay readable while the broker is away, and the process lives.
    cluster.kill(1);
    assert!(get(&admin, "/livez").starts_with("HTTP/1.1 200"));
    let again = metric(
        &get(&admin, "/metrics"),
        "paceline_consumer_records_total",
        "result=\"applied\"",
    );
    assert!((again - applied).abs() < 0.5);
    cluster.restart(1);
    let stopped = serving.stop();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
}
