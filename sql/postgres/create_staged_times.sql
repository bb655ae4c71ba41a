-- The distinct times of the batch's plays, with their parts.
create temporary table staged_times (
    start_time timestamp not null,
    hour smallint not null,
    day smallint not null,
    week smallint not null,
    month smallint not null,
    year smallint not null,
    weekday smallint not null
);
