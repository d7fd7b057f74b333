//! One Delta table: its current version, its live files, one-attempt commits.

use std::collections::BTreeMap;

use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableBuilder, DeltaTableError};
use futures::TryStreamExt;
use paceline_schemas::tables::Table;
use paceline_schemas::time::Instant;

use super::actions::{self, Change, LiveFile, millis};
use super::metadata;
use crate::error::Error;
use crate::layout;
use crate::store::Store;

/// A Delta table and its contract.
pub struct DeltaHandle {
    contract: &'static Table,
    table: DeltaTable,
    version: u64,
    /// Answers about the version read last: each costs a walk through the log.
    txns: BTreeMap<String, Option<i64>>,
}

impl std::fmt::Debug for DeltaHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeltaHandle")
            .field("table", &self.contract.name)
            .field("version", &self.version)
            .finish()
    }
}

impl DeltaHandle {
    pub(super) async fn open_or_create(store: &Store, contract: &'static Table, at: Instant) -> Result<Self, Error> {
        if let Some(opened) = Self::open(store, contract, None).await? {
            return Ok(opened);
        }
        let created = create(unopened(store, contract)?, contract, at).await;
        match Self::open(store, contract, None).await? {
            Some(opened) => Ok(opened),
            None => Err(created.err().unwrap_or_else(|| not_there(contract))),
        }
    }

    /// Opens the table at `version`, or at its newest one; `None` if there is no table.
    ///
    /// # Errors
    /// The log cannot be read, or the table has other columns than the contract.
    pub async fn open(store: &Store, contract: &'static Table, version: Option<u64>) -> Result<Option<Self>, Error> {
        let mut table = unopened(store, contract)?;
        if !Box::pin(table.verify_deltatable_existence())
            .await
            .map_err(Error::delta(contract.name))?
        {
            return Ok(None);
        }
        Box::pin(table.update_incremental(version))
            .await
            .map_err(Error::delta(contract.name))?;
        let mut opened = Self {
            contract,
            table,
            version: 0,
            txns: BTreeMap::new(),
        };
        opened.note_version()?;
        opened.check_contract()?;
        Ok(Some(opened))
    }

    /// The contract of the table.
    pub fn contract(&self) -> &'static Table {
        self.contract
    }

    /// The version that was read last.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Reads newer versions.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn refresh(&mut self) -> Result<(), Error> {
        if Box::pin(self.table.update_incremental(None)).await.is_err() {
            // Entries that the last reading rests on may have been cleaned up since: read from the newest checkpoint.
            self.table.state = None;
            Box::pin(self.table.update_incremental(None))
                .await
                .map_err(Error::delta(self.contract.name))?;
        }
        self.note_version()
    }

    /// Reads up to `version`, from the start if it lies below the one read last.
    ///
    /// # Errors
    /// The log cannot be read, or does not reach back that far.
    pub async fn travel(&mut self, version: u64) -> Result<(), Error> {
        if version == self.version {
            return Ok(());
        }
        if Box::pin(self.table.load_version(version)).await.is_err() {
            self.reload(version).await?;
        }
        self.note_version()
    }

    /// The version under which `app_id` committed last.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn txn(&mut self, app_id: &str) -> Result<Option<i64>, Error> {
        if let Some(known) = self.txns.get(app_id) {
            return Ok(*known);
        }
        let found = match self.read_txn(app_id).await {
            Ok(found) => found,
            Err(_) => {
                self.reload(self.version).await?;
                self.read_txn(app_id).await.map_err(Error::delta(self.contract.name))?
            }
        };
        self.txns.insert(app_id.to_owned(), found);
        Ok(found)
    }

    async fn read_txn(&self, app_id: &str) -> Result<Option<i64>, DeltaTableError> {
        let log_store = self.table.log_store();
        let read = async {
            self.table
                .snapshot()?
                .transaction_version(log_store.as_ref(), app_id)
                .await
        };
        Box::pin(read).await
    }

    /// Reads a version without what was read before.
    async fn reload(&mut self, version: u64) -> Result<(), Error> {
        self.table.state = None;
        Box::pin(self.table.load_version(version))
            .await
            .map_err(Error::delta(self.contract.name))
    }

    /// The live files, by path.
    ///
    /// # Errors
    /// The table was not read.
    pub fn files(&self) -> Result<Vec<LiveFile>, Error> {
        let snapshot = self.table.snapshot().map_err(Error::delta(self.contract.name))?;
        let mut files: Vec<LiveFile> = snapshot
            .log_data()
            .iter()
            .map(|view| actions::live(self.contract, &view))
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }

    /// Files that have left the table and when, in milliseconds, as far as the log still tells.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn removed(&mut self) -> Result<Vec<(String, Option<i64>)>, Error> {
        if let Ok(removed) = self.read_removed().await {
            return Ok(removed);
        }
        self.reload(self.version).await?;
        self.read_removed().await.map_err(Error::delta(self.contract.name))
    }

    async fn read_removed(&self) -> Result<Vec<(String, Option<i64>)>, DeltaTableError> {
        let log_store = self.table.log_store();
        let read = async {
            let snapshot = self.table.snapshot()?;
            let views: Vec<_> = snapshot.all_tombstones(log_store.as_ref()).try_collect().await?;
            Ok(views
                .iter()
                .map(|view| (view.path().into_owned(), view.deletion_timestamp()))
                .collect())
        };
        Box::pin(read).await
    }

    /// Commits once, on top of the version that was read last.
    ///
    /// # Errors
    /// The commit failed, or its outcome is unknown: refresh and look.
    pub async fn commit(&mut self, change: Change, at: Instant) -> Result<u64, Error> {
        let operation = if change.rearranges {
            DeltaOperation::Optimize {
                predicate: None,
                target_size: 0,
            }
        } else {
            let partition_by = self.contract.partition.map(|column| vec![column.to_owned()]);
            DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by,
                predicate: None,
            }
        };
        let mut info = operation.get_commit_info();
        info.timestamp = Some(millis(at));
        let txns = change
            .txns
            .iter()
            .map(|(id, version)| Transaction::new_with_last_update(id, *version, Some(millis(at))));
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_create_checkpoint(false)
            .with_cleanup_expired_logs(Some(false))
            .with_application_transactions(txns.collect());
        let data_change = !change.rearranges;
        let removes = change
            .removes
            .iter()
            .map(|file| Action::Remove(actions::remove(self.contract, file, data_change, at)));
        let adds = change
            .adds
            .iter()
            .map(|add| Action::Add(actions::add(self.contract, add, data_change, at)));
        let actions = [Action::CommitInfo(info)]
            .into_iter()
            .chain(removes)
            .chain(adds)
            .collect();
        let state = self.table.snapshot().map_err(Error::delta(self.contract.name))?;
        let commit = CommitBuilder::from(properties).with_actions(actions);
        let commit = commit
            .build(Some(state), self.table.log_store(), operation)
            .into_future();
        let done = commit.await.map_err(Error::delta(self.contract.name))?;
        self.table.state = Some(done.snapshot);
        self.note_version()?;
        Ok(self.version)
    }

    /// True if the table is set to forget application ids, on which exactly-once rests.
    pub fn forgets_transactions(&self) -> bool {
        let snapshot = self.table.snapshot().ok();
        snapshot.is_some_and(|snapshot| {
            snapshot
                .metadata()
                .configuration()
                .contains_key("delta.setTransactionRetentionDuration")
        })
    }

    /// Writes a checkpoint of the log at the version read last.
    ///
    /// # Errors
    /// The log cannot be read or the store fails.
    pub(crate) async fn write_log_checkpoint(&self) -> Result<(), Error> {
        let written = deltalake_core::checkpoints::create_checkpoint(&self.table, None);
        Box::pin(written).await.map_err(Error::delta(self.contract.name))
    }

    /// Removes log entries from before `cutoff_ms` that no version since then rests on, and counts them.
    ///
    /// # Errors
    /// The store fails.
    pub(crate) async fn clean_log(&mut self, cutoff_ms: i64) -> Result<usize, Error> {
        let log_store = self.table.log_store();
        let cleaned =
            deltalake_core::checkpoints::cleanup_expired_logs_for(self.version, log_store.as_ref(), cutoff_ms, None);
        let cleaned = Box::pin(cleaned).await.map_err(Error::delta(self.contract.name))?;
        if cleaned > 0 {
            self.reload(self.version).await?;
        }
        Ok(cleaned)
    }

    fn note_version(&mut self) -> Result<(), Error> {
        let version = self.table.version().ok_or_else(|| not_there(self.contract))?;
        if version != self.version {
            self.txns.clear();
            self.version = version;
        }
        Ok(())
    }

    fn check_contract(&self) -> Result<(), Error> {
        let snapshot = self.table.snapshot().map_err(Error::delta(self.contract.name))?;
        let fault = |detail: String| {
            Err(Error::Contract {
                table: self.contract.name.to_owned(),
                detail,
            })
        };
        let (reader, writer) = (
            snapshot.protocol().min_reader_version(),
            snapshot.protocol().min_writer_version(),
        );
        if (reader, writer) != (1, 2) {
            return fault(format!(
                "it needs Delta reader {reader} and writer {writer}, this program knows 1 and 2"
            ));
        }
        let stored = snapshot.snapshot().arrow_schema();
        for column in &self.contract.columns {
            match stored.field_with_name(column.name) {
                Ok(field) if *field.data_type() == column.kind.arrow() => {}
                Ok(field) => {
                    return fault(format!(
                        "its column `{}` is {}, the contract has {}",
                        column.name,
                        field.data_type(),
                        column.kind.arrow()
                    ));
                }
                Err(_) => {
                    return fault(format!(
                        "it has no column `{}`; rebuild into an empty directory",
                        column.name
                    ));
                }
            }
        }
        Ok(())
    }
}

fn unopened(store: &Store, contract: &Table) -> Result<DeltaTable, Error> {
    let url = store.folder_url(&layout::table(contract.name))?;
    let built = DeltaTableBuilder::from_url(url.clone())
        .and_then(|builder| builder.with_storage_backend(store.objects(), url).build());
    built.map_err(Error::delta(contract.name))
}

async fn create(table: DeltaTable, contract: &Table, at: Instant) -> Result<(), Error> {
    let json = |source| Error::delta(contract.name)(DeltaTableError::SerializeLogJson { json_err: source });
    let protocol = metadata::protocol().map_err(json)?;
    let metadata = metadata::metadata(contract, at).map_err(json)?;
    let operation = DeltaOperation::Create {
        mode: SaveMode::ErrorIfExists,
        location: table.table_url().clone(),
        protocol: protocol.clone(),
        metadata: metadata.clone(),
    };
    let mut info = operation.get_commit_info();
    info.timestamp = Some(millis(at));
    let actions = vec![
        Action::CommitInfo(info),
        Action::Protocol(protocol),
        Action::Metadata(metadata),
    ];
    let commit = CommitBuilder::default().with_max_retries(0).with_actions(actions);
    let commit = commit.build(None, table.log_store(), operation).into_future();
    commit.await.map(|_| ()).map_err(Error::delta(contract.name))
}

fn not_there(contract: &Table) -> Error {
    Error::delta(contract.name)(DeltaTableError::NotATable(contract.name.to_owned()))
}
