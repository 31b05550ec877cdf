-- question: Which orders were rejected, when and why?
-- column ts: when, UTC
-- column strategy_id: strategy
-- column session_id: run of the bot
-- column mode: kind of run
-- column symbol: instrument
-- column order_id: order, as the bot numbers it
-- column reason: reason code, else the bot’s own words
-- column message: reason in words
-- column attempt: which attempt it was, from 0
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
-- param rows: whole = 100: most rows, newest first
select ts, strategy_id, session_id, mode, symbol, order_id, reason, message, attempt
from (
  select
    ts, strategy_id, session_id, mode, symbol, order_id,
    coalesce(rejection_reason, reason) as reason,
    rejection_message as message,
    retry_attempt as attempt
  from "order"
  where date between :from and :to and (status = 'rejected' or rejection_reason is not null)
  union all
  select ts, strategy_id, session_id, mode, symbol, order_id, rejection_reason, rejection_message, retry_attempt
  from execution
  where date between :from and :to and (result = 'rejected' or rejection_reason is not null)
) as rejected
order by ts desc, order_id
limit :rows
