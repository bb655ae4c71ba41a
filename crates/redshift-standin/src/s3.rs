//! An S3 server on a loopback port, over a folder on disk: each folder in its root is a bucket.
//!
//! In front of it sits a layer that makes requests fail on demand. Requests must be signed with the server's keys, except
//! those to the bucket `public`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fs;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, ETag, ETagCondition,
    GetObjectInput, GetObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Never part of an error message: the server puts it into its refusals, as S3 does with tokens.
pub const LEAKED_TOKEN: &str = "FwoGZXIvYXdzTOKENthatMUSTnotBEseen";

/// What happens to a request instead of its proper answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Answers with this status and S3 error code.
    Status(u16, &'static str),
    /// 301 without a location, naming the bucket's region in a header.
    OtherRegion(&'static str),
    /// Waits before the proper answer.
    Delay(Duration),
    /// Sends half of the body and closes the connection.
    Cut,
    /// Sends half of the body, then nothing more, and keeps the connection.
    Stall,
    /// Never answers.
    Silence,
    /// Sends the body in pieces of so many bytes, with a pause after each.
    Throttle(usize, Duration),
    /// Flips a bit in the middle of the body.
    Corrupt,
}

struct Rule {
    times: usize,
    part: String,
    fault: Fault,
}

/// The faults to come and what was asked so far. All of it can be changed while the server runs.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<VecDeque<Rule>>,
    requests: Mutex<Vec<String>>,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Faults {
    /// The next `times` requests whose line (`GET /bucket/key?query range`) contains `part` meet this fault.
    pub fn add(&self, times: usize, part: &str, fault: Fault) {
        self.rules.lock().unwrap().push_back(Rule { times, part: part.to_owned(), fault });
    }

    /// Forgets the faults to come.
    pub fn clear(&self) {
        self.rules.lock().unwrap().clear();
    }

    /// All requests so far, as `GET /bucket/key?query` with ` bytes=from-to` behind it where a range was asked.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests so far contain `part`.
    pub fn count(&self, part: &str) -> usize {
        self.requests.lock().unwrap().iter().filter(|line| line.contains(part)).count()
    }

    /// The most requests that were under way at the same time.
    pub fn most_under_way(&self) -> usize {
        self.most_under_way.load(Ordering::SeqCst)
    }

    fn next(&self, line: &str) -> Option<Fault> {
        self.requests.lock().unwrap().push(line.to_owned());
        let mut rules = self.rules.lock().unwrap();
        let at = rules.iter().position(|rule| line.contains(&rule.part))?;
        rules[at].times -= 1;
        let fault = rules[at].fault.clone();
        if rules[at].times == 0 {
            rules.remove(at);
        }
        Some(fault)
    }
}

/// A running server; dropping it ends it.
pub struct S3Server {
    root: PathBuf,
    /// `http://127.0.0.1:port`
    pub url: String,
    /// The key that it accepts.
    pub access_key: &'static str,
    /// The secret that belongs to it.
    pub secret_key: &'static str,
    faults: Arc<Faults>,
    markers: Arc<Mutex<Vec<(String, String)>>>,
    tells_checksums: Arc<AtomicBool>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl S3Server {
    /// Serves the folders in `root` as buckets.
    pub fn start(root: &Path) -> Self {
        let (access_key, secret_key) = ("AKIDTESTSERVER", "secretOfTheTestServer");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        listener.set_nonblocking(true).expect("a socket");
        let faults = Arc::new(Faults::default());
        let markers = Arc::default();
        let tells_checksums = Arc::new(AtomicBool::new(false));
        let service = |auth: bool| {
            let files = FileSystem::new(root).expect("the root folder");
            let (markers, tells_checksums) = (Arc::clone(&markers), Arc::clone(&tells_checksums));
            let mut builder = S3ServiceBuilder::new(Store { files, root: root.to_owned(), markers, tells_checksums });
            if auth {
                builder.set_auth(SimpleAuth::from_single(access_key, secret_key));
            }
            builder.build()
        };
        let layer = Arc::new(Layer { signed: service(true), open: service(false), access_key, faults: Arc::clone(&faults) });
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((socket, _)) = listener.accept().await {
                let layer = Arc::clone(&layer);
                let service = service_fn(move |request| {
                    let layer = Arc::clone(&layer);
                    async move { Ok::<_, Infallible>(layer.answer(request).await) }
                });
                // A client that goes away is no concern of the server.
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        Self { root: root.to_owned(), url, access_key, secret_key, faults, markers, tells_checksums, runtime: Some(runtime) }
    }

    /// `http://127.0.0.1:port`
    pub fn endpoint(&self) -> &str {
        &self.url
    }

    /// What to make go wrong, and what was asked.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Puts an object, and its bucket if need be.
    pub fn put(&self, bucket: &str, key: &str, content: impl AsRef<[u8]>) {
        let path = self.root.join(bucket).join(key);
        fs::create_dir_all(path.parent().expect("a bucket")).expect("a folder");
        fs::write(path, content).expect("an object");
    }

    /// Removes an object.
    pub fn remove(&self, bucket: &str, key: &str) {
        fs::remove_file(self.root.join(bucket).join(key)).expect("an object to remove");
    }

    /// From now on it tells the CRC32 of whole objects to those who ask for checksums.
    pub fn tell_checksums(&self) {
        self.tells_checksums.store(true, Ordering::SeqCst);
    }

    /// Adds an empty object whose key ends in `/`, as consoles make for folders.
    pub fn put_marker(&self, bucket: &str, key: &str) {
        self.markers.lock().unwrap().push((bucket.to_owned(), key.to_owned()));
    }

    /// The environment in which the command line and AWS's tools find this server.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_ACCESS_KEY_ID", self.access_key.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", self.secret_key.to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Layer {
    signed: S3Service,
    open: S3Service,
    access_key: &'static str,
    faults: Arc<Faults>,
}

impl Layer {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        /// Counts down even when the client goes away before the answer.
        struct UnderWay<'a>(&'a AtomicUsize);
        impl Drop for UnderWay<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let now = self.faults.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.faults.most_under_way.fetch_max(now, Ordering::SeqCst);
        let _under_way = UnderWay(&self.faults.under_way);
        self.answer_one(request).await
    }

    async fn answer_one(&self, request: Request<Incoming>) -> Response<Body> {
        let range = request.headers().get("range").and_then(|range| range.to_str().ok()).unwrap_or_default();
        let line = format!("{} {} {range}", request.method(), request.uri());
        let fault = self.faults.next(line.trim_end());
        let authorization = request.headers().get("authorization").and_then(|header| header.to_str().ok());
        let known = format!("Credential={}/", self.access_key);
        let signed = authorization.is_some();
        if authorization.is_some_and(|header| !header.contains(&known)) {
            return refusal(403, "InvalidAccessKeyId", None);
        }
        match &fault {
            Some(Fault::Status(status, code)) => return refusal(*status, code, None),
            Some(Fault::OtherRegion(region)) => return refusal(301, "PermanentRedirect", Some(region)),
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Delay(pause)) => tokio::time::sleep(*pause).await,
            _ => {}
        }
        let service = if !signed && request.uri().path().starts_with("/public") { &self.open } else { &self.signed };
        let response = match service.call(request.map(s3s::Body::from)).await {
            Ok(response) => response,
            Err(error) => panic!("the server itself failed: {error:?}"),
        };
        let (parts, body) = response.into_parts();
        let data = match body.collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) => panic!("the body failed: {error:?}"),
        };
        let half = data.len() / 2;
        let body = match fault {
            Some(Fault::Cut) => pieces(vec![(data.slice(..half), Duration::ZERO)], End::Broken),
            Some(Fault::Stall) => pieces(vec![(data.slice(..half), Duration::ZERO)], End::Never),
            Some(Fault::Throttle(size, pause)) => {
                let count = data.len().div_ceil(size);
                let piece = |at: usize| data.slice(at * size..data.len().min((at + 1) * size));
                pieces((0..count).map(|at| (piece(at), pause)).collect(), End::Proper)
            }
            Some(Fault::Corrupt) => {
                let mut data = data.to_vec();
                data[half] ^= 0x10;
                full(data.into())
            }
            _ => full(data),
        };
        Response::from_parts(parts, body)
    }
}

enum End {
    Proper,
    Broken,
    Never,
}

fn full(data: Bytes) -> Body {
    Full::new(data).map_err(|never: Infallible| match never {}).boxed_unsync()
}

fn pieces(pieces: Vec<(Bytes, Duration)>, end: End) -> Body {
    let stream = futures::stream::unfold((pieces.into_iter(), end), |(mut pieces, end)| async move {
        match (pieces.next(), end) {
            (Some((piece, pause)), end) => {
                tokio::time::sleep(pause).await;
                Some((Ok(Frame::data(piece)), (pieces, end)))
            }
            (None, End::Proper) => None,
            (None, End::Broken) => {
                // The half that was sent must leave before the connection breaks.
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Err(io::Error::other("cut on purpose")), (pieces, End::Proper)))
            }
            (None, End::Never) => std::future::pending().await,
        }
    });
    StreamBody::new(stream).boxed_unsync()
}

fn refusal(status: u16, code: &str, region: Option<&str>) -> Response<Body> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>What the server says about \
         {code}</Message><Token-0>{LEAKED_TOKEN}</Token-0><CanonicalRequest>x-amz-security-token:{LEAKED_TOKEN}\
         </CanonicalRequest><RequestId>1</RequestId></Error>"
    );
    let mut builder = Response::builder().status(status).header("content-type", "application/xml");
    if let Some(region) = region {
        builder = builder.header("x-amz-bucket-region", region);
    }
    builder.body(full(text.into())).expect("a valid answer")
}

/// The file store with what it lacks: etags in listings, `If-Match`, and folder markers.
struct Store {
    files: FileSystem,
    root: PathBuf,
    markers: Arc<Mutex<Vec<(String, String)>>>,
    tells_checksums: Arc<AtomicBool>,
}

/// The CRC32 of some bytes, as S3 writes it.
pub fn crc32(data: &[u8]) -> String {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    base64::engine::general_purpose::STANDARD.encode(crc.sum().to_be_bytes())
}

type Answer<'f, T> = Pin<Box<dyn Future<Output = S3Result<S3Response<T>>> + Send + 'f>>;

impl Store {
    fn etag(&self, bucket: &str, key: &str) -> Option<String> {
        let stat = fs::metadata(self.root.join(bucket).join(key)).ok()?;
        let age = stat.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        // Not like an MD5, which it is not: as of an object that was uploaded in parts.
        Some(format!("{:020x}{:012x}-1", age.as_nanos(), stat.len()))
    }
}

impl S3 for Store {
    fn list_objects_v2<'a, 'f>(&'a self, request: S3Request<ListObjectsV2Input>) -> Answer<'f, ListObjectsV2Output>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let bucket = request.input.bucket.clone();
            let prefix = request.input.prefix.clone().unwrap_or_default();
            let first = request.input.continuation_token.is_none();
            let mut response = self.files.list_objects_v2(request).await?;
            let objects = response.output.contents.get_or_insert_default();
            for object in objects.iter_mut() {
                object.e_tag = self.etag(&bucket, object.key.as_deref().unwrap_or_default()).map(ETag::Strong);
            }
            for (_, key) in self.markers.lock().unwrap().iter().filter(|marker| first && marker.0 == bucket) {
                if key.starts_with(&prefix) {
                    let now = std::time::SystemTime::now().into();
                    let marker = Object { key: Some(key.clone()), size: Some(0), last_modified: Some(now), ..Object::default() };
                    objects.insert(0, marker);
                }
            }
            Ok(response)
        })
    }

    fn get_object<'a, 'f>(&'a self, request: S3Request<GetObjectInput>) -> Answer<'f, GetObjectOutput>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move {
            let Some(etag) = self.etag(&request.input.bucket, &request.input.key) else {
                return Err(s3_error!(NoSuchKey));
            };
            if let Some(ETagCondition::ETag(wanted)) = &request.input.if_match
                && wanted.value() != etag
            {
                return Err(s3_error!(PreconditionFailed));
            }
            let is_asked = request.input.checksum_mode.is_some() && request.input.range.is_none();
            let path = self.root.join(&request.input.bucket).join(&request.input.key);
            let mut response = self.files.get_object(request).await?;
            response.output.e_tag = Some(ETag::Strong(etag));
            if is_asked && self.tells_checksums.load(Ordering::SeqCst) {
                response.output.checksum_crc32 = fs::read(path).ok().map(|content| crc32(&content));
            }
            Ok(response)
        })
    }

    fn delete_object<'a, 'f>(&'a self, request: S3Request<DeleteObjectInput>) -> Answer<'f, DeleteObjectOutput>
    where
        'a: 'f,
        Self: 'f,
    {
        self.files.delete_object(request)
    }

    fn put_object<'a, 'f>(&'a self, request: S3Request<PutObjectInput>) -> Answer<'f, PutObjectOutput>
    where
        'a: 'f,
        Self: 'f,
    {
        self.files.put_object(request)
    }

    fn create_multipart_upload<'a, 'f>(
        &'a self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> Answer<'f, CreateMultipartUploadOutput>
    where
        'a: 'f,
        Self: 'f,
    {
        self.files.create_multipart_upload(request)
    }

    fn upload_part<'a, 'f>(&'a self, request: S3Request<UploadPartInput>) -> Answer<'f, UploadPartOutput>
    where
        'a: 'f,
        Self: 'f,
    {
        self.files.upload_part(request)
    }

    fn complete_multipart_upload<'a, 'f>(
        &'a self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> Answer<'f, CompleteMultipartUploadOutput>
    where
        'a: 'f,
        Self: 'f,
    {
        self.files.complete_multipart_upload(request)
    }

    fn abort_multipart_upload<'a, 'f>(
        &'a self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> Answer<'f, AbortMultipartUploadOutput>
    where
        'a: 'f,
        Self: 'f,
    {
        self.files.abort_multipart_upload(request)
    }
}
