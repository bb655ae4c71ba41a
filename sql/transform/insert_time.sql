-- $first_time and $last_time bound the staged plays' times, so that only that range of the dimension is read.
insert into time
select
    staged.start_time,
    staged.hour,
    staged.day,
    staged.week,
    staged.month,
    staged.year,
    staged.weekday
from staged_times as staged
where not exists (
    select 1
    from time
    where
        time.start_time = staged.start_time
        and time.start_time between $first_time and $last_time
);
