//! Roles, and what they and users may do.

use super::rights::{Names, Rights, translate};
use super::session::{Course, Session};
use super::token::Token;
use super::upstream;

impl Session {
    /// Makes or drops a role, gives or takes a right.
    pub async fn change_rights(&mut self, tokens: &[Token<'_>]) -> Result<Course, upstream::Fault> {
        let translated = {
            let options = self.options();
            let users: Vec<String> = options.users.iter().map(|user| user.name.clone()).collect();
            translate(tokens, &Names { database: (&options.database, &options.postgres_database), users: &users })
        };
        match translated {
            Ok(Rights::Send(sql)) => self.relay(&sql).await,
            Ok(Rights::Nothing(tag)) => {
                self.client.complete(tag).await?;
                Ok(Course::Answered { well: true })
            }
            Err(refusal) => Ok(Course::Failed(refusal.into())),
        }
    }
}
