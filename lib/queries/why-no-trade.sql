-- question: Why was there no trade: which guards failed on the intents that ended as hold?
-- column strategy_id: strategy
-- column symbol: instrument
-- column guard: name of the guard
-- column asked: holds on which the guard was asked
-- column failed: holds on which it failed
-- column failed_alone: holds on which no other guard failed; these it kept from trading by itself
-- column failed_share: failed of asked, 0..1
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with verdicts as (
  select
    i.strategy_id,
    i.session_id,
    i.symbol,
    i.date,
    i.event_id,
    (element_at(i.guards, g.n)).name as guard,
    case when (element_at(i.guards, g.n)).passed = false then 1 else 0 end as failed
  from order_intent as i
  cross join unnest(sequence(1, greatest(cardinality(i.guards), 1))) as g (n)
  where i.date between :from and :to
    and i.side = 'hold'
    and cardinality(i.guards) > 0
    and (element_at(i.guards, g.n)).passed is not null
),
counted as (
  select
    strategy_id,
    symbol,
    guard,
    failed,
    sum(failed) over (partition by date, strategy_id, session_id, event_id) as failures
  from verdicts
)
select
  strategy_id,
  symbol,
  guard,
  count(*) as asked,
  sum(failed) as failed,
  sum(case when failed = 1 and failures = 1 then 1 else 0 end) as failed_alone,
  cast(sum(failed) as double) / count(*) as failed_share
from counted
group by strategy_id, symbol, guard
order by failed desc, guard
