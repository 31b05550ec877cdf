-- question: What did each trade make, what did it cost, and why was it left?
-- column trade_id: trade
-- column mode: kind of run; figures of two modes are never added
-- column strategy_id: strategy
-- column session_id: run of the bot that opened it
-- column symbol: instrument
-- column direction: long or short
-- column status: open, closed, or abandoned by a run that ended
-- column entry_ts: first fill, UTC
-- column entry_px: average price of the opening fills
-- column entry_qty: quantity opened, base units
-- column exit_ts: last fill, UTC; empty while open
-- column exit_px: average price of the closing fills
-- column position_qty: quantity still open, base units; short is negative
-- column gross_pnl_usd: price times quantity of what was closed, USD
-- column fees_usd: fees, USD; a rebate is negative
-- column charged_costs_usd: costs beside fees that the account was charged, USD
-- column funding_usd: funding, USD; received is positive
-- column net_pnl_usd: gross less fees and charged costs, plus funding, USD; empty where a part is not known
-- column net_pnl_bps: the same in basis points of the opening notional
-- column exit_reason: why it was left
-- column exit_reason_source: given by the bot, or inferred
-- column entry_unknown: true where nothing is known of the opening; in no total
-- column provisional: true while late fills may still change it
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
-- param strategy: text = : only this strategy
-- param symbol: text = : only this instrument
-- param status: text = : only this status
-- param rows: whole = 100: most rows, newest first
select
  trade_id,
  mode,
  strategy_id,
  session_id,
  symbol,
  direction,
  status,
  entry_ts,
  entry_px,
  entry_qty,
  exit_ts,
  exit_px,
  position_qty,
  gross_pnl_usd,
  fees_usd,
  charged_costs_usd,
  funding_usd,
  net_pnl_usd,
  net_pnl_bps,
  exit_reason,
  exit_reason_source,
  coalesce(entry_unknown, false) as entry_unknown,
  coalesce(provisional, false) as provisional
from trade_lifecycle
where date between :from and :to
  and (:strategy = '' or strategy_id = :strategy)
  and (:symbol = '' or symbol = :symbol)
  and (:status = '' or status = :status)
order by entry_ts desc, trade_id
limit :rows
