import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import type { Position, TransformConfig, Verdict } from '../../lib/core/transform/types.ts';
import { type WireLine, wireLine } from '../../lib/core/transform/wire.ts';

/** A fixed now: 2025-12-03, after the events the fixtures are made of. */
export const NOW_MS = Date.UTC(2025, 11, 3, 12);

export const position = (over: Partial<Position> = {}): Position => ({
  recordId: 'rec-1',
  index: 0,
  arrivedMs: NOW_MS,
  ...over,
});

/** One line through a transform with the given settings. */
export function verdictOf(line: string, config: Partial<TransformConfig> = {}, at: Partial<Position> = {}): Verdict {
  const verdict = createTransform(config, { sha256 })(line, position(at));
  if (verdict === undefined) throw new Error(`no verdict for ${line.slice(0, 200)}`);
  return verdict;
}

/** The event as stored, of a record given as an object. */
export const eventOf = (record: unknown, config: Partial<TransformConfig> = {}): Record<string, unknown> =>
  JSON.parse(verdictOf(JSON.stringify(record), config).json);

/** The event as stored, of a line sent from a file. */
export const eventOfLine = (raw: string, wire: Partial<WireLine> = {}): Record<string, unknown> =>
  JSON.parse(verdictOf(wireLine({ source: 'src', path: 'bot.jsonl', file: 'f00d.0', line: 1, raw, ...wire })).json);
