-- Names of the staged lines that may be garbled: not all of their characters are ASCII.
select artist as name, octet_length(artist) as name_bytes
from staged_lines
where octet_length(artist) <> len(artist)
union
select song as name, octet_length(song) as name_bytes
from staged_lines
where octet_length(song) <> len(song);
