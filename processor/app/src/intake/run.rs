//! One import: every file row by row, with counts and the first refused rows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use paceline_ingest::import::{self, Read};
use paceline_ingest::mapping::Notes;
use paceline_schemas::symbol::Flag;
use paceline_schemas::time::{Day, Instant};

use super::rows::RefusedAgain;
use super::{Intake, Mapping};
use crate::clock;
use crate::failure::{Exit, Failure};
use crate::imports::{Counts, Import, Imports};
use crate::request::{Answer, ImportOptions, Listener};

/// Gathered over the files of one import.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) answer: Answer,
    /// Refusals of a replay, whose dead letters are there already.
    pub(crate) refused_again: Option<Vec<RefusedAgain>>,
    pub(super) notes: Notes,
    pub(super) columns: BTreeSet<String>,
    pub(super) last_day: Option<Day>,
}

impl Intake {
    /// Imports `files` as `mapping` says.
    ///
    /// # Errors
    /// A file or the log failed; what was acknowledged before stays.
    pub fn import(
        &mut self,
        files: &[PathBuf],
        mapping: &Mapping,
        options: &ImportOptions,
        listener: &mut dyn Listener,
    ) -> Result<Answer, Failure> {
        if mapping.compiled.is_of_targets() {
            let text = "the mapping makes targets of a sheet, not events: use `paceline targets import`";
            return Err(Failure::new(Exit::Usage, text));
        }
        self.announce(files, mapping, options, listener)?;
        let imports = Imports::new(&self.config.data);
        let mut tally = Tally::default();
        let mut known = 0;
        let mut unticked = Vec::new();
        // A file that the mapping is not made for is found before anything is published.
        let digests = files
            .iter()
            .map(|file| open(file, mapping).map(|rows| rows.file().digest.clone()));
        let digests: Vec<String> = digests.collect::<Result<_, _>>()?;
        for (file, digest) in files.iter().zip(digests) {
            let earlier = imports.find(&digest, &mapping.digest)?;
            tally.answer.files.push(file.display().to_string());
            let done = |import: &&Import| import.is_done(self.people_known()) && !options.dry_run;
            if let Some(done) = earlier.as_ref().filter(done) {
                known += 1;
                pass_over(file, done, &mut tally, listener);
                unticked.extend(Some(done.clone()).filter(|import| !import.ticked));
            } else {
                let entry = self.entry(file, digest, mapping, earlier.filter(|import| !import.complete));
                unticked.push(self.import_file(entry, mapping, options, &mut tally, listener)?);
            }
        }
        if !options.dry_run
            && let Some(day) = options.through.or(tally.last_day)
        {
            self.tick_end_of(day)?;
            for mut entry in unticked {
                entry.ticked = true;
                imports.enter(&mapping.digest, &entry)?;
            }
        }
        let mut answer = tally.answer;
        answer.duplicate_file = known == files.len();
        answer.unmapped_columns = tally.columns.into_iter().collect();
        answer.unmapped_values = tally
            .notes
            .unmapped_values
            .keys()
            .map(|(map, value)| format!("{map}: {value}"))
            .collect();
        Ok(answer)
    }

    /// A file has one receipt time, also when it is read again after a crash; with more people known it is another
    /// statement.
    fn entry(&self, file: &Path, file_digest: String, mapping: &Mapping, begun: Option<Import>) -> Import {
        Import {
            file_digest,
            file: std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
            mapping_text: mapping.text.clone(),
            received_us: begun.map_or_else(|| clock::now().0, |import| import.received_us),
            complete: false,
            counts: Counts::default(),
            last_day: None,
            ticked: false,
            people_known: self.people_known(),
        }
    }

    fn import_file(
        &mut self,
        mut entry: Import,
        mapping: &Mapping,
        options: &ImportOptions,
        tally: &mut Tally,
        listener: &mut dyn Listener,
    ) -> Result<Import, Failure> {
        let imports = Imports::new(&self.config.data);
        if !options.dry_run {
            imports.enter(&mapping.digest, &entry)?;
        }
        let before = tally.answer.counts;
        let earlier_day = tally.last_day.take();
        let received = Instant(entry.received_us);
        let file = entry.file.clone();
        self.read_file(&file, mapping, received, options.dry_run, None, tally, listener)?;
        if !options.dry_run {
            entry.complete = true;
            entry.counts = tally.answer.counts.since(&before);
            entry.last_day = tally.last_day;
            imports.enter(&mapping.digest, &entry)?;
        }
        tally.last_day = tally.last_day.max(earlier_day);
        Ok(entry)
    }

    /// Says how many rows are of unknown reps or of an assumed site; with several sites those need `accept`.
    fn announce(
        &mut self,
        files: &[PathBuf],
        mapping: &Mapping,
        options: &ImportOptions,
        listener: &mut dyn Listener,
    ) -> Result<(), Failure> {
        if self.config.sites.len() < 2 || options.accept {
            return Ok(());
        }
        let (mut unmapped, mut defaulted) = (0_u64, 0_u64);
        let mut notes = Notes::default();
        for file in files {
            for read in open(file, mapping)? {
                let Read::Row(row) = read.map_err(unreadable)? else {
                    continue;
                };
                for draft in mapping
                    .compiled
                    .drafts(&row, &self.stamper, clock::now(), &mut notes)
                    .into_iter()
                    .flatten()
                {
                    let flags = draft.event.data.keyed().map(|keyed| keyed.flags);
                    unmapped += u64::from(flags.is_some_and(|flags| flags.has(Flag::RepUnmapped)));
                    defaulted += u64::from(flags.is_some_and(|flags| flags.has(Flag::SiteDefaulted)));
                }
            }
        }
        if unmapped + defaulted == 0 {
            return Ok(());
        }
        let text = format!(
            "{unmapped} facts are of reps without an alias, {defaulted} take the default site `{}`; \
             nothing was imported: import the people first, or say --accept",
            self.config.default_site
        );
        if options.dry_run {
            listener.note(&text);
            return Ok(());
        }
        Err(Failure::new(Exit::Wanting, text))
    }
}

fn pass_over(file: &Path, done: &Import, tally: &mut Tally, listener: &mut dyn Listener) {
    if !done.ticked {
        tally.last_day = tally.last_day.max(done.last_day);
    }
    let again = Counts {
        published: 0,
        events: 0,
        unchanged: done.counts.published + done.counts.unchanged,
        ..done.counts
    };
    tally.answer.counts.add(&again);
    listener.note(&format!(
        "`{}` was imported by this mapping before; nothing is to be done",
        file.display()
    ));
}

pub(crate) fn open(file: &Path, mapping: &Mapping) -> Result<import::Rows, Failure> {
    import::open(file, &mapping.compiled).map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "used as the argument of map_err")]
pub(crate) fn unreadable(error: import::Error) -> Failure {
    let exit = match error.class() {
        import::Class::Input => Exit::Usage,
        import::Class::Transient => Exit::Transient,
        import::Class::Fatal => Exit::Failed,
    };
    Failure::new(exit, crate::failure::chain(&error))
}
