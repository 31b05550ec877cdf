-- question: How far has the calibration drifted, per hour, as the bot computes it?
-- column hour: start of the hour, UTC
-- column strategy_id: strategy
-- column mode: kind of run
-- column records: health records with a drift
-- column drift: the newest of the hour, as the bot scales it
-- column min_drift: smallest of the hour
-- column max_drift: largest of the hour
-- column constant: true where the strategy never logs another figure: then it says nothing
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with drifts as (
  select
    substr(ts, 1, 13) || ':00:00Z' as hour, strategy_id, mode, ts_ms, calibration_drift,
    min(calibration_drift) over (partition by strategy_id, mode) as least_of_all,
    max(calibration_drift) over (partition by strategy_id, mode) as most_of_all
  from health
  where date between :from and :to and ts is not null and calibration_drift is not null
)
select
  hour,
  strategy_id,
  mode,
  count(*) as records,
  max_by(calibration_drift, ts_ms) as drift,
  min(calibration_drift) as min_drift,
  max(calibration_drift) as max_drift,
  max(least_of_all) = max(most_of_all) as constant
from drifts
group by hour, strategy_id, mode
order by hour, strategy_id, mode
