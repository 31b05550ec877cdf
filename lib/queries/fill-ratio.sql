-- question: How much of what was ordered was filled?
-- column mode: kind of run
-- column strategy_id: strategy
-- column symbol: instrument
-- column order_type: type of the order
-- column orders: orders that were sent and have ended
-- column filled: those filled whole
-- column part_filled: those that ended with a part filled
-- column unfilled: those that ended without a fill, rejected ones included
-- column rejected: those rejected
-- column requested_qty: quantity asked for where it is known, base units
-- column filled_qty: quantity filled of those orders, base units
-- column fill_ratio: filled of requested quantity, 0 to 1
-- column maker_share: share of the orders with fills that only made liquidity, of those that say so
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with ended as (
  select
    mode, strategy_id, symbol, order_type, status, liquidity, requested_qty,
    coalesce(filled_qty, 0) as filled_qty
  from order_lifecycle
  where date between :from and :to and status in ('filled', 'cancelled', 'rejected', 'expired')
)
select
  mode,
  strategy_id,
  symbol,
  order_type,
  count(*) as orders,
  sum(case when status = 'filled' then 1 else 0 end) as filled,
  sum(case when status <> 'filled' and filled_qty > 0 then 1 else 0 end) as part_filled,
  sum(case when status <> 'filled' and filled_qty = 0 then 1 else 0 end) as unfilled,
  sum(case when status = 'rejected' then 1 else 0 end) as rejected,
  sum(requested_qty) as requested_qty,
  sum(case when requested_qty is not null then filled_qty end) as filled_qty,
  sum(case when requested_qty is not null then filled_qty end) / nullif(sum(requested_qty), 0) as fill_ratio,
  avg(case when liquidity = 'maker' then 1e0 when liquidity is not null then 0e0 end) as maker_share
from ended
group by mode, strategy_id, symbol, order_type
order by mode, strategy_id, symbol, order_type
