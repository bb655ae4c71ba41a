-- The current version of every source object that was loaded.
with ranked as (
    select
        url,
        version,
        row_number() over (partition by url order by file_no desc) as place
    from load_files
)

select url, version
from ranked
where place = 1;
