-- question: How long does each step of an order take, per strategy?
-- column strategy_id: strategy
-- column mode: kind of run
-- column step: intent_to_order, order_to_ack, order_to_fill or intent_to_fill
-- column n: orders whose step is measured
-- column unmeasured: orders whose step is not: a clock is missing, equal by construction, or reversed
-- column min_ms: shortest, ms
-- column median_ms: true median, ms
-- column p95_ms: 95th percentile, ms
-- column max_ms: longest, ms
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with steps as (
  select strategy_id, mode, 'intent_to_order' as step, 1 as place, intent_to_order_ms as ms
  from order_lifecycle
  where date between :from and :to
  union all
  select strategy_id, mode, 'order_to_ack', 2, order_to_ack_ms
  from order_lifecycle
  where date between :from and :to
  union all
  select strategy_id, mode, 'order_to_fill', 3, order_to_fill_ms
  from order_lifecycle
  where date between :from and :to
  union all
  select strategy_id, mode, 'intent_to_fill', 4, intent_to_fill_ms
  from order_lifecycle
  where date between :from and :to
),
ranked as (
  select
    strategy_id, mode, step, place, ms,
    case when ms is not null then row_number() over (partition by strategy_id, mode, step, ms is null order by ms) end as r,
    count(ms) over (partition by strategy_id, mode, step) as n
  from steps
)
select
  strategy_id,
  mode,
  step,
  max(n) as n,
  count(*) - max(n) as unmeasured,
  min(ms) as min_ms,
  avg(case when 2 * r between n and n + 2 then ms end) as median_ms,
  min(case when 100 * r >= 95 * n then ms end) as p95_ms,
  max(ms) as max_ms
from ranked
group by strategy_id, mode, step, place
having max(n) > 0
order by strategy_id, mode, place
