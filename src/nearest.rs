//! Which known names a mistyped one looks like: for settings, variables, checks and insights alike.

/// Up to three known names that look like `name`, the most similar first.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    // More would only cost time.
    let plain = |text: &str| text.to_lowercase().replace('-', "_").chars().take(60).collect::<String>();
    let name = plain(name);
    let distance = |other: &str| {
        let other = plain(other);
        // A part of a name, or a name with a part too much, is as near as a small slip.
        let shares = name.len() >= 3 && (other.contains(&name) || name.contains(&other));
        if shares && name != other { 1 } else { strsim::osa_distance(&name, &other) }
    };
    let mut near: Vec<(usize, &str)> = known.map(|other| (distance(other), other)).collect();
    near.retain(|(distance, other)| *distance <= (other.len() / 3).max(2));
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_what_was_meant() {
        let known = ["warehouse", "wait", "threads", "top_songs", "top_artists"];
        for (name, meant) in [
            ("warehuse", "warehouse"),
            ("WAREHOSUE", "warehouse"),
            ("thread", "threads"),
            ("top-songs", "top_songs"),
            ("wati", "wait"),
        ] {
            assert_eq!(nearest(name, known.into_iter()).first(), Some(&meant), "{name}");
        }
        assert!(nearest("something_else", known.into_iter()).is_empty());
        assert!(nearest("", known.into_iter()).is_empty());
    }
}
