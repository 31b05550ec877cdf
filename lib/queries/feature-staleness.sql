-- question: How old was each feature when it was used, per hour?
-- column hour: start of the hour, UTC
-- column strategy_id: strategy
-- column mode: kind of run
-- column feature: feature
-- column records: feature records that say when it was updated
-- column avg_age_s: mean age, s
-- column max_age_s: largest age, s
-- column stale: feature records in which the bot calls it too old to trust
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with told as (
  select
    substr(f.ts, 1, 13) || ':00:00Z' as hour, f.strategy_id, f.mode, k.feature,
    f.ts_ms / 1e3 - to_unixtime(from_iso8601_timestamp(element_at(f.feature_timestamps, k.feature))) as age_s,
    0 as stale
  from feature_log as f
  cross join unnest(map_keys(f.feature_timestamps)) as k (feature)
  where f.date between :from and :to and f.ts is not null
  union all
  select substr(f.ts, 1, 13) || ':00:00Z', f.strategy_id, f.mode, k.feature, null, 1
  from feature_log as f
  cross join unnest(f.stale_features) as k (feature)
  where f.date between :from and :to and f.ts is not null
)
select
  hour,
  strategy_id,
  mode,
  feature,
  count(age_s) as records,
  avg(age_s) as avg_age_s,
  max(age_s) as max_age_s,
  sum(stale) as stale
from told
group by hour, strategy_id, mode, feature
order by hour, strategy_id, mode, feature
