//! Listing: what disk and object store share, and the object store's part.

use object_store::list::{PaginatedListOptions, PaginatedListStore};

use super::failure::Failure;
use super::location::Place;
use super::retry::Retry;
use super::s3::Bucket;
use super::shared::Sources;
use super::{Compression, Listing, Location, SourceFile, local, why};
use crate::error::{Error, Kind, Result};

impl Sources {
    /// Finds the JSON files of a location and what is skipped there.
    ///
    /// # Errors
    /// [`Kind::SourceMissing`] when there is no such place or no JSON file in it, [`Kind::SourceDenied`],
    /// [`Kind::SourceCredentials`], [`Kind::SourceRegion`], [`Kind::SourceUnavailable`], [`Kind::Settings`],
    /// [`Kind::Interrupted`].
    pub fn list(&self, location: &Location) -> Result<Listing> {
        self.stop().check()?;
        let mut listing = match location.place() {
            Place::Disk(path) => local::list(location, path, self.follows_links(), &self.stop())?,
            Place::S3 { bucket, key, folder } => {
                self.block_on(async |shared| list_bucket(&*shared.bucket(bucket).await?, key, *folder).await)??
            }
        };
        listing.files.sort_unstable_by(|a, b| a.url.cmp(&b.url));
        listing.files.dedup_by(|a, b| a.url == b.url);
        listing.skipped.sort_unstable();
        listing.skipped.dedup();
        if !listing.files.is_empty() {
            return Ok(listing);
        }
        Err(match listing.skipped.as_slice() {
            [] if location.is_s3() => Error::new(Kind::SourceMissing, format!("{location} does not exist")),
            [] => Error::new(Kind::SourceMissing, format!("{location} holds no JSON files: the folder is empty")),
            [(_, why)] => Error::new(Kind::SourceMissing, format!("{location} holds no JSON files; 1 other was skipped ({why})")),
            [.., (_, why)] => {
                let count = listing.skipped.len();
                let all = if listing.skipped.iter().all(|(_, other)| other == why) { why } else { "various reasons" };
                Error::new(Kind::SourceMissing, format!("{location} holds no JSON files; {count} others were skipped ({all})"))
            }
        })
    }
}

async fn list_bucket(bucket: &Bucket, key: &str, folder: bool) -> Result<Listing> {
    let mut listing = Listing::default();
    let prefix = if key.is_empty() { String::new() } else { format!("{key}/") };
    let looks_like_file = !folder && Compression::of_name(key).is_some();
    // The name decides which listing comes first. Both are tried before giving up.
    if looks_like_file {
        list_one(bucket, key, &mut listing).await?;
    }
    if listing == Listing::default() {
        list_prefix(bucket, &prefix, &mut listing).await?;
    }
    if listing == Listing::default() && !folder && !looks_like_file {
        list_one(bucket, key, &mut listing).await?;
    }
    Ok(listing)
}

/// The one object with exactly this key: keys come sorted, so it is the first that starts with it. Asking for the
/// object itself would need one permission more, and its error says less.
async fn list_one(bucket: &Bucket, key: &str, listing: &mut Listing) -> Result<()> {
    let page = page(bucket, key, None, Some(1)).await?;
    if let Some(meta) = page.result.objects.into_iter().find(|meta| meta.location.as_ref() == key) {
        sort_object(bucket, key.rsplit('/').next().unwrap_or(key), &meta, listing);
    }
    Ok(())
}

async fn list_prefix(bucket: &Bucket, prefix: &str, listing: &mut Listing) -> Result<()> {
    let mut token = None;
    loop {
        let page = page(bucket, prefix, token, None).await?;
        for meta in page.result.objects {
            let key = meta.location.to_string();
            // A folder's marker is the key with the slash, which the client has cut off.
            let below = key.strip_prefix(prefix).unwrap_or_default();
            sort_object(bucket, below, &meta, listing);
        }
        match page.page_token {
            Some(next) => token = Some(next),
            None => return Ok(()),
        }
    }
}

async fn page(
    bucket: &Bucket,
    prefix: &str,
    token: Option<String>,
    max_keys: Option<usize>,
) -> Result<object_store::list::PaginatedListResult> {
    let mut retry = Retry::new(&bucket.policy);
    let prefix = (!prefix.is_empty()).then_some(prefix);
    loop {
        let options = PaginatedListOptions { page_token: token.clone(), max_keys, ..PaginatedListOptions::default() };
        let store = bucket.store();
        let answer = bucket.in_time(store.client.list_paginated(prefix, options)).await;
        match answer.and_then(|page| page.map_err(Failure::from)) {
            Ok(page) => return Ok(page),
            Err(failure) if bucket.follows(&store, &failure) => {}
            Err(failure) => {
                if !failure.is_transient() || !retry.pause(&bucket.name, &failure).await {
                    return Err(failure.on_bucket(bucket).await);
                }
            }
        }
    }
}

/// Decides what an object is by its key below the prefix.
fn sort_object(bucket: &Bucket, below: &str, meta: &object_store::ObjectMeta, listing: &mut Listing) {
    let url = format!("s3://{}/{}", bucket.name, meta.location);
    let name = below.rsplit('/').next().unwrap_or(below);
    let compression = Compression::of_name(name);
    let why = match compression {
        _ if below.is_empty() => why::MARKER,
        _ if below.split('/').any(|part| part.starts_with('.')) => why::HIDDEN,
        None if meta.size == 0 && !name.contains('.') => why::MARKER,
        None => why::NOT_JSON,
        Some(_) if meta.size == 0 => why::EMPTY,
        Some(compression) => {
            let modified_us = meta.last_modified.timestamp_micros();
            let etag = meta.e_tag.as_deref().map(unquoted).filter(|etag| !etag.is_empty());
            let version = etag.map_or_else(|| format!("{modified_us}-{}", meta.size), str::to_owned);
            listing.files.push(SourceFile { url, size: meta.size, version, modified_us, compression });
            return;
        }
    };
    listing.skipped.push((url, why));
}

/// An etag without its quotes.
pub(super) fn unquoted(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/").trim_matches('"')
}
