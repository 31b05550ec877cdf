-- question: How far were predictions from what the trades made?
-- column strategy_id: strategy
-- column mode: kind of run
-- column bin_from_bps: lower edge of the error, bps; the gross return less the predicted one, below 0 it promised too much
-- column bin_to_bps: upper edge, not part of the bin, bps
-- column trades: closed trades in the bin
-- column share: of the closed trades with a prediction, 0 to 1
-- param from: date = 2000-01-01: first UTC day of the entry
-- param to: date = 9999-12-31: last UTC day of the entry
-- param width: number = 10: width of a bin, bps
with errors as (
  select strategy_id, mode, floor(prediction_error_bps / :width) as bin
  from trade_lifecycle
  where date between :from and :to
    and status = 'closed'
    and not coalesce(entry_unknown, false)
    and prediction_error_bps is not null
)
select
  strategy_id,
  mode,
  bin * :width as bin_from_bps,
  (bin + 1) * :width as bin_to_bps,
  count(*) as trades,
  cast(count(*) as double) / sum(count(*)) over (partition by strategy_id, mode) as share
from errors
group by strategy_id, mode, bin
order by strategy_id, mode, bin
