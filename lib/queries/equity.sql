-- question: Where did each run’s equity start, end, peak and bottom, per day?
-- column date: UTC day; 2000-01-01 where the records have no clock
-- column strategy_id: strategy
-- column session_id: run of the bot; runs are never merged into one curve
-- column mode: kind of run
-- column timeframe: bar length the records are about
-- column records: equity records
-- column first_equity: first of the day, account currency
-- column last_equity: last of the day, account currency
-- column min_equity: lowest of the day
-- column max_equity: highest of the day
-- column change: last less first
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
-- param session: text = : only this session
with points as (
  select date, strategy_id, session_id, mode, timeframe, equity, coalesce(ts_ms, seq) as place
  from equity_curve
  where date between :from and :to and equity is not null and (:session = '' or session_id = :session)
)
select
  date,
  strategy_id,
  session_id,
  mode,
  timeframe,
  count(*) as records,
  min_by(equity, place) as first_equity,
  max_by(equity, place) as last_equity,
  min(equity) as min_equity,
  max(equity) as max_equity,
  max_by(equity, place) - min_by(equity, place) as change
from points
group by date, strategy_id, session_id, mode, timeframe
order by date, strategy_id, session_id, timeframe
