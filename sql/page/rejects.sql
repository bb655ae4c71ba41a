-- Refused lines by reason. Grain: one reason.
select
    input,
    reason,
    count(*) as lines,
    count(distinct url) as files
from load_rejects
group by input, reason
order by lines desc, input collate "C", reason collate "C"
limit 50;
