-- question: Why were trades left, and what did they make by reason?
-- column mode: kind of run; figures of two modes are never added
-- column strategy_id: strategy
-- column exit_reason: why they were left; empty where neither the bot says it nor anything could be inferred
-- column exit_reason_source: given by the bot, or inferred
-- column trades: trades closed for it
-- column share: of all closed trades of the strategy, 0 to 1
-- column win_rate: share with a net gain, of those whose net is known
-- column net_pnl_usd: net of those whose net is known, USD
-- column avg_net_bps: mean net in basis points of the opening notional
-- column avg_duration_s: mean time held, s
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
with closed as (
  select
    mode, strategy_id, exit_reason, exit_reason_source, net_pnl_usd, net_pnl_bps, duration_seconds,
    count(*) over (partition by mode, strategy_id) as of_strategy
  from trade_lifecycle
  where date between :from and :to and status = 'closed' and not coalesce(entry_unknown, false)
)
select
  mode,
  strategy_id,
  exit_reason,
  exit_reason_source,
  count(*) as trades,
  cast(count(*) as double) / max(of_strategy) as share,
  avg(case when net_pnl_usd > 0 then 1e0 when net_pnl_usd is not null then 0e0 end) as win_rate,
  sum(net_pnl_usd) as net_pnl_usd,
  avg(net_pnl_bps) as avg_net_bps,
  avg(duration_seconds) as avg_duration_s
from closed
group by mode, strategy_id, exit_reason, exit_reason_source
order by mode, strategy_id, count(*) desc, exit_reason, exit_reason_source
