-- What was rejected of a file and now loaded moves to the other counts.
update load_files
set
    accepted = load_files.accepted + replayed.accepted,
    duplicates = load_files.duplicates + replayed.duplicates,
    rejected = load_files.rejected - replayed.accepted - replayed.duplicates
from (
    select file_no, sum(accepted) as accepted, sum(duplicates) as duplicates
    from staged_replays
    group by file_no
) as replayed
where replayed.file_no = load_files.file_no;
