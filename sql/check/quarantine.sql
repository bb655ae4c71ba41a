-- Severity: warning
-- Says: no line waits in the quarantine
-- Remedy: `sparkify rejects` lists the lines with their reasons; `sparkify rejects replay` decodes them again
select url, count(*) as rejected_lines, min(reason collate "C") as a_reason
from load_rejects
group by url
order by url collate "C";
