-- question: What did a trade make on average, per day and signal source?
-- column date: UTC day of the exit
-- column strategy_id: strategy
-- column mode: kind of run; figures of two modes are never added
-- column signal_source: source whose signal was traded; empty where no signal could be joined
-- column trades: closed trades whose net is known
-- column avg_net_pnl_usd: mean net of fees, charged costs and funding, USD
-- column avg_net_pnl_bps: mean net in basis points of the opening notional
-- column worst_usd: smallest net, USD
-- column best_usd: largest net, USD
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
select
  substr(exit_ts, 1, 10) as date,
  strategy_id,
  mode,
  entry_signal_source as signal_source,
  count(*) as trades,
  avg(net_pnl_usd) as avg_net_pnl_usd,
  avg(net_pnl_bps) as avg_net_pnl_bps,
  min(net_pnl_usd) as worst_usd,
  max(net_pnl_usd) as best_usd
from trade_lifecycle
where date between :from and :to
  and status = 'closed'
  and not coalesce(entry_unknown, false)
  and net_pnl_usd is not null
group by substr(exit_ts, 1, 10), strategy_id, mode, entry_signal_source
order by substr(exit_ts, 1, 10), strategy_id, mode, entry_signal_source
