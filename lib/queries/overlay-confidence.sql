-- question: How sure was the overlay, per hour and timeframe?
-- column hour: start of the hour, UTC
-- column strategy_id: strategy
-- column mode: kind of run
-- column timeframe: bar length the overlay speaks of; unknown where nothing proves it
-- column records: overlay records with a confidence
-- column avg_confidence: mean confidence, 0 to 1
-- column min_confidence: smallest, 0 to 1
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  substr(ts, 1, 13) || ':00:00Z' as hour,
  strategy_id,
  mode,
  coalesce(timeframe, 'unknown') as timeframe,
  count(*) as records,
  avg(confidence) as avg_confidence,
  min(confidence) as min_confidence
from overlay_status
where date between :from and :to and ts is not null and confidence is not null
group by substr(ts, 1, 13), strategy_id, mode, coalesce(timeframe, 'unknown')
order by substr(ts, 1, 13), strategy_id, mode, coalesce(timeframe, 'unknown')
