delete from load_rejects
using staged_replays
where
    staged_replays.file_no = load_rejects.file_no
    and staged_replays.line = load_rejects.line
    and staged_replays.byte_offset = load_rejects.byte_offset;
