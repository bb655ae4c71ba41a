//! What goes wrong on demand.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

/// What happens to a statement instead of, or besides, its proper course.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Fails with the serializable isolation violation that a concurrent transaction causes.
    Error1023,
    /// Fails with this SQLSTATE and message.
    Error(&'static str, String),
    /// Closes the connection instead.
    Drop,
    /// Runs the statement and closes the connection before the answer.
    DropAfter,
    /// Closes the connection after a COPY has taken so many bytes of rows, or at its end.
    DropMidCopy(usize),
    /// A COPY leaves out its first rows, so many, and says nothing but the number that it loaded.
    Lose(usize),
    /// A COPY's requests to S3 are refused with this status: 403 or 503. The number is how many requests pass before.
    S3(u16, usize),
    /// Fails as if `statement_timeout` had passed.
    Timeout,
    /// Waits first.
    Delay(Duration),
}

struct Rule {
    times: usize,
    part: String,
    fault: Fault,
}

/// The faults to come. They can be changed while the server runs.
#[derive(Default)]
pub struct Faults(Mutex<VecDeque<Rule>>);

impl Faults {
    /// The next `times` statements that contain `part`, in whatever case, meet this fault.
    pub fn add(&self, times: usize, part: &str, fault: Fault) {
        self.0.lock().unwrap().push_back(Rule { times, part: part.to_lowercase(), fault });
    }

    /// Forgets the faults to come.
    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    /// The faults that a statement meets.
    pub fn of(&self, statement: &str) -> Vec<Fault> {
        let statement = statement.to_lowercase();
        let mut rules = self.0.lock().unwrap();
        let mut met = Vec::new();
        for rule in rules.iter_mut().filter(|rule| statement.contains(&rule.part)) {
            rule.times -= 1;
            met.push(rule.fault.clone());
        }
        rules.retain(|rule| rule.times > 0);
        met
    }
}
