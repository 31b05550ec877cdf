-- question: What did the trades of each signal source make, and what did they cost?
-- column mode: kind of run; figures of two modes are never added
-- column strategy_id: strategy
-- column signal_source: source whose signal was traded; empty where no signal could be joined
-- column trades: trades entered
-- column closed: those that were closed
-- column win_rate: share of the closed ones with a net gain, of those whose net is known
-- column gross_pnl_usd: price times quantity, USD
-- column fees_usd: fees, USD; a rebate is negative
-- column impact_usd: market impact, USD, whether charged or not
-- column charged_costs_usd: costs beside fees that accounts were charged, USD
-- column funding_usd: funding, USD; received is positive
-- column net_pnl_usd: gross less fees and charged costs, plus funding, USD
-- column net_pnl_bps: net in basis points of the notional of the trades whose net is known
-- column net_unknown: trades without a known net; the sums are of what is known
-- column least_confidence: how sure the least sure join of signal and fill is, 0 to 1
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
select
  mode,
  strategy_id,
  entry_signal_source as signal_source,
  count(*) as trades,
  sum(case when status = 'closed' then 1 else 0 end) as closed,
  avg(case when status = 'closed' and net_pnl_usd > 0 then 1e0 when status = 'closed' and net_pnl_usd is not null then 0e0 end)
    as win_rate,
  sum(gross_pnl_usd) as gross_pnl_usd,
  sum(fees_usd) as fees_usd,
  sum(impact_usd) as impact_usd,
  sum(charged_costs_usd) as charged_costs_usd,
  sum(funding_usd) as funding_usd,
  sum(net_pnl_usd) as net_pnl_usd,
  1e4 * sum(net_pnl_usd) / nullif(sum(case when net_pnl_usd is not null then entry_notional_usd end), 0) as net_pnl_bps,
  sum(case when net_pnl_usd is null then 1 else 0 end) as net_unknown,
  min(entry_signal_confidence) as least_confidence
from trade_lifecycle
where date between :from and :to and not coalesce(entry_unknown, false)
group by mode, strategy_id, entry_signal_source
order by mode, strategy_id, net_pnl_usd desc, signal_source
