-- Empties the quarantine of songs.
delete from load_rejects
where input = 'song';
