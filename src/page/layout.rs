//! What stands where on the page.

/// A part of the page.
pub(super) struct Section {
    /// Its anchor.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Its insights, in their order.
    pub insights: &'static [&'static str],
    /// Whether the tables about the loading come behind them.
    pub shows_loading: bool,
}

/// The page from top to bottom.
pub(super) const SECTIONS: [Section; 7] = [
    Section {
        id: "time",
        title: "Listening over time",
        insights: &["level_mix", "active_users", "new_vs_returning", "concurrency_peak"],
        shows_loading: false,
    },
    Section {
        id: "music",
        title: "What is played",
        insights: &["top_songs", "top_artists", "trending", "concentration", "era_mix", "artist_affinity", "artist_audience"],
        shows_loading: false,
    },
    Section {
        id: "hours",
        title: "When",
        insights: &["weekday_hour_heatmap", "hour_profile", "seasonality", "busiest_periods"],
        shows_loading: false,
    },
    Section {
        id: "listeners",
        title: "Listeners and sessions",
        insights: &[
            "power_users",
            "engagement_by_segment",
            "cohort_retention",
            "session_stats",
            "session_start_profile",
            "skip_rate",
            "diversity",
        ],
        shows_loading: false,
    },
    Section {
        id: "levels",
        title: "Free and paid",
        insights: &["upgrade_funnel", "level_transitions", "churn"],
        shows_loading: false,
    },
    Section { id: "places", title: "Where and on what", insights: &["geo", "devices"], shows_loading: false },
    Section { id: "quality", title: "Data quality", insights: &["catalogue_coverage"], shows_loading: true },
];

/// How many ranks the page shows, where it is not the insight's own default. The Lorenz curve needs its length.
pub(super) fn top(insight: &str) -> Option<i64> {
    match insight {
        "power_users" => Some(1000),
        "top_songs" | "top_artists" | "geo" => Some(15),
        _ => None,
    }
}
