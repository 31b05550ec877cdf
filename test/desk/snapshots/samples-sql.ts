/**
 * The figures of the snapshots of the samples by plain SQL over what bots sent and over trades, orders and runs, for one
 * length of bucket. Written for what the samples hold: runs that never last over midnight, no deposits, no health of a
 * named run. `bucket` is '1h' or '24h'.
 */
export function recomputedSql(bucket: '1h' | '24h'): string {
  const width = bucket === '1h' ? 3_600_000 : 86_400_000;
  const start = (ms: string): string => `(${ms} // ${width}) * ${width}`;
  const ms = (ts: string): string => `epoch_us(cast(${ts} as timestamptz)) // 1000`;
  return `
with runs as (
  select mode, strategy_id, session_id, ended_ts, ${ms('ended_ts')} as ended_ms, epoch_us(cast(ended_ts as timestamptz)) as ended_us from session where entry = 'run'
),
trades as (
  select t.mode, t.strategy_id, t.session_id, t.ts_ms as entry_ms, epoch_us(cast(t.ts as timestamptz)) as entry_us, t.status, t.fills, t.symbol, t.position_qty,
    t.net_pnl_usd, t.gross_pnl_usd, t.exit_reason, ${ms('t.exit_ts')} as exit_ms,
    coalesce(${ms('t.exit_ts')}, case when t.status = 'abandoned' then r.ended_ms end, 9000000000000000) as close_ms,
    coalesce(epoch_us(cast(t.exit_ts as timestamptz)), case when t.status = 'abandoned' then r.ended_us end, 9000000000000000000) as close_us
  from trade_lifecycle as t left join runs as r on t.mode is not distinct from r.mode
    and t.strategy_id is not distinct from r.strategy_id and t.session_id = r.session_id
  where not coalesce(t.entry_unknown, false)
),
fills as (
  select mode, strategy_id, session_id, symbol, ${ms('f.ts')} as ms, f.qty * f.price as notional, f.price,
    f.fee_usd, coalesce(f.gross_usd, 0) - f.fee_usd - coalesce(f.impact_usd, 0) as realized,
    case f.side when 'buy' then f.qty else -f.qty end as signed
  from (select *, unnest(fills) as f from trades)
),
orders as (select *, case when status = 'rejected' then ${ms('coalesce(ended_ts, ts)')} end as rejected_ms from order_lifecycle where ts is not null),
-- What happened, and of which run.
happened as (
  ${['equity_curve', 'health', 'cash_flow', 'error', 'risk', 'gate', 'order_intent', 'signals']
    .map((stream) => `select mode, strategy_id, session_id, ts_ms as ms from ${stream} where ts_ms is not null`)
    .join(' union all ')}
  union all select mode, strategy_id, session_id, ms from fills
  union all select mode, strategy_id, session_id, exit_ms from trades where exit_ms is not null
  union all select mode, strategy_id, session_id, ts_ms from orders
  union all select mode, strategy_id, session_id, rejected_ms from orders where rejected_ms is not null
),
living as (select distinct mode, strategy_id, session_id, ${start('ms')} as bucket_ms from happened),
present as (
  select * from living
  union select mode, strategy_id, session_id, ${start('close_ms')} from trades where close_ms < 9000000000000000
),
-- A strategy's row sums all; a run's row is of one run, of none where none is named.
named as (select *, bool_or(session_id is not null) over (partition by mode, strategy_id, bucket_ms) as any_named from present),
keys as (
  select distinct mode, strategy_id, bucket_ms, 'run' as level, session_id, true as own from named where session_id is not null or not any_named
  union all select distinct mode, strategy_id, bucket_ms, 'strategy', null, false from present
),
counted as (
  select k.*, bucket_ms + ${width} as end_ms,
    (select count(distinct l.session_id) from living as l where l.mode is not distinct from k.mode and l.strategy_id is not distinct from k.strategy_id
      and l.bucket_ms = k.bucket_ms and (not own or l.session_id is not distinct from k.session_id)) as runs,
    (select min(l.session_id) from living as l where l.mode is not distinct from k.mode and l.strategy_id is not distinct from k.strategy_id
      and l.bucket_ms = k.bucket_ms) as first_run
  from keys as k
),
-- Whose curve a row shows: the run's own, or that of the only run that lives.
rows as (
  select *, runs = 1 or (runs = 0 and exists (select 1 from living as l where l.mode is not distinct from counted.mode
    and l.strategy_id is not distinct from counted.strategy_id and l.bucket_ms = counted.bucket_ms)) as alone, case when own then session_id when runs = 1 then first_run end as curve_run from counted
),
points as (
  select mode, strategy_id, session_id, ts, ts_ms, seq, equity, pnl_total_usd,
    first_value(equity - pnl_total_usd) over w as began,
    greatest(max(equity) over w, first_value(equity - pnl_total_usd) over w) as peak
  from equity_curve where equity is not null and ts is not null and session_id is not null
  window w as (partition by mode, strategy_id, session_id order by ts, seq rows unbounded preceding)
),
falls as (
  select *, (peak - equity) / peak as fall, max((peak - equity) / peak) over (partition by mode, strategy_id, session_id order by ts, seq rows unbounded preceding) as max_fall
  from points
),
closes as (
  select * from (select *, ${start('ts_ms')} as bucket_ms, row_number() over (partition by mode, strategy_id, session_id, ${start('ts_ms')} order by ts desc, seq desc) as n from falls) where n = 1
),
curves as (
  select c.*, (c.equity / b.equity - 1) * 100 as return_pct from closes as c left join closes as b
    on c.mode is not distinct from b.mode and c.strategy_id is not distinct from b.strategy_id and c.session_id = b.session_id
    and b.bucket_ms = c.bucket_ms - ${width}
)
select r.mode, r.strategy_id, r.level, r.session_id, r.bucket_ms, nullif(r.runs, 0) as runs,
  c.ts as equity_ts, c.equity as equity_value, c.fall as drawdown_current, c.peak as peak_equity, c.max_fall as max_drawdown,
  c.equity - c.began as daily_pnl, c.return_pct,
  ${ofRow('trades', 'count(*)', `exit_ms >= r.bucket_ms and exit_ms < r.end_ms`)} as trade_count,
  case when r.own or r.alone then ${ofRow('trades', 'avg(case when net_pnl_usd > 0 then 1.0 else 0.0 end)', `exit_ms >= r.bucket_ms and exit_ms < r.end_ms and s.session_id is not distinct from r.curve_run`)} end as win_rate,
  ${ofRow('trades', 'coalesce(sum(net_pnl_usd), 0)', `exit_ms >= r.bucket_ms and exit_ms < r.end_ms`)} as realized_pnl_usd,
  ${ofRow('trades', 'coalesce(sum(gross_pnl_usd), 0)', `exit_ms >= r.bucket_ms and exit_ms < r.end_ms`)} as gross_pnl_usd,
  ${ofRow('trades', 'count(*)', `exit_ms is null and close_ms >= r.bucket_ms and close_ms < r.end_ms`)} as abandoned_trades,
  ${ofRow('trades', 'count(*)', `entry_ms < r.end_ms and close_ms >= r.end_ms`)} as open_trades,
  -- Positions in several symbols at once count once.
  case when r.own or r.alone then (select coalesce(sum(greatest(0, upto - greatest(since, coalesce(before, 0)))), 0) / ${width}000.0 from (
    select since, upto, max(upto) over (order by since, upto rows between unbounded preceding and 1 preceding) as before from (
      select greatest(entry_us, r.bucket_ms * 1000) as since, least(close_us, r.end_ms * 1000) as upto from trades as s
      where ${mine('s')} and s.session_id is not distinct from r.curve_run and entry_ms < r.end_ms and close_us > r.bucket_ms * 1000
    ))) end as time_in_market,
  ${ofRow('fills', 'coalesce(sum(notional), 0)', inBucket('ms'))} as turnover,
  ${ofRow('fills', 'coalesce(sum(fee_usd), 0)', inBucket('ms'))} as fees_usd,
  ${ofRow('fills', 'count(*)', inBucket('ms'))} as fill_count,
  ${ofRow('fills', 'coalesce(sum(realized), 0)', `ms >= ((r.end_ms - 1) // 86400000) * 86400000 and ms < r.end_ms`)} as daily_realized_pnl,
  ${ofRow('cash_flow', "coalesce(sum(amount_usd) filter (where kind = 'funding'), 0)", inBucket('ts_ms'))} as funding_usd,
  ${ofRow('cash_flow', "coalesce(sum(amount_usd) filter (where kind in ('deposit', 'withdrawal')), 0)", inBucket('ts_ms'))} as flows,
  ${ofRow('error', 'count(*)', inBucket('ts_ms'))} as error_counts,
  ${ofRow('risk', 'count(*)', `${inBucket('ts_ms')} and (adv_cap_hit or killstate_active or hard_risk_reduction.triggered or safety_exit.triggered or list_contains(list_transform(guards, g -> g.passed), false))`)} as risk_breaches,
  ${ofRow('orders', 'count(*)', `${inBucket('ts_ms')} and status <> 'intended'`)} as orders,
  ${ofRow('orders', 'count(*)', inBucket('rejected_ms'))} as rejections,
  case when (select count(*) from order_intent as i where i.mode is not distinct from r.mode and i.strategy_id is not distinct from r.strategy_id and ${inBucket('i.ts_ms')}) > 0
    then ${ofRow('order_intent', 'count(*)', inBucket('ts_ms'))} else ${ofRow('signals', 'count(*)', inBucket('ts_ms'))} end as decisions,
  -- Every open position at the newest price that its curve saw: its own fills', or those of others in hours that were closed since.
  (select coalesce(sum(held), 0) from (
    select abs(sum(f.signed)) * max(coalesce(p.price, f.last_price)) as held from (
      select *, last_value(price) over w as last_price, last_value(ms) over w as last_ms from fills
      where fills.mode is not distinct from r.mode and fills.strategy_id is not distinct from r.strategy_id and (not r.own or fills.session_id is not distinct from r.session_id) and ms < r.end_ms
      window w as (partition by session_id, symbol order by ms rows between unbounded preceding and unbounded following)
    ) as f left join lateral (
      select max_by(o.price, o.ms) as price from fills as o
      where o.mode is not distinct from r.mode and o.strategy_id is not distinct from r.strategy_id and o.symbol is not distinct from f.symbol
        and o.ms >= f.last_ms and o.ms < r.end_ms
        and exists (select 1 from fills as later where later.mode is not distinct from r.mode and later.strategy_id is not distinct from r.strategy_id and later.ms // 3600000 > o.ms // 3600000)
        and (select min(h.ms) from fills as h where h.mode is not distinct from r.mode and h.strategy_id is not distinct from r.strategy_id and h.ms // 3600000 = o.ms // 3600000) <= f.last_ms + 86400000
    ) as p on true
    where exists (select 1 from trades as t where t.mode is not distinct from r.mode and t.strategy_id is not distinct from r.strategy_id
      and t.session_id is not distinct from f.session_id and t.entry_ms < r.end_ms and t.close_ms >= r.end_ms)
    group by f.session_id, f.symbol
  )) as exposure_usd,
  (select coalesce(json_group_object(gate, n), '{}') from (select g.name as gate, count(*) as n from (
      select unnest(guards) as g from order_intent as s where ${mine('s')} and ${inBucket('s.ts_ms')}
      union all select {name: s.name, passed: s.passed, value: null, "limit": null, reason: null} from gate as s where ${mine('s')} and ${inBucket('s.ts_ms')})
    where g.passed = false group by g.name)) as gate_blocks,
  ${ofRow("(select mode, strategy_id, session_id, coalesce(rejection_reason, 'unknown') as name, count(*) as n, rejected_ms from orders group by all)", "coalesce(json_group_object(name, n), '{}')", inBucket('rejected_ms'))} as rejection_reasons,
  ${ofRow("(select mode, strategy_id, session_id, coalesce(exit_reason, 'unknown') as name, count(*) as n, exit_ms from trades group by all)", "coalesce(json_group_object(name, n), '{}')", inBucket('exit_ms'))} as exit_reasons
from rows as r left join curves as c on c.mode is not distinct from r.mode and c.strategy_id is not distinct from r.strategy_id
  and c.session_id = r.curve_run and c.bucket_ms = r.bucket_ms
order by r.bucket_ms, r.mode, r.level, r.session_id`;
}

const mine = (of: string): string =>
  `${of}.mode is not distinct from r.mode and ${of}.strategy_id is not distinct from r.strategy_id and (not r.own or ${of}.session_id is not distinct from r.session_id)`;
const inBucket = (ms: string): string => `${ms} >= r.bucket_ms and ${ms} < r.end_ms`;
const ofRow = (from: string, what: string, where: string): string =>
  `(select ${what} from ${from} as s where ${mine('s')} and ${where})`;
