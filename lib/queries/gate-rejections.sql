-- question: Which gates blocked orders or intents, how often and why?
-- column strategy_id: strategy
-- column mode: kind of run
-- column gate: name of the gate
-- column reason: why, in the bot’s words
-- column blocked: times it blocked for this reason
-- column asked: times the gate was asked at all
-- column last_ts: last time it blocked for this reason, UTC
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with verdicts as (
  select
    strategy_id, mode, name, reason, passed, ts,
    count(*) over (partition by strategy_id, mode, name) as asked
  from gate
  where date between :from and :to
)
select
  strategy_id,
  mode,
  name as gate,
  reason,
  count(*) as blocked,
  max(asked) as asked,
  max(ts) as last_ts
from verdicts
where passed = false
group by strategy_id, mode, name, reason
order by count(*) desc, name, reason
