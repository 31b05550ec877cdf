-- question: What is held now, in which book, and what is it worth at the price of its last fill?
-- column mode: kind of run; figures of two modes are never added
-- column venue: exchange or simulator
-- column account_id: account at the venue
-- column strategy_id: strategy
-- column session_id: run of the bot, where positions end with it
-- column timeframe: bar length, where a run keeps an account per timeframe
-- column symbol: instrument
-- column position_side: side of the position in hedge mode
-- column position_id: position, where the venue numbers them
-- column qty: quantity held, base units; short is negative
-- column avg_px: average price of it, by quantity
-- column last_px: price of the last fill
-- column unrealized_pnl_usd: PnL of it at that price, USD; empty where a part is not known
-- column opened_ts: entry of its oldest trade, UTC
-- column trades: open trades
-- column provisional: true while late fills may still change it
-- param mode: text = : only this mode
-- param strategy: text = : only this strategy
select
  mode,
  venue,
  account_id,
  strategy_id,
  case when scope = 'session' then session_id end as session_id,
  case when scope = 'session' and account_id is null then timeframe end as timeframe,
  symbol,
  position_side,
  position_id,
  sum(position_qty) as qty,
  sum(abs(position_qty) * avg_px) / nullif(sum(abs(position_qty)), 0) as avg_px,
  max_by(last_px, entry_ts) as last_px,
  case when count(unrealized_pnl_usd) = count(*) then sum(unrealized_pnl_usd) end as unrealized_pnl_usd,
  min(entry_ts) as opened_ts,
  count(*) as trades,
  bool_or(coalesce(provisional, false)) as provisional
from trade_lifecycle
where status = 'open'
  and not coalesce(entry_unknown, false)
  and (:mode = '' or mode = :mode)
  and (:strategy = '' or strategy_id = :strategy)
group by
  mode, venue, account_id, strategy_id, case when scope = 'session' then session_id end,
  case when scope = 'session' and account_id is null then timeframe end, symbol, position_side, position_id
order by mode, strategy_id, symbol, venue, account_id, session_id
