-- question: What did the trades of each day cost, by fees, impact and slippage?
-- column date: UTC day of the entry
-- column strategy_id: strategy
-- column mode: kind of run; figures of two modes are never added
-- column trades: trades entered
-- column fees_usd: fees, USD; a rebate is negative
-- column impact_usd: market impact, USD, positive when it hurts, whether charged or not
-- column slippage_usd: slippage from the decision price, USD, positive when it hurts; it is in the prices already
-- column fees_unknown: trades whose fees are not known; the sums are of what is known
-- column slippage_unknown: trades without a decision price
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
with costs_of as (
  select
    date, strategy_id, mode, fees_usd, impact_usd,
    slippage_entry_bps * entry_notional_usd / 1e4 as entry_usd,
    slippage_exit_bps * exit_notional * (entry_notional_usd / nullif(entry_notional, 0)) / 1e4 as exit_usd
  from trade_lifecycle
  where date between :from and :to and not coalesce(entry_unknown, false)
)
select
  date,
  strategy_id,
  mode,
  count(*) as trades,
  sum(fees_usd) as fees_usd,
  sum(impact_usd) as impact_usd,
  sum(case when coalesce(entry_usd, exit_usd) is not null then coalesce(entry_usd, 0e0) + coalesce(exit_usd, 0e0) end)
    as slippage_usd,
  sum(case when fees_usd is null then 1 else 0 end) as fees_unknown,
  sum(case when entry_usd is null then 1 else 0 end) as slippage_unknown
from costs_of
group by date, strategy_id, mode
order by date, strategy_id, mode
