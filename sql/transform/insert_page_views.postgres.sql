-- Every other accepted event becomes one row. They come from the batch at once, without a table in between.
copy page_views (
    /* @fields page_views */
)
from stdin with binary;
