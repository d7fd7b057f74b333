//! `paceline run`, `ingest` and `process`: keep a part of the pipeline going, or all of it, until they are stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant as Monotonic};

use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::client::{Line, RunFile, run_file};
use crate::config::Config;
use crate::failure::{Exit, Failure, io};
use crate::http::{self, Job};
use crate::locks::{Company, Held};
use crate::output::say;
use crate::request::Listener;
use crate::station::{Role, Station};
use crate::status::Board;

/// How often timers are looked at while nothing comes.
const IDLE: Duration = Duration::from_millis(500);
/// How often connections are looked at while nothing comes.
const LOOK: Duration = Duration::from_millis(10);

/// Exit code of an end that was not orderly.
const INTERRUPTED: i32 = 130;

pub(super) fn run(config: &Arc<Config>, role: Role) -> Result<Exit, Failure> {
    let Some(folder) = Held::folder(config, Company::Shared)? else {
        let text = format!(
            "`{}` is in use by another paceline process; stop that one first",
            config.data.display()
        );
        return Err(Failure::new(Exit::Transient, text));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Failed, format!("failed to start a runtime: {e}")))?;
    let shutdown = CancellationToken::new();
    let serves = Arc::new(AtomicBool::new(false));
    runtime.spawn(stop_on_signal(shutdown.clone(), Arc::clone(&serves)));
    let board = Arc::new(Board::default());
    board.status().checkpoint_every = config.snapshots.checkpoint_every;
    let admin = match config.admin {
        Some(address) => Some(runtime.block_on(admin::listen(address, Arc::clone(&board)))?),
        None => None,
    };
    let mut station = Station::open(config, role, folder, &board)?;
    serves.store(true, Ordering::Release);
    for warning in station.warnings() {
        tracing::warn!("{warning}");
    }
    let (jobs, received) = mpsc::sync_channel(16);
    let token = uuid::Uuid::new_v4().simple().to_string();
    let listening = http::listen(config.http.port, token.clone(), jobs, shutdown.clone());
    let address = runtime.block_on(listening)?;
    let file = RunFile {
        address: address.to_string(),
        token,
        pid: std::process::id(),
    };
    if station.writes() {
        announce(config, &file)?;
    }
    say(&format!(
        "{} works on `{}`, process {}{}; stop it with Ctrl-C",
        role.name(),
        config.data.display(),
        file.pid,
        admin.map_or_else(String::new, |at| format!(", health at http://{at}/readyz"))
    ));
    board.status().is_open = true;
    let outcome = serve(&mut station, &received, &shutdown, || announce(config, &file), &board);
    if station.writes()
        && let Err(error) = std::fs::remove_file(run_file(&config.data))
    {
        tracing::warn!(%error, "run.json was not removed");
    }
    shutdown.cancel();
    let closed = station.close();
    outcome.and(closed).map(|()| Exit::Done)
}

fn serve(
    station: &mut Station,
    received: &Receiver<Job>,
    shutdown: &CancellationToken,
    announce: impl Fn() -> Result<(), Failure>,
    board: &Board,
) -> Result<(), Failure> {
    let mut wait = Duration::ZERO;
    let mut idle_at = Monotonic::now();
    while !shutdown.is_cancelled() {
        match received.recv_timeout(wait) {
            Ok(job) => {
                board.status().turned_at = None;
                carry_out(station, &job);
            }
            Err(RecvTimeoutError::Timeout) => {
                let taken = passing(station, Station::pull)?;
                wait = match (taken, station.reads()) {
                    (0, true) => LOOK,
                    (0, false) => IDLE,
                    _ => Duration::ZERO,
                };
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if idle_at.elapsed() >= IDLE {
            // What is done here may take its time, as a command may.
            board.status().turned_at = None;
            if passing(station, Station::write_if_nobody_does)? {
                tracing::info!("this process writes to the log from now on");
                announce()?;
            }
            passing(station, Station::idle)?;
            board.status().turned_at = Some(Monotonic::now());
            idle_at = Monotonic::now();
        }
    }
    Ok(())
}

/// What passes by itself, a broker that is away, ends no process.
fn passing<T: Default>(
    station: &mut Station,
    act: impl FnOnce(&mut Station) -> Result<T, Failure>,
) -> Result<T, Failure> {
    match act(station) {
        Err(failure) if failure.exit == Exit::Transient && station.check().is_ok() => {
            tracing::warn!(%failure, "tried again");
            Ok(T::default())
        }
        outcome => outcome,
    }
}

fn carry_out(station: &mut Station, job: &Job) {
    let mut remote = Remote(job);
    let last = match station.execute(&job.command, &mut remote) {
        Ok(answer) => Line::Done(Box::new(answer)),
        Err(failure) => Line::Failed(failure),
    };
    remote.tell(last);
}

/// Passes on what a command says to the process that asked for it; one that has gone away hears nothing.
struct Remote<'a>(&'a Job);

impl Remote<'_> {
    fn tell(&mut self, line: Line) {
        if self.0.lines.blocking_send(line).is_err() {
            tracing::debug!("the asking command has gone away");
        }
    }
}

impl Listener for Remote<'_> {
    fn progress(&mut self, label: &str, done: u64, total: u64) {
        self.tell(Line::Progress(label.to_owned(), done, total));
    }

    fn note(&mut self, text: &str) {
        self.tell(Line::Note(text.to_owned()));
    }
}

/// The first signal asks for an orderly end; before there is anything to end, and the second time, it ends at once:
/// what is durable is so at every moment.
async fn stop_on_signal(shutdown: CancellationToken, serves: Arc<AtomicBool>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminated, mut interrupted) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminated), Ok(interrupted)) => (terminated, interrupted),
        (Err(error), _) | (_, Err(error)) => return tracing::warn!(%error, "signals are not heard"),
    };
    loop {
        let is_asked = tokio::select! {
            _ = terminated.recv() => true,
            _ = interrupted.recv() => false,
        };
        let has_begun = serves.load(Ordering::Acquire);
        if !has_begun || shutdown.is_cancelled() {
            say("paceline: stopped");
            std::process::exit(if is_asked && !has_begun { 0 } else { INTERRUPTED });
        }
        shutdown.cancel();
    }
}

fn announce(config: &Config, file: &RunFile) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let path = run_file(&config.data);
    let text = serde_json::to_vec(file).map_err(|e| Failure::new(Exit::OurFault, e))?;
    let draft = path.with_extension("tmp");
    let write = || {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(&text)?;
        std::fs::rename(&draft, &path)
    };
    write().map_err(|e| io("write", &path, &e))
}
