import { expect, test } from 'vitest';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { FACT_COLUMNS, type Quarantined, redrivenLine, rerun } from '../../../lib/core/query/rerun.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import type { TransformConfig, Verdict } from '../../../lib/core/transform/types.ts';
import { wireLine } from '../../../lib/core/transform/wire.ts';
import { position, verdictOf } from '../../support/transform.ts';

const GOOD = {
  run_id: 'r1',
  asset: 'BTCUSDT',
  event_id: '1763709300000:BTCUSDT:ensemble:132674e7',
  pred_stack_bps: 742.9,
  ts_ist: '2025-11-21T12:46:14.404638+05:30',
  schema_v: '1',
  bar_id: 1,
};
/** Refuses what is older than an hour, as a door with a limit does. */
const STRICT: Partial<TransformConfig> = { maxEventAgeMs: 3_600_000 };
const transform = createTransform({}, { sha256 });

function quarantined({ json }: Verdict): Quarantined {
  const row = JSON.parse(json);
  const facts = Object.fromEntries(
    FACT_COLUMNS.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]])),
  );
  return { source: null, source_path: null, target: null, ...row, facts };
}

/** What of an event does not depend on which run stored it. */
const stored = (line: string, at = {}): unknown => JSON.parse(verdictOf(line, {}, at).json);

test('a line of a file is stored as it would have been at first: same identity, position, facts and time of arrival', () => {
  const line = wireLine({
    source: 'src',
    path: 'logs/5m/ensemble_log/a.jsonl',
    file: 'f00d.2',
    line: 17,
    set: { strategy_id: 's1', mode: 'paper' },
    raw: JSON.stringify(GOOD),
  });
  const held = verdictOf(line, STRICT);
  expect(held.outcome).toBe('quarantined');

  const [verdict] = rerun(quarantined(held), transform);

  expect(verdict?.outcome).toBe('stored');
  expect(JSON.parse(verdict?.json ?? '')).toEqual(stored(line));
});

test.each([0, 3])('a line of a record is stored under the identity of its place: index %i', (index) => {
  const held = verdictOf(JSON.stringify(GOOD), STRICT, { recordId: 'rec-9', index });

  const [verdict] = rerun(quarantined(held), transform);

  expect(JSON.parse(verdict?.json ?? '')).toEqual(stored(JSON.stringify(GOOD), { recordId: 'rec-9', index }));
});

test('the lines of a record that was held whole are stored one by one', () => {
  const lines = [GOOD, { ...GOOD, ts_ist: '2025-11-22T12:46:14.404638+05:30' }].map((record) => JSON.stringify(record));
  const held: Quarantined = {
    ...quarantined(verdictOf('not json', {}, { recordId: 'rec-9', index: 0 })),
    reason: 'deaggregation_limit',
    raw: lines.join('\n'),
  };

  const verdicts = rerun(held, transform);

  expect(verdicts.map(({ outcome, date }) => [outcome, date])).toEqual([
    ['stored', '2025-11-21'],
    ['stored', '2025-11-22'],
  ]);
  expect(verdicts.map(({ json }) => JSON.parse(json).event_id)).toEqual(['rec-9', 'rec-9-1']);
});

test('what is still no event stays refused', () => {
  const held = verdictOf('{"a":', {}, position());

  expect(rerun(quarantined(held), transform)).toMatchObject([{ outcome: 'quarantined', reason: 'invalid_json' }]);
});

test('text that is not what the bot wrote, or that a map must read, is not run again', () => {
  for (const reason of ['invalid_utf8', 'map_failed']) {
    const held = { ...quarantined(verdictOf(JSON.stringify(GOOD), STRICT)), reason };
    expect(rerun(held, transform)).toEqual([]);
  }
});

test('the line that takes an event out of quarantine carries its identity and no secret of its text', () => {
  const line = wireLine({
    source: 'src',
    path: 'a.jsonl',
    file: 'f00d.0',
    line: 1,
    set: { strategy_id: 's1' },
    raw: 'nonsense',
  });
  const held = quarantined(verdictOf(line));

  const note = JSON.parse(redrivenLine(held, ['signals', 'signals', 'market']));

  expect(note).toMatchObject({
    event_id: 'f00d.0-1',
    stream: 'quarantine',
    strategy_id: 's1',
    reason: 'redriven',
    target: 'signals',
    detail: 'stored in signals, market',
    ingested_at: held.ingested_at,
  });
  expect(note.raw).toBeUndefined();
});
