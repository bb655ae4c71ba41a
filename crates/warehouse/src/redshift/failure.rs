//! What the cluster's refusals mean. Redshift gives many of them one code, so their texts decide; no other place reads
//! them.

use super::wire::{Fault, Refusal};
use crate::error::{Error, Kind};

/// Texts of failures that a concurrent transaction causes: the whole transaction may work a moment later.
const CONFLICTS: [&str; 5] = [
    "serializable isolation violation",
    "conflict with concurrent transaction",
    "concurrent transaction",
    "deadlock",
    // A table that the snapshot knows was replaced meanwhile.
    "1018",
];

/// An error for a failed statement, sorted.
pub(super) fn sorted(name: &str, place: &str, fault: Fault) -> Error {
    match fault {
        Fault::Refused(refusal) => refused(name, place, refusal),
        Fault::Lost(cause) => Error::new(Kind::WarehouseUnreachable, format!("{name}: the connection to {place} was lost"))
            .caused_by(cause)
            .with_hint("run the command again; what a lost connection leaves open is undone"),
        Fault::Unreachable(cause) => {
            Error::new(Kind::WarehouseUnreachable, format!("{name}: {place} does not answer")).caused_by(cause)
        }
        other => Error::new(Kind::WarehouseUnreachable, format!("{name}: {place}: {other:?}")),
    }
}

/// Whether a refusal is that of a COPY whose rows are to blame: the system tables know which.
pub(super) fn is_load_error(refusal: &Refusal) -> bool {
    refusal.message.contains("Load into table")
}

/// Whether another transaction is to blame.
fn is_conflict(refusal: &Refusal) -> bool {
    let text = format!("{} {}", refusal.message, refusal.detail).to_lowercase();
    matches!(refusal.code.as_str(), "40001" | "40P01")
        || refusal.message.trim() == "1023"
        || CONFLICTS.iter().any(|known| text.contains(known))
}

fn refused(name: &str, place: &str, refusal: Refusal) -> Error {
    let text = format!("{} {}", refusal.message, refusal.detail).to_lowercase();
    let says = |part: &str| text.contains(part);
    let (kind, message, hint) = if is_conflict(&refusal) {
        (
            Kind::WarehouseConflict,
            format!("{name}: another transaction on {place} got in the way"),
            "run the command again when the other is done",
        )
    } else if says("not authorized to assume iam role") || says("default iam role is not set") {
        (
            Kind::WarehouseDenied,
            format!("{name}: the cluster may not use the role that COPY names"),
            "attach the role to the cluster or namespace (`aws redshift modify-cluster-iam-roles`), and let its trust policy name redshift.amazonaws.com (and redshift-serverless.amazonaws.com); `sparkify doctor` checks it",
        )
    } else if says("must be addressed using the specified endpoint") || says("permanentredirect") {
        (
            Kind::SourceRegion,
            format!("{name}: the bucket is in another region than COPY names"),
            "set redshift.region to the bucket's region; staging prefix and sources must be in the same one",
        )
    } else if says("accessdenied") || says("access denied") {
        (
            Kind::SourceDenied,
            format!("{name}: S3 refuses the role of the cluster"),
            "the role in redshift.iam_role needs s3:ListBucket on the buckets and s3:GetObject on sources and staging prefix (kms:Decrypt where they are encrypted with a key of one's own)",
        )
    } else if says("slowdown") || says("serviceunavailable") || says("status 503") || says("http 503") {
        (Kind::SourceUnavailable, format!("{name}: S3 did not answer the cluster"), "try again in a while")
    } else if says("nosuchkey") || says("not present") || says("does not exist,status 404") {
        (
            Kind::SourceFile,
            format!("{name}: an object that COPY was to read is gone"),
            "run the command again, which lists the sources anew",
        )
    } else {
        return by_code(name, place, refusal);
    };
    Error::new(kind, message).with_hint(hint).caused_by(refusal)
}

fn by_code(name: &str, place: &str, refusal: Refusal) -> Error {
    let (kind, message, hint) = match refusal.code.as_str() {
        "42501" => (
            Kind::WarehouseDenied,
            format!("{place}: no privilege for {name}"),
            "the user must own the tables or may create them: `grant usage, create on schema … to …`, `grant temporary on database … to …`, `grant assumerole on … to … for copy`",
        ),
        "57014" => (
            Kind::StatementCancelled,
            format!("{name} was cancelled by the server"),
            "if by a limit of time: `alter user … set statement_timeout to 0` for the user that loads, or a longer one in its WLM queue",
        ),
        "53100" => (
            Kind::Disk,
            format!("{place}: the cluster's disk is full"),
            "resize the cluster or free some space; the warehouse is as it was",
        ),
        "53200" => (
            Kind::Memory,
            format!("{name}: the cluster does not have enough memory"),
            "give the user's queue more memory, or resize the cluster",
        ),
        "57P01" | "57P02" | "57P03" => (
            Kind::WarehouseUnreachable,
            format!("{name}: {place} ended the connection"),
            "run the command again when the cluster is available",
        ),
        "25006" => (Kind::WarehouseDenied, format!("{name}: {place} is read-only"), "`sparkify sql` only reads"),
        _ => (Kind::Query, format!("{name} failed"), ""),
    };
    let error = Error::new(kind, message).caused_by(refusal);
    if hint.is_empty() { error } else { error.with_hint(hint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: &str, message: &str, detail: &str) -> Kind {
        let refusal = Refusal { code: code.to_owned(), message: message.to_owned(), detail: detail.to_owned() };
        sorted("copy", "redshift://h/d", Fault::Refused(refusal)).kind()
    }

    /// Texts as the service's users report them.
    #[test]
    fn refusals_are_told_apart() {
        for (code, message, detail, wanted) in [
            (
                "XX000",
                "1023",
                "Serializable isolation violation on table - 100210, transactions forming the cycle are: 1, 2",
                Kind::WarehouseConflict,
            ),
            ("XX000", "could not complete because of conflict with concurrent transaction", "", Kind::WarehouseConflict),
            ("40P01", "deadlock detected", "", Kind::WarehouseConflict),
            (
                "XX000",
                "User arn:aws:redshift:us-west-2:1:dbuser:c/u is not authorized to assume IAM Role arn:aws:iam::1:role/r",
                "",
                Kind::WarehouseDenied,
            ),
            (
                "XX000",
                "S3ServiceException:The bucket you are attempting to access must be addressed using the specified endpoint.",
                "",
                Kind::SourceRegion,
            ),
            ("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied", "", Kind::SourceDenied),
            (
                "XX000",
                "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown",
                "",
                Kind::SourceUnavailable,
            ),
            ("42501", "permission denied for relation songplays", "", Kind::WarehouseDenied),
            ("57014", "Query (0) cancelled on user's request", "", Kind::StatementCancelled),
            ("42P01", "relation \"x\" does not exist", "", Kind::Query),
        ] {
            assert_eq!(kind(code, message, detail), wanted, "{message}");
        }
    }

    #[test]
    fn only_conflicts_are_worth_the_same_transaction_again() {
        assert!(kind("XX000", "1023", "").policy().retryable);
        assert!(!kind("XX000", "Load into table 'staged_lines' failed.", "").policy().retryable);
    }
}
