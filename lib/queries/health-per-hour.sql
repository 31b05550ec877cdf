-- question: How often was each bot heard, how old was its data, and how often did it reconnect, per hour?
-- column hour: start of the hour, UTC
-- column strategy_id: strategy
-- column mode: kind of run
-- column records: health records
-- column sessions: runs they are of
-- column heartbeat_s: longest interval at which the bot promised to be heard, s
-- column ws_staleness_ms: oldest that the newest websocket message ever was, ms
-- column reconnects: websocket reconnects, from increases of the counter of each run
-- column funding_known: records that say whether funding data is stale
-- column funding_stale: 1 where a record says stale, 0 where all that know say fresh
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with beats as (
  select
    substr(ts, 1, 13) || ':00:00Z' as hour,
    strategy_id, mode, session_id, heartbeat_s, ws_staleness_ms, funding_stale,
    ws_reconnects - lag(ws_reconnects) over (
      partition by strategy_id, mode, session_id, case when ws_reconnects is null then 0 else 1 end order by ts_ms, seq, event_id
    ) as rise,
    ws_reconnects
  from health
  where date between :from and :to and ts is not null
)
select
  hour,
  strategy_id,
  mode,
  count(*) as records,
  count(distinct session_id) as sessions,
  max(heartbeat_s) as heartbeat_s,
  max(ws_staleness_ms) as ws_staleness_ms,
  sum(case when rise < 0 then ws_reconnects when rise is not null then rise when ws_reconnects is not null then 0 end) as reconnects,
  count(funding_stale) as funding_known,
  max(case when funding_stale then 1 when not funding_stale then 0 end) as funding_stale
from beats
group by hour, strategy_id, mode
order by hour, strategy_id, mode
