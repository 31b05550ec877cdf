-- question: How long from intent to order to fill, matched by their ids?
-- column strategy_id: strategy
-- column mode: kind of run
-- column step: intent_to_order, order_to_fill or intent_to_fill
-- column n: pairs measured
-- column reversed: pairs left out because the later step carries the earlier time
-- column min_ms: shortest, ms
-- column median_ms: true median, ms
-- column p95_ms: 95th percentile, ms
-- column max_ms: longest, ms
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with intents as (
  select strategy_id, session_id, mode, intent_id, min(ts_ms) as at_ms
  from order_intent
  where date between :from and :to and intent_id is not null
  group by strategy_id, session_id, mode, intent_id
),
orders as (
  select strategy_id, session_id, mode, order_id, max(intent_id) as intent_id, min(ts_ms) as at_ms
  from "order"
  where date between :from and :to and order_id is not null
  group by strategy_id, session_id, mode, order_id
),
fills as (
  select strategy_id, session_id, mode, order_id, max(intent_id) as intent_id, min(ts_ms) as at_ms
  from execution
  where date between :from and :to and order_id is not null and qty is not null
  group by strategy_id, session_id, mode, order_id
),
chains as (
  select
    coalesce(o.strategy_id, f.strategy_id) as strategy_id,
    coalesce(o.session_id, f.session_id) as session_id,
    coalesce(o.mode, f.mode) as mode,
    coalesce(o.intent_id, f.intent_id) as intent_id,
    o.at_ms as ordered_ms,
    f.at_ms as filled_ms
  from orders as o
  full outer join fills as f
    on o.order_id = f.order_id
    and coalesce(o.session_id, '') = coalesce(f.session_id, '')
    and coalesce(o.strategy_id, '') = coalesce(f.strategy_id, '')
),
pairs as (
  select
    c.strategy_id,
    c.mode,
    c.ordered_ms - i.at_ms as intent_to_order,
    c.filled_ms - c.ordered_ms as order_to_fill,
    c.filled_ms - i.at_ms as intent_to_fill
  from chains as c
  left join intents as i
    on c.intent_id = i.intent_id
    and coalesce(c.session_id, '') = coalesce(i.session_id, '')
    and coalesce(c.strategy_id, '') = coalesce(i.strategy_id, '')
),
steps as (
  select strategy_id, mode, 'intent_to_order' as step, 1 as place, intent_to_order as ms from pairs
  union all
  select strategy_id, mode, 'order_to_fill', 2, order_to_fill from pairs
  union all
  select strategy_id, mode, 'intent_to_fill', 3, intent_to_fill from pairs
),
ranked as (
  select
    strategy_id, mode, step, place, ms,
    case when ms >= 0 then row_number() over (partition by strategy_id, mode, step, ms >= 0 order by ms) end as r,
    count(case when ms >= 0 then 1 end) over (partition by strategy_id, mode, step) as n
  from steps
  where ms is not null
)
select
  strategy_id,
  mode,
  step,
  max(n) as n,
  count(*) - max(n) as reversed,
  min(case when r is not null then ms end) as min_ms,
  avg(case when 2 * r between n and n + 2 then cast(ms as double) end) as median_ms,
  min(case when 100 * r >= 95 * n then ms end) as p95_ms,
  max(case when r is not null then ms end) as max_ms
from ranked
group by strategy_id, mode, step, place
order by strategy_id, mode, place
