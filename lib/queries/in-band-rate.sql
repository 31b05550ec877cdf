-- question: What share of the predictions lies inside the no-trade band, per day and timeframe?
-- column date: UTC day
-- column strategy_id: strategy
-- column mode: kind of run
-- column source_log: the bot’s log; where two hold the same predictions they are not added
-- column timeframe: bar length, empty where nothing proves it
-- column n: predictions; below 20 a rate says little
-- column in_band: predictions inside the band
-- column in_band_rate: share inside, 0..1; not coverage: the band is where the bot does not trade
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  date,
  strategy_id,
  mode,
  source_log,
  timeframe,
  count(*) as n,
  sum(case when in_band_flag then 1 else 0 end) as in_band,
  cast(sum(case when in_band_flag then 1 else 0 end) as double) / count(*) as in_band_rate
from calibration
where date between :from and :to and in_band_flag is not null
group by date, strategy_id, mode, source_log, timeframe
order by date, strategy_id, mode, source_log, timeframe
