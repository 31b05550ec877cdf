-- question: In which market regimes was each bot, hour by hour?
-- column hour: start of the hour, UTC
-- column strategy_id: strategy
-- column mode: kind of run
-- column regime: regime, else the class of volatility and volume, else of volatility, as the bot names it
-- column records: feature records in it
-- column share: of the hour’s records with a regime, 0 to 1
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with regimes as (
  select
    substr(ts, 1, 13) || ':00:00Z' as hour, strategy_id, mode,
    coalesce(regime, regime_bucket, volatility_regime) as regime
  from feature_log
  where date between :from and :to and ts is not null
)
select
  hour,
  strategy_id,
  mode,
  regime,
  count(*) as records,
  cast(count(*) as double) / sum(count(*)) over (partition by hour, strategy_id, mode) as share
from regimes
where regime is not null
group by hour, strategy_id, mode, regime
order by hour, strategy_id, mode, regime
