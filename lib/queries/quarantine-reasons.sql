-- question: What is in quarantine, and why?
-- column reason: why the line could not be stored
-- column target: stream it would have been in, where known
-- column source_path: file it came from
-- column events: lines, repeats and redriven ones left out
-- column first_ingested_at: first came in, UTC
-- column last_ingested_at: last came in, UTC
-- column detail: the reason in words, of the newest
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  reason,
  target,
  source_path,
  count(*) as events,
  min(ingested_at) as first_ingested_at,
  max(ingested_at) as last_ingested_at,
  max_by(detail, ts_ms) as detail
from quarantine
where date between :from and :to
group by reason, target, source_path
order by count(*) desc, reason, source_path
