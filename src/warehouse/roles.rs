//! Who may do what in a Redshift database: `loader` changes the tables, `analyst` reads the star.

/// Which of the roles there are; those are not made again.
pub const FIND: &str = include_str!("../../sql/roles/find.sql");

/// A role, and the statement that makes it.
pub const ROLES: [(&str, &str); 2] = [
    ("loader", include_str!("../../sql/roles/create_loader.sql")),
    ("analyst", include_str!("../../sql/roles/create_analyst.sql")),
];

/// What the roles may do, once the tables are there; each can be said twice.
pub const GRANTS: [&str; 4] = [
    include_str!("../../sql/roles/let_loader_in.sql"),
    include_str!("../../sql/roles/let_analyst_in.sql"),
    include_str!("../../sql/roles/give_tables_to_loader.sql"),
    include_str!("../../sql/roles/give_star_to_analyst.sql"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_sees_no_raw_lines() {
        let analyst: Vec<&str> = GRANTS.into_iter().filter(|grant| grant.contains("role analyst")).collect();
        assert_eq!(analyst.len(), 2);
        for table in ["load_rejects", "load_files", "staging_events", "all tables"] {
            assert!(analyst.iter().all(|grant| !grant.contains(table)), "{table}");
        }
        for table in ["songplays", "page_views", "users", "user_levels", "songs", "artists", "time"] {
            assert!(analyst.iter().any(|grant| grant.contains(table)), "{table}");
        }
    }
}
