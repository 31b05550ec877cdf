-- question: What failed in the bots, how often, and when last?
-- column strategy_id: strategy
-- column component: where it failed
-- column error_type: kind of error
-- column message: what failed; the newest of its kind
-- column errors: how often
-- column sessions: in how many runs
-- column first_ts: first time, UTC
-- column last_ts: last time, UTC
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  strategy_id,
  component,
  coalesce(error_type, code) as error_type,
  max_by(message, coalesce(ts_ms, seq)) as message,
  count(*) as errors,
  count(distinct session_id) as sessions,
  min(ts) as first_ts,
  max(ts) as last_ts
from error
where date between :from and :to
group by strategy_id, component, coalesce(error_type, code)
order by count(*) desc, max(ts) desc
