//! A file written in pieces and hashed on the way; small ones go in one request.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};

use super::store_error;
use crate::error::Error;
use crate::manifest::Digest;

/// Bytes collected before a part is sent; object stores want parts of more than 5 MiB.
const PART_BYTES: usize = 8 << 20;

/// A file in progress. Dropping it leaves nothing visible.
#[derive(Debug)]
pub(crate) struct Upload {
    objects: Arc<dyn ObjectStore>,
    location: Path,
    path: String,
    held: Vec<Bytes>,
    held_bytes: usize,
    parts: Option<Box<dyn MultipartUpload>>,
    hasher: Box<blake3::Hasher>,
    len: u64,
}

impl Upload {
    pub(super) fn new(objects: Arc<dyn ObjectStore>, location: Path, path: String) -> Self {
        let hasher = Box::new(blake3::Hasher::new());
        Self {
            objects,
            location,
            path,
            held: Vec::new(),
            held_bytes: 0,
            parts: None,
            hasher,
            len: 0,
        }
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.hasher.update(&bytes);
        self.len += bytes.len() as u64;
        self.held_bytes += bytes.len();
        self.held.push(bytes);
        if self.held_bytes < PART_BYTES {
            return Ok(());
        }
        let payload = self.take_held();
        let sent = match &mut self.parts {
            Some(parts) => parts.put_part(payload).await,
            None => match self.objects.put_multipart(&self.location).await {
                Ok(parts) => self.parts.insert(parts).put_part(payload).await,
                Err(error) => Err(error),
            },
        };
        sent.map_err(|error| store_error(&self.path, error))
    }

    /// Makes the file visible and durable; tells its length and digest.
    pub(crate) async fn complete(&mut self) -> Result<(u64, Digest), Error> {
        let payload = self.take_held();
        let done = match &mut self.parts {
            None => {
                let options = PutOptions::from(PutMode::Create);
                self.objects
                    .put_opts(&self.location, payload, options)
                    .await
                    .map(|_| ())
            }
            Some(parts) => {
                if payload.content_length() > 0 {
                    parts
                        .put_part(payload)
                        .await
                        .map_err(|error| store_error(&self.path, error))?;
                }
                parts.complete().await.map(|_| ())
            }
        };
        done.map_err(|error| store_error(&self.path, error))?;
        Ok((self.len, Digest::of_hasher(&self.hasher)))
    }

    fn take_held(&mut self) -> PutPayload {
        self.held_bytes = 0;
        self.held.drain(..).collect()
    }
}
