-- question: For which reasons were orders rejected, and what was the market like?
-- column mode: kind of run
-- column strategy_id: strategy
-- column symbol: instrument
-- column reason: reason code, else the words of the venue or bot
-- column orders: orders rejected for it, or retried after it
-- column rejected: those that ended rejected
-- column orders_in_all: orders of the strategy in the instrument, whatever became of them
-- column share: rejected of all orders, 0 to 1
-- column retries: attempts after the first, summed
-- column with_market: orders whose market at the rejection is known
-- column avg_spread_bps: mean spread then, bps
-- column max_spread_bps: widest spread then, bps
-- column avg_volume_1m: mean volume of the last minute then, base units
-- column message: newest reason in words
-- column last_ts: newest of them, UTC
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with orders as (
  select
    mode, strategy_id, symbol, status, ts, retries, rejection_message,
    case when status = 'rejected' or rejection_reason is not null
      then coalesce(rejection_reason, rejection_message, 'not given') end as reason,
    market_at_rejection.spread_bps as spread_bps,
    market_at_rejection.volume_1m as volume_1m,
    count(*) over (partition by mode, strategy_id, symbol) as orders_in_all
  from order_lifecycle
  where date between :from and :to and status <> 'intended'
)
select
  mode,
  strategy_id,
  symbol,
  reason,
  count(*) as orders,
  sum(case when status = 'rejected' then 1 else 0 end) as rejected,
  max(orders_in_all) as orders_in_all,
  cast(sum(case when status = 'rejected' then 1 else 0 end) as double) / max(orders_in_all) as share,
  sum(coalesce(retries, 0)) as retries,
  count(spread_bps) as with_market,
  avg(spread_bps) as avg_spread_bps,
  max(spread_bps) as max_spread_bps,
  avg(volume_1m) as avg_volume_1m,
  max_by(rejection_message, ts) as message,
  max(ts) as last_ts
from orders
where reason is not null
group by mode, strategy_id, symbol, reason
order by mode, strategy_id, count(*) desc, symbol, reason
