-- Forgets which logs were loaded; songs are read from other files.
delete from load_files
where input <> 'song';
