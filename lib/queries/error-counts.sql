-- question: How many errors did each bot log, per hour and component?
-- column hour: start of the hour, UTC
-- column strategy_id: strategy
-- column mode: kind of run
-- column component: where it failed; unknown where the bot does not say
-- column errors: errors
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  substr(ts, 1, 13) || ':00:00Z' as hour,
  strategy_id,
  mode,
  coalesce(component, 'unknown') as component,
  count(*) as errors
from error
where date between :from and :to and ts is not null
group by substr(ts, 1, 13), strategy_id, mode, coalesce(component, 'unknown')
order by substr(ts, 1, 13), strategy_id, mode, coalesce(component, 'unknown')
