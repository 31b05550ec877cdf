-- question: Which trades were made, at what price and fee?
-- column ts: when it filled, UTC
-- column strategy_id: strategy
-- column session_id: run of the bot
-- column mode: kind of run
-- column symbol: instrument
-- column side: buy or sell, where the fill says it
-- column qty: quantity, base units
-- column price: price
-- column notional_usd: notional, USD; quantity times price where the bot gives none
-- column fee: fee in its own asset; a rebate is negative
-- column fee_asset: asset of the fee
-- column order_id: order, as the bot numbers it
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
-- param session: text = : only this session
-- param symbol: text = : only this instrument
-- param rows: whole = 100: most rows, newest first
select
  ts,
  strategy_id,
  session_id,
  mode,
  symbol,
  side,
  qty,
  price,
  coalesce(notional_usd, qty * price) as notional_usd,
  coalesce(fee, fee_usd) as fee,
  case when fee is null and fee_usd is not null then 'USD' else fee_asset end as fee_asset,
  order_id
from execution
where date between :from and :to
  and qty is not null
  and coalesce(result, 'filled') not in ('placed', 'rejected', 'skipped', 'cancelled')
  and (:session = '' or session_id = :session)
  and (:symbol = '' or symbol = :symbol)
order by ts desc, seq desc
limit :rows
