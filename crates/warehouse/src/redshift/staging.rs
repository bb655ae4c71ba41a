//! The objects that a load puts into S3 for the cluster to read, and takes away again.

use crate::error::{Error, Kind, Result};
use crate::recorder::Script;
use crate::source::{Location, ObjectWriter, Sources, Upload};

/// Keys longer than this would be cut in the system tables that tell of them.
const LONGEST_URL: usize = 256;

/// Where objects are put.
enum Place {
    S3(Upload),
    /// Nowhere, in a dry run: what they would hold is written down.
    Script(Script),
}

/// A folder of this connection's own below the staging prefix. What was written there is removed when it is dropped.
pub(super) struct Staging {
    place: Place,
    sources: Sources,
    folder: String,
    prefix: String,
    written: Vec<String>,
    begun: usize,
}

impl Staging {
    /// A folder below the prefix; nothing is written yet. `sources` must not stop when the user interrupts, as the
    /// folder is to be emptied then as well.
    pub fn new(location: &Location, sources: &Sources) -> Result<Self> {
        let upload = Upload::to(sources, location)
            .ok_or_else(|| Error::new(Kind::Settings, format!("`{location}` is not in S3, where the cluster could read it")))?;
        let folder = format!("sparkify-{}/", crate::clock::new_id());
        let prefix = upload.url("");
        if prefix.len() + folder.len() + 40 > LONGEST_URL {
            return Err(Error::new(Kind::Settings, format!("redshift.staging is too long: {location}"))
                .with_hint("the cluster's system tables keep 256 bytes of a file's name; choose a shorter prefix"));
        }
        Ok(Self { place: Place::S3(upload), sources: sources.clone(), folder, prefix, written: Vec::new(), begun: 0 })
    }

    /// Of a load that is not run. A load's folder has a number of its own.
    pub fn recording(location: Option<&Location>, sources: &Sources, script: Script) -> Self {
        let prefix = location.map_or_else(|| "<redshift.staging>".to_owned(), ToString::to_string);
        let (prefix, folder) = (format!("{}/", prefix.trim_end_matches('/')), "sparkify-<run>/".to_owned());
        Self { place: Place::Script(script), sources: sources.clone(), folder, prefix, written: Vec::new(), begun: 0 }
    }

    fn upload(&self) -> Result<&Upload> {
        match &self.place {
            Place::S3(upload) => Ok(upload),
            Place::Script(_) => Err(Error::new(Kind::Bug, "a dry run is about to write into S3")),
        }
    }

    /// A name for one more object.
    pub fn name(&mut self, what: &str) -> String {
        self.begun += 1;
        let name = format!("{}{:04}-{what}", self.folder, self.begun);
        self.written.push(name.clone());
        name
    }

    /// Where an object of this name is.
    pub fn url(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Begins an object of a name that [`Self::name`] gave.
    pub fn object(&self, name: &str) -> Result<ObjectWriter> {
        self.upload()?.object(name)
    }

    /// Writes a whole object; returns its URL.
    pub fn write(&mut self, what: &str, content: &[u8]) -> Result<String> {
        let name = self.name(what);
        let url = self.url(&name);
        match &self.place {
            Place::S3(upload) => {
                let mut object = upload.object(&name)?;
                object.write(content)?;
                object.finish()?;
                upload.finish()?;
            }
            Place::Script(script) => script.comment(&format!("{url}: {}", String::from_utf8_lossy(content)))?,
        }
        Ok(url)
    }

    /// Looks whether an object can be listed and read.
    pub fn look(&self, url: &str) -> Result<()> {
        let listing = self.sources.list(&Location::parse(url)?)?;
        let mut reader = self.sources.fetch(listing.files, 1 << 20)?.open(0)?;
        std::io::copy(&mut reader, &mut std::io::sink())
            .map(drop)
            .map_err(|e| Error::new(Kind::SourceFile, format!("cannot read {url}")).caused_by(e))
    }

    /// Waits until everything is there.
    pub fn finish(&self) -> Result<()> {
        self.upload()?.finish()
    }

    /// The region of the staging bucket.
    pub fn region(&self) -> Result<String> {
        match &self.place {
            Place::S3(upload) => upload.region(),
            Place::Script(_) => Ok("<the staging bucket's region>".to_owned()),
        }
    }

    /// Removes everything that was written so far. What cannot be removed now is tried again at the end.
    pub fn clear(&mut self) {
        match self.remove() {
            Ok(()) => self.written.clear(),
            Err(error) => tracing::debug!("{}", error.report()),
        }
    }
}

impl Staging {
    fn remove(&self) -> Result<()> {
        match &self.place {
            Place::S3(upload) if !self.written.is_empty() => upload.remove(&self.written),
            _ => Ok(()),
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!("objects are left in {}{}: {}", self.prefix, self.folder, error.report());
        }
    }
}
