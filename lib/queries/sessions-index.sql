-- question: Which runs are there, did they end, and in how many objects do their events lie?
-- column mode: kind of run
-- column strategy_id: strategy
-- column session_id: run of the bot
-- column first_ts: first event, UTC
-- column last_ts: last event, UTC
-- column ended_ts: when it ended, UTC; empty while it may go on
-- column end_reason: given by the bot, or timeout where nothing came any more
-- column trades_open: positions it left open, or has open
-- column objects: objects of the lake that hold its events
-- column streams: different streams of those
-- column events: events in them; one that lies in two objects counts in both
-- column no_clock: those of them without any clock
-- column git_sha: commit the bot ran
-- column model_version: version of the model
-- param strategy: text = : only this strategy
-- param session: text = : only this run
with objects as (
  select
    mode, strategy_id, session_id,
    count(*) as objects,
    count(distinct object_stream) as streams,
    sum(events) as events,
    sum(no_clock) as no_clock
  from session
  where entry = 'object'
  group by mode, strategy_id, session_id
)
select
  r.mode,
  r.strategy_id,
  r.session_id,
  r.first_ts,
  r.last_ts,
  r.ended_ts,
  r.end_reason,
  r.trades_open,
  coalesce(o.objects, 0) as objects,
  coalesce(o.streams, 0) as streams,
  coalesce(o.events, 0) as events,
  coalesce(o.no_clock, 0) as no_clock,
  r.git_sha,
  r.model_version
from session as r
left join objects as o
  on o.session_id = r.session_id
  and coalesce(o.strategy_id, '') = coalesce(r.strategy_id, '')
  and coalesce(o.mode, '') = coalesce(r.mode, '')
where r.entry = 'run'
  and (:strategy = '' or r.strategy_id = :strategy)
  and (:session = '' or r.session_id = :session)
order by r.first_ts desc, r.session_id
