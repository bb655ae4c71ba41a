//! A client of PostgreSQL's protocol that blocks: simple queries, rows as text, notices kept.

use std::sync::{Arc, Mutex};

use tokio_postgres::{AsyncMessage, Client, Config, NoTls, SimpleQueryMessage};

/// A refusal: SQLSTATE, message and detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub code: String,
    pub message: String,
    pub detail: String,
}

impl Refused {
    fn of(error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(error) => Self {
                code: error.code().code().to_owned(),
                message: error.message().to_owned(),
                detail: error.detail().unwrap_or_default().to_owned(),
            },
            None => Self { code: "lost".to_owned(), message: format!("{error:?}"), detail: String::new() },
        }
    }
}

/// A connection.
pub struct SqlClient {
    runtime: tokio::runtime::Runtime,
    client: Client,
    notices: Arc<Mutex<Vec<String>>>,
}

impl SqlClient {
    /// Connects with these parameters.
    ///
    /// # Errors
    /// What the server said, or that it said nothing.
    pub fn connect(config: &Config) -> Result<Self, Refused> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (client, mut connection) = runtime.block_on(config.connect(NoTls)).map_err(|error| Refused::of(&error))?;
        let notices: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&notices);
        runtime.spawn(async move {
            while let Some(Ok(message)) = futures::future::poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notice(notice) = message {
                    kept.lock().unwrap().push(notice.message().to_owned());
                }
            }
        });
        Ok(Self { runtime, client, notices })
    }

    /// All answers to a query.
    ///
    /// # Errors
    /// What the server said.
    pub fn messages(&self, sql: &str) -> Result<Vec<SimpleQueryMessage>, Refused> {
        self.runtime.block_on(self.client.simple_query(sql)).map_err(|error| Refused::of(&error))
    }

    /// The rows of a query, as text; NULL is `∅`.
    ///
    /// # Errors
    /// What the server said.
    pub fn try_rows(&self, sql: &str) -> Result<Vec<Vec<String>>, Refused> {
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).unwrap_or("∅").to_owned()).collect()),
            _ => None,
        };
        Ok(self.messages(sql)?.into_iter().filter_map(row).collect())
    }

    /// The rows of a query that must succeed.
    #[track_caller]
    pub fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        self.try_rows(sql).unwrap_or_else(|refused| panic!("{sql}: {refused:?}"))
    }

    /// Runs what must succeed.
    #[track_caller]
    pub fn run(&self, sql: &str) {
        self.rows(sql);
    }

    /// The one value of a query that must succeed.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        let rows = self.rows(sql);
        assert_eq!((rows.len(), rows.first().map(Vec::len)), (1, Some(1)), "{sql}: {rows:?}");
        rows[0][0].clone()
    }

    /// The refusal of what must fail.
    #[track_caller]
    pub fn refused(&self, sql: &str) -> Refused {
        match self.messages(sql) {
            Ok(answers) => panic!("{sql} should be refused: {answers:?}"),
            Err(refused) => refused,
        }
    }

    /// The notices since the last call.
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap())
    }

    /// To end what runs on this connection, from another thread.
    pub fn cancel_token(&self) -> tokio_postgres::CancelToken {
        self.client.cancel_token()
    }

    /// The client itself.
    pub fn inner(&self) -> (&tokio::runtime::Runtime, &Client) {
        (&self.runtime, &self.client)
    }
}
