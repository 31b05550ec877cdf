-- question: What share of the orders was rejected, per day?
-- column date: UTC day
-- column strategy_id: strategy
-- column mode: kind of run
-- column orders: orders sent
-- column rejected: those rejected; a gate’s block is no rejection
-- column rejection_rate: rejected of the orders sent, 0 to 1; below 10 orders it says little
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  date,
  strategy_id,
  mode,
  count(*) as orders,
  sum(case when status = 'rejected' then 1 else 0 end) as rejected,
  cast(sum(case when status = 'rejected' then 1 else 0 end) as double) / count(*) as rejection_rate
from order_lifecycle
where date between :from and :to and status <> 'intended'
group by date, strategy_id, mode
order by date, strategy_id, mode
