-- Names that only one artist of the catalogue has, on a song or by itself. Grain: one name.
with
artist_names as (
    select
        name,
        min(artist_id) as artist_id
    from (
        select artist_id, name from artists
        union
        select artist_id, artist_name from songs
    ) as credits
    group by name
    having count(distinct artist_id) = 1
)

select
    name,
    artist_id
from artist_names;
