//! The commands: one function per verb, and the way from typed words to an exit code.

mod check;
mod dead_letters;
mod demo;
mod import;
mod prompt;
mod run;
pub(crate) mod sql;
mod tables;
mod targets;
mod topics;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory;

pub(crate) use import::mapping_text;

use crate::cli::{Cli, Command, Global, JobsCommand, LogLevel, LogName};
use crate::config::{Config, Layer, Layers, Resolved, environment};
use crate::failure::{Exit, Failure};
use crate::output::{say, write_out};
use crate::station::Role;

/// The configuration of machines, below the one that `--config` names.
const SYSTEM_CONFIG: &str = "/etc/paceline/config.toml";

/// Carries out what was typed, says why it failed, and returns the exit code.
pub fn dispatch(cli: Cli) -> Exit {
    start_log(cli.global.log_level);
    let outcome = catch_unwind(AssertUnwindSafe(|| carry_out(cli)));
    match outcome.unwrap_or_else(|_| Err(Failure::new(Exit::OurFault, "it has panicked, see above"))) {
        Ok(exit) => exit,
        Err(failure) => {
            say(&format!("paceline: {failure}"));
            failure.exit
        }
    }
}

fn carry_out(cli: Cli) -> Result<Exit, Failure> {
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "paceline", &mut script);
        return write_out(&script).map(|()| Exit::Done);
    }
    if let Command::Config(command) = &cli.command {
        return check::config(command, load(&cli.global));
    }
    let (config, _) = load(&cli.global).map_err(|faults| check::faulty(&faults))?;
    let config = Arc::new(config);
    match &cli.command {
        Command::Demo => demo::demo(&config, &cli.global),
        Command::Import(arguments) => import::import(&config, arguments),
        Command::Sql(arguments) => sql::sql(&config, arguments),
        Command::Tables(command) => tables::tables(command),
        Command::DeadLetters(command) => dead_letters::dead_letters(&config, command),
        Command::Targets(command) => targets::targets(&config, command),
        Command::Jobs(command) => jobs(&config, command),
        Command::Fsck(arguments) => check::fsck(&config, arguments),
        Command::Run => run::run(&config, Role::Run),
        Command::Ingest => run::run(&config, Role::Ingest),
        Command::Process => run::run(&config, Role::Process),
        Command::Topics(command) => topics::topics(&config, command),
        Command::Config(_) | Command::Completions { .. } => Ok(Exit::Done),
    }
}

fn jobs(config: &Arc<Config>, command: &JobsCommand) -> Result<Exit, Failure> {
    match command {
        JobsCommand::List => {
            let lines = crate::jobs::JOBS.map(|(name, what)| format!("{name:<18}{what}\n"));
            let text = lines.concat();
            write_out(text.as_bytes())?;
        }
        JobsCommand::Run { name, as_of } => {
            let as_of = as_of.as_deref().map(import::date).transpose()?;
            let answer = write::execute(
                config,
                &crate::request::WriteCommand::RunJob {
                    name: name.clone(),
                    as_of,
                },
            )?;
            if answer.dates.is_empty() {
                say("nothing is due");
            }
            let text: String = answer.dates.iter().map(|date| format!("{date}\n")).collect();
            write_out(text.as_bytes())?;
        }
    }
    Ok(Exit::Done)
}

fn load(global: &Global) -> Result<(Config, Resolved), Vec<crate::config::Fault>> {
    let mut layers = Layers {
        environment: environment(),
        ..Layers::default()
    };
    let named = global.config.as_deref().map(|path| (path, true));
    for (path, required) in [(Path::new(SYSTEM_CONFIG), false)].into_iter().chain(named) {
        match std::fs::read_to_string(path) {
            Ok(text) => layers.files.push(Layer {
                name: path.display().to_string(),
                text,
            }),
            Err(error) if required => {
                return Err(vec![crate::config::Fault {
                    path: "--config".to_owned(),
                    origin: "flag".to_owned(),
                    message: format!("failed to read `{}`: {error}", path.display()),
                }]);
            }
            Err(_) => {}
        }
    }
    if let Some(data) = &global.data {
        layers.flags.push(("data".to_owned(), data.display().to_string()));
    }
    if let Some(kind) = global.log {
        let kind = match kind {
            LogName::Embedded => "embedded",
            LogName::Kafka => "kafka",
        };
        layers.flags.push(("log.kind".to_owned(), kind.to_owned()));
    }
    Config::load(&layers)
}

fn start_log(level: LogLevel) {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;
    let (ours, others) = match level {
        LogLevel::Error => ("error", "error"),
        LogLevel::Warn => ("warn", "warn"),
        LogLevel::Info => ("info", "warn"),
        LogLevel::Debug => ("debug", "warn"),
    };
    // `paceline` begins the targets of all our crates. Delta's kernel warns of its own executor at every read.
    let filter = EnvFilter::new(format!(
        "{others},paceline={ours},buoyant_kernel=error,delta_kernel=error"
    ));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder.json().try_init()
    };
    if started.is_err() {
        say("paceline: a log was started before");
    }
}
