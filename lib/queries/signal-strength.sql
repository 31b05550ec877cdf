-- question: How strong are the signals of each source, whatever their direction?
-- column strategy_id: strategy
-- column mode: kind of run
-- column source: source of the signal; model where the bot logs one signal only
-- column bin_from: lower edge of the strength, 0 to 0.9
-- column bin_to: upper edge, not part of the bin; the last bin holds everything from 0.9
-- column signals: signals in the bin
-- column share: of all signals of the source, 0 to 1
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
with strengths as (
  select s.strategy_id, s.mode, k.source, abs(element_at(s.source_signals, k.source)) as strength
  from signals as s
  cross join unnest(map_keys(s.source_signals)) as k (source)
  where s.date between :from and :to
  union all
  select strategy_id, mode, 'model', abs(coalesce(s_model, raw_value))
  from signals
  where date between :from and :to and source_signals is null
),
bins as (
  select strategy_id, mode, source, least(floor(strength * 10), 9) as bin
  from strengths
  where strength is not null
)
select
  strategy_id,
  mode,
  source,
  bin / 10 as bin_from,
  (bin + 1) / 10 as bin_to,
  count(*) as signals,
  cast(count(*) as double) / sum(count(*)) over (partition by strategy_id, mode, source) as share
from bins
group by strategy_id, mode, source, bin
order by strategy_id, mode, source, bin
