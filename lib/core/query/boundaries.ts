import { NightdeskError } from '../errors.ts';
import { PREFIXES } from '../lake/keys.ts';
import type { StateStore } from '../ports/index.ts';

/** UTC day up to which a stream is compacted, YYYY-MM-DD, by stream; a stream that is not compacted is not in it. */
export type Boundaries = Readonly<Record<string, string>>;

/** The object that says how far streams are compacted; the views are written from it. */
export const BOUNDARIES_KEY = `${PREFIXES.state}boundaries.json`;

/** @throws DATA_UNREADABLE where the object is damaged: views that forgot a boundary would show compacted days twice, or not at all */
export async function readBoundaries(store: Pick<StateStore, 'get'>): Promise<Boundaries> {
  const object = await store.get(BOUNDARIES_KEY);
  if (object === undefined) return {}; // nothing was ever compacted
  const boundaries = jsonOf(object.body);
  const wrong = wrongIn(boundaries);
  if (wrong === undefined) return (boundaries as { readonly streams: Boundaries }).streams;
  throw new NightdeskError('DATA_UNREADABLE', `${BOUNDARIES_KEY} does not say how far streams are compacted: ${wrong}`);
}

/** By hand: Zod would be half of the function that asks this. */
function wrongIn(value: unknown): string | undefined {
  if (!isObject(value)) return 'it is no JSON object';
  const unknown = Object.keys(value).find((key) => key !== 'version' && key !== 'streams');
  if (unknown !== undefined) return `it has an unknown key ${unknown}`;
  if (value.version !== 1) return `version must be 1, got ${JSON.stringify(value.version)}`;
  if (!isObject(value.streams)) return 'streams must be an object';
  const [stream, date] = Object.entries(value.streams).find(([, day]) => !isDay(day)) ?? [];
  return stream === undefined
    ? undefined
    : `streams.${stream} must be a day, YYYY-MM-DD, got ${String(JSON.stringify(date)).slice(0, 100)}`;
}

const isDay = (value: unknown): boolean => {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(value); // Date takes 2026-02-30 for 2 March
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
