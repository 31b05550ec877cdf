-- question: How many decisions became intents, orders and fills, per day and strategy?
-- column date: UTC day
-- column strategy_id: strategy
-- column mode: kind of run; figures of two modes are never added
-- column decisions: intents logged, holds included
-- column holds: intents to do nothing
-- column wanted: intents to buy or sell
-- column orders: orders, each counted once whatever its changes of state
-- column rejected: orders rejected
-- column fills: fills
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with steps as (
  select
    date, strategy_id, mode,
    1 as decision,
    case when side = 'hold' then 1 else 0 end as hold,
    case when side in ('buy', 'sell') then 1 else 0 end as wanted,
    0 as placed, 0 as rejected, 0 as filled
  from order_intent
  where date between :from and :to
  union all
  select
    min(date), strategy_id, mode,
    0, 0, 0,
    1,
    max(case when status = 'rejected' or rejection_reason is not null then 1 else 0 end),
    0
  from "order"
  where date between :from and :to
  group by strategy_id, mode, session_id, coalesce(order_id, client_order_id, venue_order_id, event_id)
  union all
  select date, strategy_id, mode, 0, 0, 0, 0, 0, 1
  from execution
  where date between :from and :to
    and qty is not null
    and coalesce(result, 'filled') not in ('placed', 'rejected', 'skipped', 'cancelled')
)
select
  date,
  strategy_id,
  mode,
  sum(decision) as decisions,
  sum(hold) as holds,
  sum(wanted) as wanted,
  sum(placed) as orders,
  sum(rejected) as rejected,
  sum(filled) as fills
from steps
group by date, strategy_id, mode
order by date, strategy_id, mode
