//! A server on a loopback port that answers whatever a test wants, byte for byte, and keeps what it was asked.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// A running server; dropping it ends it.
pub struct RawServer {
    /// `http://127.0.0.1:port`
    pub url: String,
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
}

impl RawServer {
    /// Answers every request by its head. An empty answer closes the connection.
    pub fn start(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let is_over = Arc::new(AtomicBool::new(false));
        let (answer, kept, over) = (Arc::new(answer), Arc::clone(&asked), Arc::clone(&is_over));
        thread::spawn(move || {
            for socket in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                let (answer, kept) = (Arc::clone(&answer), Arc::clone(&kept));
                // A client that goes away is no concern of the server.
                thread::spawn(move || socket.and_then(|socket| serve(socket, &*answer, &kept)));
            }
        });
        Self { url: format!("http://{address}"), address, asked, is_over }
    }

    /// Keeps what it is asked, and should not be asked anything.
    pub fn that_nobody_asks() -> Self {
        Self::start(|_| reply(200, &[], "nobody should read this"))
    }

    /// The heads of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next one.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(mut socket: TcpStream, answer: &dyn Fn(&str) -> Vec<u8>, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    let end = loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        match socket.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&request[..end]).into_owned();
    let length: usize = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while request.len() < end + length {
        match socket.read(&mut buffer)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&buffer[..read]),
        }
    }
    let text = format!("{head}{}", String::from_utf8_lossy(&request[end..]));
    kept.lock().unwrap().push(text.clone());
    socket.write_all(&answer(&text))
}

/// The value of a header in a request.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.lines().skip(1).take_while(|line| !line.is_empty());
    lines
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// An answer with this status, these headers and this body.
pub fn reply(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let length = body.as_ref().len().to_string();
    unmeasured(status, &[headers, &[("content-length", &length)]].concat(), body)
}

/// The same without a length: the body ends with the connection.
pub fn unmeasured(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.push_str("\r\n");
    [head.as_bytes(), body.as_ref()].concat()
}

/// A listing of objects: key, size, ETag without quotes.
pub fn listing(objects: &[(&str, usize, &str)]) -> Vec<u8> {
    let mut contents = String::new();
    for (key, size, etag) in objects {
        write!(
            contents,
            "<Contents><Key>{key}</Key><LastModified>2018-11-01T00:00:00.000Z</LastModified><ETag>&quot;{etag}&quot;</ETag>\
             <Size>{size}</Size></Contents>"
        )
        .unwrap();
    }
    let text = format!("<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>");
    reply(200, &[("content-type", "application/xml")], text)
}
