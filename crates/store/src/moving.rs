//! Finding texts for who moves a registry, in stores that have no shorter way.

use registry::ids::{ContentHash, RecordId};

use crate::{Reader, StoreError, Window};

/// Versions read at once; each may be as large as a request.
const VERSIONS_MAX: u64 = 20;

/// The contents asked for, each looked for in the history of its record, newest first.
pub(crate) async fn contents_of<R: Reader + ?Sized>(
    reader: &R,
    wanted: &[(RecordId, ContentHash)],
) -> Result<Vec<Option<String>>, StoreError> {
    let mut texts = Vec::with_capacity(wanted.len());
    for (record, hash) in wanted {
        texts.push(content_of(reader, record, hash).await?);
    }
    Ok(texts)
}

async fn content_of<R: Reader + ?Sized>(
    reader: &R,
    record: &RecordId,
    hash: &ContentHash,
) -> Result<Option<String>, StoreError> {
    let mut offset = 0;
    loop {
        let window = Window { offset, limit: VERSIONS_MAX };
        let (versions, total) = reader.record_history(record, window).await?;
        offset += versions.len() as u64;
        let is_last = versions.is_empty() || offset >= total;
        let found = versions.into_iter().find(|stored| stored.version.content == *hash);
        if found.is_some() || is_last {
            return Ok(found.map(|stored| stored.content));
        }
    }
}
