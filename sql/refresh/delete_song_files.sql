-- Forgets which song files were loaded; logs are read from other files.
delete from load_files
where input = 'song';
