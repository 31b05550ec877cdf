import { type Bill, billOf } from '../../../lib/core/cost/bill.ts';
import { limitsOf } from '../../../lib/core/cost/limits.ts';
import { metricsPerStrategy, STRATEGY_METRICS } from '../../../lib/core/cost/metrics.ts';
import type { Price } from '../../../lib/core/cost/price.ts';
import { PRICES } from '../../../lib/core/cost/prices.ts';
import { type Workload, workloadOf } from '../../../lib/core/cost/workload.ts';

// Tables of docs/cost.md, made from the model.

const usd = (value: number): string =>
  value >= 1000
    ? `$${Math.round(value).toLocaleString('en-US')}`
    : `$${value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const bill = (given: Partial<Workload>): Bill => billOf(workloadOf(given));

/** A bot that says about 2,000,000 events a day at most; beyond, there are more of them. */
const strategiesFor = (eventsPerDay: number): number => Math.max(1, Math.round(eventsPerDay / 2e6));

const THRIFTY = { flushMs: 10_000, bufferMs: 300_000, publish: false, metricStrategies: 0, tracing: false } as const;

/** 10³ to 10⁹ events a day. */
export function volumesTable(): string {
  const rows = [3, 4, 5, 6, 7, 8, 9].map((power) => {
    const eventsPerDay = 10 ** power;
    const load = { eventsPerDay, strategies: strategiesFor(eventsPerDay) };
    const packed = bill(load);
    return [
      eventsPerDay.toLocaleString('en-US'),
      String(load.strategies),
      usd(bill({ ...load, linesPerRecord: 1 }).totalUsd),
      usd(packed.totalUsd),
      usd(bill({ ...load, ...THRIFTY }).totalUsd),
      usd(packed.usdPerMillionEvents ?? 0),
      packed.items
        .slice(0, 2)
        .map(({ service, item, share }) => `${service} ${item} ${Math.round(share * 100)} %`)
        .join(', '),
    ];
  });
  return table(
    ['events a day', 'bots', 'single', 'packed', 'thrifty', 'packed, a million events', 'dearest lines, packed'],
    rows,
  );
}

const S2_ROWS = [
  { signals: 'one a minute', said: 250_000, seconds: 60 },
  { signals: 'one in five seconds', said: 1_000_000, seconds: 5 },
  { signals: 'one a second', said: 5_000_000, seconds: 1 },
] as const;

/** Three events a signal: what the table of a bot’s own documentation says, and what it comes to. */
export function signalsTable(): string {
  const rows = S2_ROWS.map(({ signals, said, seconds }) => {
    const eventsPerDay = (86_400 / seconds) * 3;
    return [
      signals,
      said.toLocaleString('en-US'),
      eventsPerDay.toLocaleString('en-US'),
      `${Math.round(said / eventsPerDay)} ×`,
      usd(bill({ eventsPerDay, linesPerRecord: 1 }).totalUsd),
      usd(bill({ eventsPerDay }).totalUsd),
      usd(bill({ eventsPerDay, ...THRIFTY }).totalUsd),
    ];
  });
  const stress = { eventsPerDay: 5e6 };
  rows.push([
    'the figure itself, as a stress',
    '5,000,000',
    '5,000,000',
    '1 ×',
    usd(bill({ ...stress, linesPerRecord: 1 }).totalUsd),
    usd(bill(stress).totalUsd),
    usd(bill({ ...stress, ...THRIFTY }).totalUsd),
  ]);
  return table(['signals', 'said, a day', 'is, a day', 'too much by', 'single', 'packed', 'thrifty'], rows);
}

/** What dimensions do to metrics. */
export function metricsTable(): string {
  const cases: readonly (readonly [string, Partial<Workload>])[] = [
    ['1 strategy', {}],
    ['3 strategies', { strategies: 3 }],
    ['3 strategies, `symbol` with 5 values', { strategies: 3, dimensions: { symbol: 5 } }],
    ['3 strategies, `symbol` 5, `source` 3 on every metric', { strategies: 3, dimensions: { symbol: 5, source: 3 } }],
    ['100 strategies', { strategies: 100 }],
    ['100 strategies, `symbol` with 5 values', { strategies: 100, dimensions: { symbol: 5 } }],
  ];
  const rows = cases.map(([name, given]) => {
    const line = bill({ eventsPerDay: 1e6, ...given }).items.find(({ price }) => price === 'metrics');
    return [
      name,
      String(metricsPerStrategy(given.dimensions ?? {})),
      (line?.quantity ?? 0).toLocaleString('en-US'),
      usd(line?.usd ?? 0),
    ];
  });
  return table(['published', 'metrics a strategy', 'metrics', 'a month'], rows);
}

export const metricNames = (): string =>
  STRATEGY_METRICS.map(({ name, dimensions }) => {
    const own = Object.entries(dimensions).map(([dimension, values]) => ` (by ${dimension}: ${values})`);
    return `\`${name}\`${own.join('')}`;
  }).join(', ');

/** Where a stack runs into a bound, by volume. */
export function limitsTable(): string {
  const rows = [1e6, 1e7, 1e8, 1e9].flatMap((eventsPerDay) => {
    const workload = workloadOf({ eventsPerDay, strategies: strategiesFor(eventsPerDay) });
    return limitsOf(workload, billOf(workload).usage).map(({ limit, unit, used, allowed, ok }) => ({
      limit,
      text: `${digits(used)}${ok ? '' : ' **beyond**'}`,
      allowed: `${digits(allowed)} ${unit}`,
    }));
  });
  const names = [...new Set(rows.map(({ limit }) => limit))];
  return table(
    ['on average over the month', 'allowed', '10⁶', '10⁷', '10⁸', '10⁹ a day'],
    names.map((name) => {
      const of = rows.filter(({ limit }) => limit === name);
      return [name, of[0]?.allowed ?? '', ...of.map(({ text }) => text)];
    }),
  );
}

const digits = (value: number): string =>
  value >= 100
    ? Math.round(value).toLocaleString('en-US')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 2 });

/** Every price, with where it was read. */
export function pricesTable(): string {
  const rows = Object.values(PRICES).map((price: Price) => [
    `[${price.service}](${price.page}): ${price.item}`,
    amounts(price),
    price.free === 0 ? '' : price.free.toLocaleString('en-US'),
    [price.verified, ...price.seen.map((url, i) => `[${i + 1}](${url})`)].join(' '),
    price.note,
  ]);
  return table(['what', 'USD', 'free a month', 'checked', 'note'], rows).replace(
    '| --- | ---: | ---: | ---: | ---: |',
    '| --- | --- | ---: | --- | --- |',
  );
}

function amounts({ tiers, per, unit }: Price): string {
  const of = per === 1 ? `per ${unit}` : `per ${per.toLocaleString('en-US')} ${unit}s`;
  return `${tiers
    .map(({ usd: price, upTo }) => `${decimal(price)}${upTo === null ? '' : ` up to ${upTo.toLocaleString('en-US')}`}`)
    .join(', then ')} ${of}`;
}

const decimal = (value: number): string => value.toFixed(10).replace(/\.?0+$/, '');
