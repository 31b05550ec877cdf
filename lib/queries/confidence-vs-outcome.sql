-- question: Did trades that the model was surer of make more?
-- column entry_ts: first fill, UTC
-- column strategy_id: strategy
-- column mode: kind of run
-- column trade_id: trade
-- column symbol: instrument
-- column direction: long or short
-- column confidence: probability the model gave to the direction of the trade, 0 to 1
-- column predicted_bps: return predicted at the entry, bps
-- column net_pnl_bps: net of the trade in basis points of the opening notional
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
-- param rows: whole = 2000: most trades, newest first
select
  t.entry_ts,
  t.strategy_id,
  t.mode,
  t.trade_id,
  t.symbol,
  t.direction,
  case when t.direction = 'long' then s.p_up else s.p_down end as confidence,
  t.entry_pred_bps as predicted_bps,
  t.net_pnl_bps
from trade_lifecycle as t
join signals as s
  on s.event_id = t.entry_signal_id
  and coalesce(s.strategy_id, '') = coalesce(t.strategy_id, '')
  and coalesce(s.session_id, t.session_id, '') = coalesce(t.session_id, s.session_id, '')
where t.date between :from and :to
  and s.date between :from and :to
  and t.status = 'closed'
  and not coalesce(t.entry_unknown, false)
  and t.net_pnl_bps is not null
  and case when t.direction = 'long' then s.p_up else s.p_down end is not null
order by t.entry_ts desc, t.trade_id
limit :rows
