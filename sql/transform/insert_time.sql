-- $1 and $2 bound the staged plays' times, so that only that stretch of the dimension is read.
insert into time
select
    staged.start_time,
    extract(hour from staged.start_time),
    extract(day from staged.start_time),
    extract(week from staged.start_time),
    extract(month from staged.start_time),
    extract(year from staged.start_time),
    extract(isodow from staged.start_time)
from staged_times as staged
where not exists (
    select 1
    from time
    where
        time.start_time = staged.start_time
        and time.start_time between $1 and $2
);
