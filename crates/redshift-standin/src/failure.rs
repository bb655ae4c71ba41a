//! An error as it is sent to a client.

use super::refuse::Refusal;

/// An error with its detail.
#[derive(Debug, Clone)]
pub struct Failure {
    pub code: &'static str,
    pub message: String,
    pub detail: Option<String>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code, message: refusal.message, detail: None }
    }
}

/// An error of the service itself, with the box that it draws around the particulars.
pub fn internal(message: &str, code: u32, context: &str, query: u64, pid: i32) -> Failure {
    let line = "-----------------------------------------------";
    let detail = format!(
        "\n  {line}\n  error:  {message}\n  code:      {code}\n  context:   {context}\n  query:     {query}\n  \
         location:  s3_utility.cpp:397\n  process:   padbmaster [pid={pid}]\n  {line}\n"
    );
    Failure { code: "XX000", message: message.to_owned(), detail: Some(detail) }
}
