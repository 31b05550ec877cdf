-- question: How long from intent to fill, as a histogram with its percentiles?
-- column strategy_id: strategy
-- column mode: kind of run
-- column up_to_ms: upper edge of the bin, ms, part of it; empty for everything above
-- column orders: orders in the bin
-- column p50_ms: 50th percentile of all orders of the strategy, ms
-- column p95_ms: 95th percentile of them, ms
-- column p99_ms: 99th percentile of them, ms
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with measured as (
  select
    strategy_id, mode, intent_to_fill_ms as ms,
    row_number() over (partition by strategy_id, mode order by intent_to_fill_ms) as r,
    count(*) over (partition by strategy_id, mode) as n
  from order_lifecycle
  where date between :from and :to and intent_to_fill_ms is not null
),
ranked as (
  select
    strategy_id, mode,
    case
      when ms <= 10 then 10 when ms <= 25 then 25 when ms <= 50 then 50 when ms <= 100 then 100 when ms <= 250 then 250
      when ms <= 500 then 500 when ms <= 1000 then 1000 when ms <= 2500 then 2500 when ms <= 5000 then 5000
      when ms <= 10000 then 10000 when ms <= 30000 then 30000 when ms <= 60000 then 60000
    end as up_to_ms,
    min(case when 100 * r >= 50 * n then ms end) over (partition by strategy_id, mode) as p50_ms,
    min(case when 100 * r >= 95 * n then ms end) over (partition by strategy_id, mode) as p95_ms,
    min(case when 100 * r >= 99 * n then ms end) over (partition by strategy_id, mode) as p99_ms
  from measured
)
select
  strategy_id,
  mode,
  up_to_ms,
  count(*) as orders,
  max(p50_ms) as p50_ms,
  max(p95_ms) as p95_ms,
  max(p99_ms) as p99_ms
from ranked
group by strategy_id, mode, up_to_ms
order by strategy_id, mode, coalesce(up_to_ms, 1000000)
