insert into page_views
select
    /* @fields page_views */
from staged_views;
