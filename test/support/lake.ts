import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { CATALOG } from '../../lib/core/catalog/index.ts';
import { dateOf, NO_CLOCK_DATE, objectKey, type Prefix } from '../../lib/core/lake/keys.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import type { Verdict } from '../../lib/core/transform/types.ts';
import { wireLine } from '../../lib/core/transform/wire.ts';
import { SAMPLES } from './samples.ts';

export type LakeEvent = Record<string, unknown>;

/** When the samples are sent in tests: after the newest of them. */
const SENT_MS = Date.UTC(2026, 9, 1);

let made = 0;

/** A real-looking event of a stream, from the catalog's example, with an identity of its own. */
export function exampleEvent(stream: string, over: LakeEvent = {}): LakeEvent {
  const known = CATALOG[stream];
  if (known === undefined) throw new Error(`no stream ${stream}`);
  const ts = typeof over.ts_ms === 'number' ? { ts: isoOf(over.ts_ms) } : {};
  const example: LakeEvent = { ingested_at: '2025-12-03T12:00:00.000000Z', ...known.example };
  return { ...example, event_id: `${stream}-${++made}`, ...ts, ...over };
}

export const isoOf = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

/**
 * Writes the events into the lake of a data folder, one object per stream, version and date; rows that Nightdesk derives
 * under `derived/`, as their stage would. @returns the keys
 */
export function writeLake(dataDir: string, events: readonly LakeEvent[]): string[] {
  return writeLines(
    dataDir,
    events.map((event) => ({
      prefix: isDerived(event) ? ('derived' as const) : ('events' as const),
      stream: String(event.stream),
      version: Number(event.schema_version ?? 1),
      date: typeof event.ts_ms === 'number' ? dateOf(event.ts_ms) : NO_CLOCK_DATE,
      json: JSON.stringify(event),
    })),
  );
}

/** The same for lines as they stand. */
export function writeLines(
  dataDir: string,
  lines: readonly (Pick<Verdict, 'stream' | 'version' | 'date' | 'json'> & { readonly prefix?: Prefix })[],
): string[] {
  const objects = new Map<string, string[]>();
  const unique = String(++made).padStart(6, '0');
  for (const { json, prefix = 'events', ...partition } of lines) {
    const key = objectKey(prefix, partition, { producer: 'test', atMs: Date.UTC(2025, 11, 3, 12), unique });
    const object = objects.get(key) ?? [];
    objects.set(key, object);
    object.push(json);
  }
  for (const [key, object] of objects) writeObject(dataDir, key, gzipSync(`${object.join('\n')}\n`));
  return [...objects.keys()];
}

const isDerived = ({ stream, dialect }: LakeEvent): boolean =>
  dialect === 'derived' || CATALOG[String(stream)]?.origin === 'derived';

export function writeObject(dataDir: string, key: string, body: Uint8Array): string {
  const path = join(dataDir, 'lake', key);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
  return path;
}

/** Sends all lines of the samples through the transform into a lake, as `send` would. @returns how many lines there were */
export function writeSamples(dataDir: string): number {
  const transform = createTransform({}, { sha256 });
  const verdicts: Verdict[] = [];
  for (const path of logsIn(SAMPLES)) {
    const bytes = readFileSync(path);
    const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
    const name = relative(SAMPLES, path);
    const file = `${sha256(name).slice(0, 16)}.0`;
    for (const [index, raw] of text.split('\n').entries()) {
      const wire = wireLine({ source: 'samples', path: name, file, line: index + 1, raw });
      const verdict = raw === '' ? undefined : transform(wire, { recordId: 'r', index: 0, arrivedMs: SENT_MS });
      if (verdict !== undefined) verdicts.push(verdict);
    }
  }
  writeLines(dataDir, verdicts);
  return verdicts.length;
}

function logsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return logsIn(path);
    return /\.jsonl(\.gz)?$/.test(entry.name) ? [path] : [];
  });
}
