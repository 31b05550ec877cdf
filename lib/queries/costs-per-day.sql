-- question: What did trading cost per day, and how much of it in basis points of what was traded?
-- column date: UTC day
-- column strategy_id: strategy
-- column mode: kind of run
-- column trades: cost records with a notional
-- column notional_usd: notional traded, USD
-- column fee_usd: fees, USD, positive when they hurt
-- column impact_usd: market impact, USD, positive when it hurts; whether it was charged says impact_basis
-- column slip_usd: slippage, USD, positive when it hurts; it is in the price already
-- column cost_usd: all costs as the bot adds them, USD
-- column cost_bps: all costs, bps of the notional
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  date,
  strategy_id,
  mode,
  count(*) as trades,
  sum(notional_usd) as notional_usd,
  sum(fee_usd) as fee_usd,
  sum(impact_usd) as impact_usd,
  sum(slip_usd) as slip_usd,
  sum(cost_usd) as cost_usd,
  1e4 * sum(cost_usd) / nullif(sum(case when cost_usd is not null then notional_usd end), 0) as cost_bps
from costs
where date between :from and :to and notional_usd is not null
group by date, strategy_id, mode
order by date, strategy_id, mode
