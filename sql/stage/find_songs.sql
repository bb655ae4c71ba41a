-- The songs of the catalogue that staged lines name, to look their plays up in.
select
    catalogue.title,
    catalogue.artist_name,
    catalogue.song_id,
    catalogue.artist_id,
    catalogue.duration,
    catalogue.text_repair
from staging_songs as catalogue
where exists (
    select 1
    from staged_events as staged
    where
        staged.song = catalogue.title
        and staged.artist = catalogue.artist_name
);
