//! How an engine spells what all say alike: the types of columns, and a double as text. What else differs has a twin.

/// How an engine spells SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// DuckDB's: the one of the files without a dialect in their name.
    #[default]
    DuckDb,
    /// PostgreSQL's: that of `<name>.postgres.sql` where there is one.
    Postgres,
    /// Redshift's: that of `<name>.redshift.sql` where there is one, or of PostgreSQL's where that says it.
    Redshift,
}

/// The most bytes of a text on Redshift. Longer texts of the sources are refused.
pub(crate) const TEXT_BYTES: usize = 1024;

/// The same of columns that are sparkify's own, by their names: what is said of files, runs and lines.
const WIDTHS: [(&str, usize); 11] = [
    ("input", 16),
    ("kind", 32),
    ("match_method", 16),
    ("raw", 65_535),
    // Two digits a byte.
    ("raw_bytes", 65_535),
    ("reason", 4096),
    ("run_id", 64),
    ("settings", 64),
    ("status", 32),
    ("unknown_keys", 65_535),
    ("url", 16_384),
];

/// Tables whose statements compare texts byte by byte without saying so. PostgreSQL's columns say it for them.
const IN_BYTE_ORDER: [&str; 2] = ["staging_songs", "staged_songs"];

/// How DuckDB writes a double with all its digits, up to the number.
const DOUBLE: &str = "printf('%.16e', ";

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DuckDb, Self::Postgres, Self::Redshift];

    /// A statement of DuckDB's dialect, with the types of its columns and its doubles as this one spells them.
    #[must_use]
    pub fn spell(self, text: &str) -> String {
        let text = match self {
            Self::DuckDb => return text.to_owned(),
            Self::Postgres | Self::Redshift => with_doubles(text),
        };
        let Some(table) = created_table(&text) else { return text };
        text.split_inclusive('\n').map(|line| self.column(table, line).unwrap_or_else(|| line.to_owned())).collect()
    }

    /// The line of a column, None for another line and for a column that all spell alike.
    fn column(self, table: &str, line: &str) -> Option<String> {
        let (name, rest) = line.strip_prefix("    ")?.split_once(' ')?;
        let (kind, rest) = rest.split_at(rest.find([' ', ',', '\n'])?);
        let kind = self.column_type(table, name.trim_matches('"'), kind)?;
        Some(format!("    {name} {kind}{rest}"))
    }

    fn column_type(self, table: &str, column: &str, kind: &str) -> Option<String> {
        match (self, kind) {
            (Self::Postgres, "blob") => Some("bytea".to_owned()),
            (Self::Postgres, "varchar") if IN_BYTE_ORDER.contains(&table) => Some("varchar collate \"C\"".to_owned()),
            // Bytes are kept as hexadecimal digits.
            (Self::Redshift, "blob" | "varchar") => Some(format!("varchar({})", width(column))),
            _ => None,
        }
    }
}

/// The most bytes that a column of texts holds on Redshift.
pub(crate) fn width(column: &str) -> usize {
    WIDTHS.iter().find(|(name, _)| *name == column).map_or(TEXT_BYTES, |(_, width)| *width)
}

/// The table that a statement creates from a list of columns.
fn created_table(text: &str) -> Option<&str> {
    let head = text.lines().find_map(|line| line.strip_prefix("create ")?.strip_suffix(" ("))?;
    head.rsplit(' ').next()
}

/// The text with PostgreSQL's words for a double with all its digits, which Redshift has too.
fn with_doubles(text: &str) -> String {
    let mut parts = text.split(DOUBLE);
    let mut spelled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(')').unwrap_or((part, ""));
        spelled.extend(["trim(to_char(", number, ", '9.9999999999999999eeee'))", rest]);
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Statement;

    #[test]
    fn columns_have_the_types_of_their_engine() {
        let create = "-- Grain: one line.\ncreate table if not exists load_rejects (\n    line bigint not null,\n    \
                      \"raw\" varchar not null,\n    raw_bytes blob,\n    artist varchar\n);\n";
        assert_eq!(Dialect::DuckDb.spell(create), create);
        assert_eq!(Dialect::Postgres.spell(create), create.replace("blob", "bytea"));
        let wide = create.replace("\"raw\" varchar", "\"raw\" varchar(65535)").replace("blob", "varchar(65535)");
        assert_eq!(Dialect::Redshift.spell(create), wide.replace("artist varchar", "artist varchar(1024)"));
        let songs = "create temporary table staged_songs (\n    title varchar not null,\n    year smallint\n);\n";
        assert_eq!(Dialect::Postgres.spell(songs), songs.replace("varchar", "varchar collate \"C\""));
    }

    #[test]
    fn only_the_columns_of_a_table_are_spelled() {
        for text in [
            "create temporary table plays as\nselect\n    cast($run as varchar) as run,\n    song varchar\nfrom songplays;\n",
            "select\n    raw_bytes blob\nfrom load_rejects;\n",
        ] {
            assert_eq!(Dialect::Redshift.spell(text), text);
        }
    }

    #[test]
    fn doubles_have_all_their_digits() {
        let text = "select case when x = 0 then '0' else printf('%.16e', x) end, printf('%.16e', t.y);";
        let digits = "'9.9999999999999999eeee'";
        assert_eq!(
            Dialect::Redshift.spell(text),
            format!("select case when x = 0 then '0' else trim(to_char(x, {digits})) end, trim(to_char(t.y, {digits}));")
        );
    }

    #[test]
    fn every_text_on_redshift_has_a_width_and_every_width_a_column() {
        let texts: Vec<&str> = Statement::ALL.iter().map(|statement| statement.text_in(Dialect::Redshift)).collect();
        for text in &texts {
            let bare =
                text.lines().find(|line| line.contains(" varchar,") || line.contains(" varchar ") || line.contains(" blob"));
            assert!(bare.is_none() || created_table(text).is_none(), "{bare:?}");
        }
        for (name, width) in WIDTHS {
            let column = format!("{name} varchar({width})");
            assert!(texts.iter().any(|text| text.replace('"', "").contains(&column)), "{column}");
        }
        for table in IN_BYTE_ORDER {
            assert!(Statement::ALL.iter().any(|statement| created_table(statement.text()) == Some(table)), "{table}");
        }
    }
}
