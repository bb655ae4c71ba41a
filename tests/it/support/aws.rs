//! AWS for the tests: moto, and in front of it a gateway that writes down, answers what moto cannot, and fails on demand.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use super::warehouse::Site;

/// Never part of anything that is printed.
pub const CANARIES: [&str; 3] = ["canarySecretKeyOfTheTests", "canarySessionTokenOfTheTests", "canaryDatabasePassword"];
/// What the gateway says the caller's address is.
pub const OWN_ADDRESS: &str = "203.0.113.7";

/// Starts a program and ends it when the input ends, however this process ends.
const KEEPER: &str = "\"$@\" & server=$!\nread -r _\nkill -QUIT $server\nwait $server";

/// moto, one server a process. Stacks of tests have names of their own.
struct Moto {
    url: String,
    _keeper: Mutex<Child>,
}

impl Moto {
    /// `None`, and said so, without the packages that `scripts/test` installs.
    fn shared() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Moto>> = OnceLock::new();
        SERVER.get_or_init(Self::start).as_ref()
    }

    // It is the end of this process that ends it.
    #[allow(clippy::zombie_processes)]
    fn start() -> Option<Self> {
        let python = crate::clients::interpreter("the cluster against moto")?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(python)
            .args(["-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut lines = BufReader::new(keeper.stderr.take().expect("its messages")).lines();
        let mut said = String::new();
        for line in lines.by_ref() {
            let line = line.expect("text");
            said = format!("{said}{line}\n");
            if let Some((_, url)) = line.split_once("Running on ") {
                let url = url.trim().to_owned();
                // It says a line a request, which has to go somewhere.
                std::thread::spawn(move || lines.for_each(drop));
                return Some(Self { url, _keeper: Mutex::new(keeper) });
            }
        }
        panic!("moto does not start:\n{said}");
    }
}

/// One request as AWS sees it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `cloudformation`, `redshift`, …
    pub service: String,
    /// `CreateChangeSet`, …; for others the method and the path.
    pub action: String,
    /// The fields of a form.
    pub form: BTreeMap<String, String>,
    /// The body where it is JSON.
    pub json: Value,
}

impl Asked {
    fn read(method: &str, path: &str, headers: &hyper::HeaderMap, body: &[u8]) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let service = header("authorization").split('/').nth(3).unwrap_or_default().to_owned();
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let target = header("x-amz-target").rsplit('.').next().filter(|action| !action.is_empty());
        let action = form.get("Action").cloned().or(target.map(str::to_owned)).unwrap_or_else(|| format!("{method} {path}"));
        Self { service, action, form, json: serde_json::from_slice(body).unwrap_or(Value::Null) }
    }

    /// The parameters of a change set.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        self.pairs("Parameters", "ParameterKey", "ParameterValue")
    }

    /// The tags of a change set.
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.pairs("Tags", "Key", "Value")
    }

    fn pairs(&self, list: &str, key: &str, value: &str) -> BTreeMap<String, String> {
        let at = |n: usize, what: &str| self.form.get(&format!("{list}.member.{n}.{what}")).cloned();
        (1..).map_while(|n| Some((at(n, key)?, at(n, value).unwrap_or_default()))).collect()
    }
}

type Script = Box<dyn FnMut(&Asked) -> Option<(u16, String)> + Send>;
type Change = Box<dyn Fn(&str) -> String + Send>;

/// The gateway; dropping it ends it.
pub struct Gateway {
    /// Where it listens.
    pub url: String,
    inner: Arc<Inner>,
    runtime: Option<tokio::runtime::Runtime>,
}

struct Inner {
    upstream: Option<String>,
    client: reqwest::Client,
    asked: Mutex<Vec<Asked>>,
    scripts: Mutex<Vec<Script>>,
    changes: Mutex<Vec<(&'static str, Change)>>,
}

impl Gateway {
    /// In front of moto; `None`, and said so, where there is none.
    pub fn to_moto() -> Option<Self> {
        let gateway = Self::start(Some(Moto::shared()?.url.clone()));
        Some(gateway)
    }

    /// With nothing behind it: what no script answers is an error.
    pub fn alone() -> Self {
        Self::start(None)
    }

    fn start(upstream: Option<String>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        listener.set_nonblocking(true).expect("a socket");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let inner =
            Arc::new(Inner { upstream, client, asked: Mutex::default(), scripts: Mutex::default(), changes: Mutex::default() });
        let shared = Arc::clone(&inner);
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((socket, _)) = listener.accept().await {
                let inner = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let inner = Arc::clone(&inner);
                        async move { Ok::<_, Infallible>(inner.answer(request).await) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { url, inner, runtime: Some(runtime) }
    }

    /// Answers in place of what is behind it, as long as the script has an answer; the latest script is asked first.
    pub fn script(&self, script: impl FnMut(&Asked) -> Option<(u16, String)> + Send + 'static) {
        self.inner.scripts.lock().unwrap().push(Box::new(script));
    }

    /// The next `times` requests for an action get this answer.
    pub fn answer(&self, times: usize, action: &'static str, status: u16, body: impl Into<String>) {
        let (mut left, body) = (times, body.into());
        self.script(move |asked| {
            let meant = asked.action == action && left > 0;
            left -= usize::from(meant);
            meant.then(|| (status, body.clone()))
        });
    }

    /// Changes what is answered to an action from now on.
    pub fn change(&self, action: &'static str, change: impl Fn(&str) -> String + Send + 'static) {
        self.inner.changes.lock().unwrap().push((action, Box::new(change)));
    }

    /// Has every cluster be where a server of the tests' is, which gives this user this password.
    pub fn stands_for(&self, port: u16, user: &str, password: &str) {
        self.change("DescribeClusters", move |text| between(&between(text, "Address", "127.0.0.1"), "Port", &port.to_string()));
        let login = format!("<DbUser>{user}</DbUser><DbPassword>{password}</DbPassword>");
        self.answer(usize::MAX, "GetClusterCredentials", 200, wrapped("GetClusterCredentials", &login));
    }

    /// The next `times` requests for an action are refused with this code.
    pub fn refuse(&self, times: usize, action: &'static str, status: u16, code: &str, message: &str) {
        self.answer(times, action, status, refusal(code, message));
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    /// What was asked for an action so far.
    pub fn asked_for(&self, action: &str) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.action == action).collect()
    }

    /// The binary, with credentials that this gateway takes.
    pub fn command(&self, site: &Site, arguments: &[&str]) -> Command {
        let mut command = site.command(arguments);
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "AKIDOFTHETESTS")
            .env("AWS_SECRET_ACCESS_KEY", CANARIES[0])
            .env("AWS_SESSION_TOKEN", CANARIES[1])
            .env("AWS_REGION", "us-west-2")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("SPARKIFY_CLUSTER_ADDRESS_SERVICE", format!("{}/address", self.url));
        command
    }

    /// Runs `sparkify cluster …` on the stack of that name.
    pub fn run(&self, site: &Site, stack: &str, arguments: &[&str]) -> super::warehouse::Answer {
        let mut all = vec!["cluster"];
        all.extend(arguments);
        all.extend(["--stack", stack]);
        super::warehouse::Answer::of(&self.command(site, &all).output().unwrap())
    }

    /// Asks what is behind it, as the tests' own side: the answer as it is.
    pub fn ask(&self, service: &str, version: &str, form: &[(&str, &str)]) -> String {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("Version", version).extend_pairs(form);
        let upstream = self.inner.upstream.clone().expect("moto");
        let scope =
            format!("AWS4-HMAC-SHA256 Credential=T/20260101/us-west-2/{service}/aws4_request, SignedHeaders=host, Signature=0");
        let request = self
            .inner
            .client
            .post(upstream)
            .header("authorization", scope)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.finish());
        self.runtime.as_ref().unwrap().block_on(async { request.send().await.unwrap().text().await.unwrap() })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An error in the form that most services use.
pub fn refusal(code: &str, message: &str) -> String {
    format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
}

/// A stack as `DescribeStacks` shows it.
pub fn stack(name: &str, status: &str, kind: &str) -> String {
    let tag = |key: &str, value: &str| format!("<member><Key>{key}</Key><Value>{value}</Value></member>");
    let tags = [tag("sparkify:kind", kind), tag("expires", "never"), tag("created", "2026-11-21T10:00:00")].concat();
    let stack = format!(
        "<Stacks><member><StackId>arn:aws:cloudformation:us-west-2:1:stack/{name}/1</StackId><StackName>{name}</StackName>\
         <StackStatus>{status}</StackStatus><CreationTime>2026-11-21T10:00:00Z</CreationTime><Tags>{tags}</Tags></member></Stacks>"
    );
    wrapped("DescribeStacks", &stack)
}

/// Events as `DescribeStackEvents` shows them, newest first: id, thing, kind, status, reason.
pub fn events(list: &[(&str, &str, &str, &str, &str)]) -> String {
    let event = |(id, thing, kind, status, reason): &(&str, &str, &str, &str, &str)| {
        format!(
            "<member><EventId>{id}</EventId><LogicalResourceId>{thing}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
             <ResourceStatus>{status}</ResourceStatus><ResourceStatusReason>{reason}</ResourceStatusReason>\
             <Timestamp>2126-11-21T10:00:00Z</Timestamp></member>"
        )
    };
    let members: String = list.iter().map(event).collect();
    wrapped("DescribeStackEvents", &format!("<StackEvents>{members}</StackEvents>"))
}

/// An answer in XML, wrapped as an action's answers are.
pub fn wrapped(action: &str, inside: &str) -> String {
    format!("<{action}Response><{action}Result>{inside}</{action}Result></{action}Response>")
}

impl Inner {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        if path == "/address" {
            return reply(200, format!("{OWN_ADDRESS}\n"));
        }
        let asked = Asked::read(parts.method.as_str(), &path, &parts.headers, &body);
        self.asked.lock().unwrap().push(asked.clone());
        let scripted = self.scripts.lock().unwrap().iter_mut().rev().find_map(|script| script(&asked));
        if let Some((status, text)) = scripted {
            return reply(status, text);
        }
        let Some(upstream) = &self.upstream else {
            return reply(400, refusal("NotScripted", &format!("the test has no answer to {}", asked.action)));
        };
        if asked.action == "DescribeOrderableClusterOptions" {
            return reply(200, node_types(asked.form.get("NodeType").map_or("", String::as_str)));
        }
        let forwarded = self.forward(upstream, &parts, &path, body).await;
        let answer = match asked.action.as_str() {
            "DescribeStackResources" => self.with_cluster(upstream, &asked, forwarded).await,
            "DescribeStacks" => with_lists(forwarded).await,
            _ => forwarded,
        };
        let is_changed = self.changes.lock().unwrap().iter().any(|(action, _)| *action == asked.action);
        if !is_changed {
            return answer;
        }
        let (status, text) = read(answer).await;
        let changes = self.changes.lock().unwrap();
        let meant = changes.iter().filter(|(action, _)| *action == asked.action);
        reply(status, meant.fold(text, |text, (_, change)| change(&text)))
    }

    async fn forward(&self, upstream: &str, parts: &http::request::Parts, path: &str, body: Bytes) -> Response<Full<Bytes>> {
        let mut headers = parts.headers.clone();
        headers.remove("host");
        let request = self.client.request(parts.method.clone(), format!("{upstream}{path}")).headers(headers).body(body);
        let answer = request.send().await.expect("moto answers");
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = Response::new(Full::new(answer.bytes().await.unwrap_or_default()));
        *response.status_mut() = status;
        for name in ["content-type", "x-amz-bucket-region"] {
            if let Some(value) = headers.get(name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        response
    }

    /// moto does not say what the stack's cluster is called, nor, after a change, that there is one.
    async fn with_cluster(&self, upstream: &str, asked: &Asked, answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
        let (status, text) = read(answer).await;
        let stack = asked.form.get("StackName").cloned().unwrap_or_default();
        let stack = stack.split('/').nth(1).unwrap_or(&stack).to_owned();
        let scope = "AWS4-HMAC-SHA256 Credential=T/20260101/us-west-2/redshift/aws4_request, SignedHeaders=host, Signature=0";
        let clusters = self
            .client
            .post(upstream)
            .header("authorization", scope)
            .header("content-type", "application/x-www-form-urlencoded")
            .body("Action=DescribeClusters&Version=2012-12-01");
        let clusters = clusters.send().await.expect("moto answers").text().await.unwrap_or_default();
        let beginning = format!("<ClusterIdentifier>{stack}-Cluster-");
        let id = clusters.split_once(&beginning).map(|(_, rest)| rest.split('<').next().unwrap_or_default());
        let Some(id) = id else { return reply(status, text) };
        let name = "<LogicalResourceId>Cluster</LogicalResourceId>";
        let named = format!("{name}<PhysicalResourceId>{stack}-Cluster-{id}</PhysicalResourceId>");
        // After a change of the stack it does not name the cluster at all.
        let row = format!("<member>{named}<ResourceType>AWS::Redshift::Cluster</ResourceType></member></StackResources>");
        let fixed = if text.contains(name) { text.replace(name, &named) } else { text.replace("</StackResources>", &row) };
        reply(status, fixed)
    }
}

/// The text with the first element of this name filled anew.
fn between(text: &str, name: &str, content: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let Some((before, rest)) = text.split_once(&open) else { return text.to_owned() };
    let Some((_, after)) = rest.split_once(&close) else { return text.to_owned() };
    format!("{before}{open}{content}{close}{after}")
}

/// moto shows lists among the parameters as Python would; AWS joins them by commas.
async fn with_lists(answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let (status, text) = read(answer).await;
    let Some((before, rest)) = text.split_once("<ParameterKey>SubnetIds</ParameterKey><ParameterValue>") else {
        return reply(status, text);
    };
    let Some((value, after)) = rest.split_once("</ParameterValue>") else { return reply(status, text) };
    let ids: Vec<&str> =
        value.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|id| id.starts_with("subnet-")).collect();
    let fixed =
        format!("{before}<ParameterKey>SubnetIds</ParameterKey><ParameterValue>{}</ParameterValue>{after}", ids.join(","));
    reply(status, fixed)
}

async fn read(answer: Response<Full<Bytes>>) -> (u16, String) {
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

fn reply(status: u16, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap();
    response
}

/// The nodes that the region has.
fn node_types(wanted: &str) -> String {
    let option = |kind: &str| format!("<OrderableClusterOption><NodeType>{kind}</NodeType></OrderableClusterOption>");
    let found: String = ["ra3.large", "ra3.xlplus", "rg.large"].into_iter().filter(|kind| *kind == wanted).map(option).collect();
    wrapped("DescribeOrderableClusterOptions", &format!("<OrderableClusterOptions>{found}</OrderableClusterOptions>"))
}
