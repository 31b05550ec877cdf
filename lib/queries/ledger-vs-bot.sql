-- question: Where does the bot book another PnL than we do, on its own terms?
-- column trade_id: trade
-- column mode: kind of run
-- column strategy_id: strategy
-- column session_id: run of the bot that opened it
-- column symbol: instrument
-- column status: open, closed or abandoned
-- column entry_ts: first fill, UTC
-- column net_pnl_usd: our net, USD
-- column bot_pnl_usd: the bot’s own figure, USD
-- column bot_pnl_basis: what the bot has subtracted from it: gross, net_of_closing_fees, net_of_all_costs
-- column ours_same_basis_usd: our figure with the same subtracted, USD; empty where the bot’s basis is not known
-- column difference_usd: ours on that basis less the bot’s, USD
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
-- param tolerance: number = 0: only differences larger than this, USD; -1 shows all
with fills_of as (
  select
    trade_id, mode, strategy_id, session_id, symbol, status, entry_ts, gross_pnl_usd, net_pnl_usd,
    bot_realized_pnl_usd, bot_pnl_basis, fill_count, cardinality(fills) as fills_named,
    case when g.n <= cardinality(fills) then (element_at(fills, g.n)).role end as role,
    case when g.n <= cardinality(fills) then (element_at(fills, g.n)).fee_usd end as fee_usd
  from trade_lifecycle
  cross join unnest(sequence(1, greatest(coalesce(cardinality(fills), 0), 1))) as g (n)
  where date between :from and :to
    and bot_realized_pnl_usd is not null
    and not coalesce(entry_unknown, false)
),
trades as (
  select
    trade_id, mode, strategy_id, session_id, symbol, status, entry_ts, gross_pnl_usd, net_pnl_usd,
    bot_realized_pnl_usd, bot_pnl_basis,
    case
      when max(fills_named) = max(fill_count)
        and sum(case when role in ('reduce', 'close') and fee_usd is null then 1 else 0 end) = 0
        then sum(case when role in ('reduce', 'close') then fee_usd else 0 end)
    end as closing_fees_usd
  from fills_of
  group by
    trade_id, mode, strategy_id, session_id, symbol, status, entry_ts, gross_pnl_usd, net_pnl_usd,
    bot_realized_pnl_usd, bot_pnl_basis
),
compared as (
  select
    trade_id, mode, strategy_id, session_id, symbol, status, entry_ts, net_pnl_usd,
    bot_realized_pnl_usd as bot_pnl_usd,
    bot_pnl_basis,
    case bot_pnl_basis
      when 'gross' then gross_pnl_usd
      when 'net_of_closing_fees' then gross_pnl_usd - closing_fees_usd
      when 'net_of_all_costs' then net_pnl_usd
    end as ours_same_basis_usd
  from trades
)
select
  trade_id,
  mode,
  strategy_id,
  session_id,
  symbol,
  status,
  entry_ts,
  net_pnl_usd,
  bot_pnl_usd,
  bot_pnl_basis,
  ours_same_basis_usd,
  ours_same_basis_usd - bot_pnl_usd as difference_usd
from compared
where ours_same_basis_usd is null or abs(ours_same_basis_usd - bot_pnl_usd) > :tolerance
order by abs(ours_same_basis_usd - bot_pnl_usd) desc, trade_id
