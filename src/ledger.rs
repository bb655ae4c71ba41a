//! What a load writes into its ledger and quarantine.

use crate::decode::Reject;
use crate::report::RunReport;
use crate::stage::PlannedFile;
use crate::warehouse::{Input, RejectRow, RunRow};

/// The ledger's row for a run that ends now.
#[must_use]
pub fn run_row(report: &RunReport, kind: &'static str, fingerprint: &str, started_us: i64, last_file_no: i64) -> RunRow {
    let unknown_keys = (!report.unknown_keys.is_empty()).then(|| serde_json::json!(report.unknown_keys).to_string());
    RunRow {
        run_id: report.run_id.clone(),
        kind,
        status: report.status.name(),
        started_us,
        finished_us: crate::clock::now_us(),
        settings: fingerprint.to_owned(),
        files_listed: report.files_listed,
        files_loaded: report.files_loaded,
        files_skipped: report.files_skipped,
        lines: report.lines,
        accepted: report.accepted,
        duplicates: report.duplicates,
        rejected: report.rejected,
        song_records: report.song_records,
        songs_rejected: report.songs_rejected,
        songplays_added: report.songplays_added,
        page_views_added: report.page_views_added,
        bytes: report.bytes,
        unknown_keys,
        last_file_no,
    }
}

/// The quarantine's row for a record that was refused, which stands on this line, counted from 1.
#[must_use]
pub fn reject_row(input: Input, file: &PlannedFile, line: u64, reject: Reject) -> RejectRow {
    RejectRow {
        input,
        url: file.source.url.clone(),
        file_no: file.file_no,
        line,
        byte_offset: reject.byte_offset,
        reason: reject.reason.to_string(),
        raw: reject.raw,
        raw_length: reject.raw_length,
    }
}
