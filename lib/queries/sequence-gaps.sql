-- question: Which lines of which log file never arrived?
-- column source: who sent the file
-- column source_path: the file, relative to its root
-- column file_id: identity of the file and its generation
-- column after_seq: last line before the gap; 0 where the file’s first lines are missing
-- column before_seq: first line after the gap
-- column missing: lines between; a blank line is no event and counts here
with lines as (
  select source, source_path, event_id, seq from events where source_path is not null and seq is not null
  union all
  select source, source_path, event_id, seq from quarantine where source_path is not null and seq is not null
),
files as (
  select
    source,
    source_path,
    case
      when event_id like '%-' || cast(seq as varchar)
        then substr(event_id, 1, length(event_id) - length(cast(seq as varchar)) - 1)
    end as file_id,
    seq
  from lines
),
steps as (
  select
    source, source_path, file_id, seq,
    lag(seq, 1, 0) over (partition by source, source_path, file_id order by seq) as before
  from files
)
select
  source,
  source_path,
  file_id,
  before as after_seq,
  seq as before_seq,
  seq - before - 1 as missing
from steps
where seq - before > 1
order by source, source_path, file_id, before
