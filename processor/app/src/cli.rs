//! The command line: what can be typed. Nothing is decided here.

pub mod targets;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Live numbers and targets for telesales floors, from the events of dialers and CRMs.
#[derive(Debug, Parser)]
#[command(name = "paceline", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 checked and found wanting \
(rejected rows, damage), 4 try again later, 70 a fault of Paceline.";

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Folder of everything that Paceline keeps [default: ./paceline-data].
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file, above /etc/paceline/config.toml.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where events are kept [default: embedded].
    #[arg(long, global = true, value_enum, value_name = "KIND")]
    pub log: Option<LogName>,
    /// What to log; of libraries never more than warnings.
    #[arg(long, global = true, value_enum, value_name = "LEVEL", default_value = "warn")]
    pub log_level: LogLevel,
}

/// How an answer is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// JSON.
    Json,
    /// RFC 4180.
    Csv,
    /// A Parquet file.
    Parquet,
}

/// How a report or a list is written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Text for people.
    Table,
    /// JSON.
    Json,
    /// RFC 4180.
    Csv,
}

/// A kind of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogName {
    /// In the data folder.
    Embedded,
    /// On the cluster of `log.kafka`.
    Kafka,
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may fail.
    Warn,
    /// What happens.
    Info,
    /// Every step.
    Debug,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the pipeline at work on the shipped sample of a small floor.
    ///
    /// Its data lie in a folder of their own, `./paceline-data/demo` unless `--data` names another.
    #[command(after_help = "Example:\n  paceline demo")]
    Demo,
    /// Imports call, deal, lead and people files; returns when their rows can be read.
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// Asks a question in SQL, or opens a prompt.
    #[command(after_help = SQL_EXAMPLES)]
    Sql(SqlArgs),
    /// Lists and describes the tables.
    #[command(subcommand)]
    Tables(TablesCommand),
    /// Shows and replays what was refused.
    #[command(subcommand)]
    DeadLetters(DeadLettersCommand),
    /// Plans, shows, recalibrates and explains targets.
    #[command(subcommand)]
    Targets(targets::TargetsCommand),
    /// Runs the jobs that write derived tables.
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Checks everything in the data directory; reads only.
    #[command(after_help = "Examples:\n  paceline fsck --data D\n  paceline fsck --deep --json")]
    Fsck(FsckArgs),
    /// Runs the pipeline until it is stopped; other commands talk to it.
    #[command(after_help = "Example:\n  paceline run --data D --log-level info")]
    Run,
    /// Reads the connections and takes commands, on Kafka; a second one stands by until the first ends.
    #[command(after_help = "Example:\n  paceline ingest --log kafka --data D --log-level info")]
    Ingest,
    /// Computes and publishes a share of the partitions, on Kafka; several share them over one data folder.
    #[command(after_help = "Example:\n  paceline process --log kafka --data D --log-level info")]
    Process,
    /// Makes and checks the topics of a Kafka cluster.
    #[command(subcommand)]
    Topics(TopicsCommand),
    /// Checks and shows the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Prints the completions of a shell.
    #[command(after_help = "Example:\n  paceline completions bash > /etc/bash_completion.d/paceline")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

const IMPORT_EXAMPLES: &str = "Examples:
  paceline import people.csv --mapping deploy/mappings/sample_people.toml
  paceline import calls-2026-10.csv.gz calls-2026-11.csv --mapping my_calls.toml --dry-run
  paceline import deals.csv --mapping my_deals.toml --through 2026-10-31 --format json

Every file has all columns of the mapping; exports with other columns have a mapping of their own.
People first, then facts: with several sites, rows of unknown reps are announced and need --accept; with one site they
are imported and counted.
Exit code 3: rows were rejected, and the good rows were imported: `paceline dead-letters list` names the others; or
--accept is needed, and nothing was imported.";

const SQL_EXAMPLES: &str = "Examples:
  paceline sql \"SELECT rep_id, SUM(dials) AS dials, SUM(wins) AS wins FROM agg_rep_day GROUP BY 1 ORDER BY 3 DESC\"
  paceline sql --format csv \"SELECT * FROM agg_rep_window WHERE as_of = DATE '2026-10-31' AND \\\"window\\\" = '28d'\"
  paceline sql            a prompt; \\d lists tables, \\d NAME describes one, \\timing shows times, \\q leaves";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files to import: CSV, TSV or NDJSON, gz too.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How columns become events.
    #[arg(long, value_name = "M.toml")]
    pub mapping: PathBuf,
    /// Reads and checks, publishes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Publishes although reps or sites are unknown.
    #[arg(long)]
    pub accept: bool,
    /// Last business date that the files are complete for [default: the last one in them].
    #[arg(long, value_name = "DATE")]
    pub through: Option<String>,
    /// Returns when the events are in the log, before their rows can be read.
    #[arg(long)]
    pub no_wait: bool,
    /// Form of the report.
    #[arg(long, value_enum, default_value = "table")]
    pub format: ReportFormat,
}

/// Arguments of `sql`.
#[derive(Debug, Args)]
pub struct SqlArgs {
    /// The question; none opens a prompt, `-` reads standard input.
    #[arg(allow_hyphen_values = true)]
    pub query: Option<String>,
    /// Form of the answer.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// Commands about tables.
#[derive(Debug, Subcommand)]
pub enum TablesCommand {
    /// Lists the tables with their meaning.
    List {
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
    /// Describes the columns of a table.
    #[command(after_help = "Example:\n  paceline tables describe agg_rep_day")]
    Describe {
        /// Name of the table.
        name: String,
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: ReportFormat,
    },
}

/// Commands about what was refused.
#[derive(Debug, Subcommand)]
pub enum DeadLettersCommand {
    /// Lists dead letters, the newest first.
    List {
        /// Only of this reason.
        #[arg(long)]
        reason: Option<String>,
        /// Form of the answer.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Shows one dead letter.
    Show {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Reads the rows of dead letters again, by the newest mapping of that name that an import used.
    #[command(after_help = "Example:\n  paceline dead-letters replay --reason orphan")]
    Replay(ReplayArgs),
}

/// Arguments of `dead-letters replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Only of this reason.
    #[arg(long)]
    pub reason: Option<String>,
    /// Only of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// Only received since this instant, RFC 3339.
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Says what would be replayed, publishes nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Form of the report.
    #[arg(long, value_enum, default_value = "table")]
    pub format: ReportFormat,
}

/// Commands about jobs.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Lists the jobs.
    List,
    /// Runs one job.
    #[command(after_help = "Example:\n  paceline jobs run snap_rep_window --as-of 2026-10-31")]
    Run {
        /// Name of the job.
        name: String,
        /// Business date that it is run for; all that are due where none is given.
        #[arg(long, value_name = "D")]
        as_of: Option<String>,
    },
}

/// Arguments of `fsck`.
#[derive(Debug, Args)]
pub struct FsckArgs {
    /// Reads every byte of every file.
    #[arg(long)]
    pub deep: bool,
    /// Writes the findings as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Commands about topics.
#[derive(Debug, Subcommand)]
pub enum TopicsCommand {
    /// Makes the topics that are not there, as `log.kafka` names them.
    #[command(after_help = "Example:\n  paceline --config paceline.toml topics create")]
    Create {
        /// Copies of each partition [default: three, or as many as there are brokers].
        #[arg(long, value_name = "N")]
        replication: Option<u32>,
    },
    /// Checks that the topics are as the promises need them.
    Check,
}

/// Commands about the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Checks every key and reports all faults at once.
    Check {
        /// Mappings to check too.
        #[arg(long, value_name = "M.toml", num_args = 1..)]
        mapping: Vec<PathBuf>,
    },
    /// Shows every key with its value.
    Show {
        /// Shows the layer of each value too.
        #[arg(long)]
        origin: bool,
    },
}
