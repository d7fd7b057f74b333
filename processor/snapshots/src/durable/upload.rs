//! A large file written part by part, visible only when it is complete and durable.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use object_store::{MultipartUpload, PutPayload, PutResult, Result, UploadPart};

use super::disk::{self, Placement};
use super::{Disk, DiskError};

#[derive(Debug)]
struct Temp {
    file: Mutex<File>,
    temp: PathBuf,
}

impl Drop for Temp {
    fn drop(&mut self) {
        // A name that stays behind is hidden from listings and swept later.
        fs::remove_file(&self.temp).ok();
    }
}

/// An upload in progress.
#[derive(Debug)]
pub(super) struct DurableUpload {
    disk: Arc<Disk>,
    path: PathBuf,
    temp: Arc<Temp>,
    len: u64,
}

impl DurableUpload {
    pub(super) fn begin(disk: &Arc<Disk>, path: &Path) -> Result<Self, DiskError> {
        let (file, temp) = disk::create_temp(&disk.root, path)?;
        let temp = Arc::new(Temp {
            file: Mutex::new(file),
            temp,
        });
        Ok(Self {
            disk: Arc::clone(disk),
            path: path.to_path_buf(),
            temp,
            len: 0,
        })
    }
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let start = self.len;
        let need = data.content_length() as u64;
        self.len += need;
        let (disk, path, temp) = (Arc::clone(&self.disk), self.path.clone(), Arc::clone(&self.temp));
        Box::pin(async move {
            tokio::task::spawn_blocking(move || {
                let mut file = temp.file.lock().unwrap_or_else(PoisonError::into_inner);
                let written = file
                    .seek(SeekFrom::Start(start))
                    .and_then(|_| data.iter().try_for_each(|part| file.write_all(part)));
                written.map_err(|error| disk.fail(&path, disk::full_or_io(error, need)))
            })
            .await?
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let (disk, path, temp, len) = (
            Arc::clone(&self.disk),
            self.path.clone(),
            Arc::clone(&self.temp),
            self.len,
        );
        tokio::task::spawn_blocking(move || {
            let file = temp.file.lock().unwrap_or_else(PoisonError::into_inner);
            let placed = disk
                .check()
                .and_then(|()| disk::place(&file, &temp.temp, &path, len, Placement::Link));
            placed.map_err(|error| disk.fail(&path, error))
        })
        .await??;
        Ok(PutResult {
            e_tag: None,
            version: None,
        })
    }

    async fn abort(&mut self) -> Result<()> {
        Ok(())
    }
}
