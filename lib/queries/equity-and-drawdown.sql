-- question: How did equity and drawdown go, hour by hour?
-- column hour: end of the hour, UTC
-- column strategy_id: strategy
-- column mode: kind of run; figures of two modes are never added
-- column curve: run or account; curves are never merged into one
-- column equity: equity at the end of the hour, account currency
-- column drawdown: fall from the peak so far, deposits and withdrawals taken out, 0 to 1
-- column max_drawdown: largest fall so far, 0 to 1
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  bucket_end_ts as hour,
  strategy_id,
  mode,
  coalesce(session_id, account_id, level) as curve,
  equity_value as equity,
  drawdown_current as drawdown,
  max_drawdown
from snapshot
where date between :from and :to and bucket = '1h' and level <> 'strategy' and equity_value is not null
order by bucket_end_ts, strategy_id, mode, coalesce(session_id, account_id, level)
