-- question: Which runs of which bot are there, from when to when, and what did they send?
-- column strategy_id: strategy
-- column session_id: run of the bot; empty for events that name none
-- column mode: kind of run
-- column first_ts: first event, UTC
-- column last_ts: last event, UTC
-- column events: events, repeats removed
-- column streams: different streams
-- column symbols: different instruments
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  strategy_id,
  session_id,
  mode,
  min(ts) as first_ts,
  max(ts) as last_ts,
  count(*) as events,
  count(distinct stream) as streams,
  count(distinct symbol) as symbols
from events
where date between :from and :to
group by strategy_id, session_id, mode
order by max(ts) desc, session_id
