-- Dimension. Grain: one distinct songplays.start_time, in UTC. week and weekday are ISO (Monday is 1).
create table if not exists time (
    start_time timestamp not null,
    hour smallint not null,
    day smallint not null,
    week smallint not null,
    month smallint not null,
    year smallint not null,
    weekday smallint not null
);
