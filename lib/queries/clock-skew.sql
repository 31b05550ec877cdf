-- question: How far are the bots’ clocks from ours, and which events have no good clock?
-- column strategy_id: strategy
-- column session_id: run of the bot
-- column source: who sent the events
-- column events: events
-- column no_clock: events without any time
-- column naive: events whose time had no zone and was read in the configured one
-- column ahead: events dated after they came in
-- column min_lag_s: shortest time from event to arrival, s; below 0 the bot’s clock is ahead
-- column median_lag_s: true median, s; days for history that was imported
-- column max_lag_s: longest, s
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with lags as (
  select
    strategy_id,
    session_id,
    source,
    ts_naive,
    to_unixtime(from_iso8601_timestamp(ingested_at)) - ts_ms / 1e3 as lag_s
  from events
  where date between :from and :to
),
ranked as (
  select
    strategy_id, session_id, source, ts_naive, lag_s,
    row_number() over (partition by strategy_id, session_id, source order by lag_s) as r,
    count(lag_s) over (partition by strategy_id, session_id, source) as n
  from lags
)
select
  strategy_id,
  session_id,
  source,
  count(*) as events,
  count(*) - count(lag_s) as no_clock,
  sum(case when ts_naive then 1 else 0 end) as naive,
  sum(case when lag_s < 0 then 1 else 0 end) as ahead,
  min(lag_s) as min_lag_s,
  avg(case when 2 * r between n and n + 2 then lag_s end) as median_lag_s,
  max(lag_s) as max_lag_s
from ranked
group by strategy_id, session_id, source
order by min(lag_s), strategy_id, session_id
