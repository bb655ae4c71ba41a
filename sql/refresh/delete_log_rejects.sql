-- Empties the quarantine of log lines.
delete from load_rejects
where input <> 'song';
