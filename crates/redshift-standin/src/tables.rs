//! Making and changing tables.

use pgwire::messages::response::TransactionStatus;

use super::ddl;
use super::refuse::after_name;
use super::rewrite::rewrite;
use super::session::{Course, Session};
use super::token::{Token, says_all};
use super::upstream::{self, literal};

impl Session {
    /// Makes a table, and keeps how it lies.
    pub async fn create_table(&mut self, tokens: &[Token<'_>]) -> Result<Course, upstream::Fault> {
        let table = match ddl::create_table(tokens, rewrite) {
            Ok(table) => table,
            Err(refusal) => return Ok(Course::Failed(refusal.into())),
        };
        let design = &table.design;
        let texts = |values: &[String]| {
            format!("array[{}]::text[]", values.iter().map(|value| literal(value)).collect::<Vec<_>>().join(", "))
        };
        let encodings: serde_json::Map<String, serde_json::Value> =
            design.encodings.iter().map(|(column, encoding)| (column.clone(), encoding.clone().into())).collect();
        let keep = format!(
            "select redshift_standin.guard({name}), redshift_standin.record_design({name}, {}, {}, {}, {}, {}, {})",
            literal(&design.diststyle),
            design.distkey.as_deref().map_or("null".to_owned(), literal),
            literal(&design.sort_style),
            texts(&design.sortkeys),
            literal(&serde_json::Value::Object(encodings).to_string()),
            design.like.as_deref().map_or("null".to_owned(), literal),
            name = format!("{}::regclass", literal(&table.name)),
        );
        let alone = self.upstream.status == TransactionStatus::Idle;
        if alone {
            self.upstream.rows("begin").await?;
        }
        let course = self.relay_then(&table.sql, &keep, "CREATE TABLE").await;
        if alone {
            let end = if self.upstream.status == TransactionStatus::Error { "rollback" } else { "commit" };
            self.upstream.rows(end).await?;
        }
        course
    }

    /// Runs two statements of which the client sees one.
    async fn relay_then(&mut self, sql: &str, then: &str, tag: &str) -> Result<Course, upstream::Fault> {
        for sql in [sql, then] {
            if let Err(fault) = self.upstream.rows(sql).await {
                let upstream::Fault::Said(error) = fault else { return Err(fault) };
                self.relay_error(error).await?;
                return Ok(Course::Answered { well: false });
            }
        }
        self.client.complete(tag).await?;
        Ok(Course::Answered { well: true })
    }

    /// Changes a table as far as PostgreSQL has to know of it.
    pub async fn alter_table(&mut self, tokens: &[Token<'_>]) -> Result<Course, upstream::Fault> {
        let end = after_name(tokens, 2);
        let Some(verb) = tokens.get(end) else { return Ok(Course::refused("42601", "syntax error at end of input")) };
        let name = rewrite(&tokens[2..end]);
        if verb.says("append") {
            return Ok(Course::refused("0A000", "the stand-in has no ALTER TABLE … APPEND"));
        }
        let adds_column = verb.says("add")
            && !tokens.get(end + 1).is_some_and(|token| token.says_one_of(&["constraint", "primary", "unique", "foreign"]));
        if adds_column {
            let at = if tokens.get(end + 1).is_some_and(|token| token.says("column")) { end + 2 } else { end + 1 };
            let mut design = ddl::Design::default();
            if tokens.len() < at + 2 {
                return Ok(Course::refused("42601", "syntax error at end of input"));
            }
            let column = match ddl::column(&tokens[at..], &mut design) {
                Ok(column) => column,
                Err(refusal) => return Ok(Course::Failed(refusal.into())),
            };
            let guard = format!("select redshift_standin.guard({}::regclass)", literal(&name));
            return self.relay_then(&format!("alter table {name} add column {column}"), &guard, "ALTER TABLE").await;
        }
        let changes_column = says_all(tokens, end, &["alter", "column"]);
        if changes_column && self.upstream.status != TransactionStatus::Idle {
            return Ok(Course::refused("25001", "ALTER TABLE ALTER COLUMN cannot run inside a transaction block"));
        }
        let no_effect = ["add", "alter"];
        if changes_column && tokens.iter().any(|token| token.says("type")) {
            let size: Vec<&str> = tokens.iter().skip_while(|token| !token.says("type")).skip(1).map(|token| token.text).collect();
            if !size.first().is_some_and(|kind| ["varchar", "character"].contains(&kind.to_lowercase().as_str())) {
                return Ok(Course::refused("0A000", "ALTER COLUMN TYPE changes the size of a VARCHAR column only"));
            }
            let column = format!("\"{}\"", tokens[end + 2].name());
            let drop = format!(
                "do {}",
                literal(&format!(
                    "declare old text; begin for old in select conname from pg_constraint where conrelid = {}::regclass and conname like 'redshift\\_width\\_' || (select attnum from pg_attribute where attrelid = {}::regclass and attname = {}) || '\\_%' loop execute format('alter table {name} drop constraint %I', old); end loop; end",
                    literal(&name),
                    literal(&name),
                    literal(&tokens[end + 2].name())
                ))
            );
            self.upstream.rows(&drop).await?;
            let guard = format!("select redshift_standin.guard({}::regclass)", literal(&name));
            return self
                .relay_then(&format!("alter table {name} alter column {column} type {}", size.join(" ")), &guard, "ALTER TABLE")
                .await;
        }
        if verb.says_one_of(&no_effect) {
            // Keys are not enforced; distribution, sort keys and encodings change nothing here.
            self.client.complete("ALTER TABLE").await?;
            return Ok(Course::Answered { well: true });
        }
        self.relay(&rewrite(tokens)).await
    }
}
