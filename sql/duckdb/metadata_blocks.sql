-- The blocks that hold DuckDB's metadata, which a checkpoint overwrites where they are, and the parts of each that no
-- state needs. One row a block.
select
    block_id,
    free_list
from pragma_metadata_info()
order by block_id;
