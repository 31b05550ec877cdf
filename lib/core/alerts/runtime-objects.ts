import { parseKey } from '../lake/keys.ts';
import { type LakeRecord, type LakeTools, readObject } from '../lake/read.ts';
import { isHistory, lakeMs, observationOfRecord } from './observe.ts';
import { WHOLE } from './state.ts';
import type { AlertSettings, Observation } from './types.ts';

// What objects of the lake say to the alerts.

export interface ObjectsOptions {
  readonly settings: Pick<AlertSettings, 'maxAge'>;
  readonly nowMs: number;
  readonly onFailed: (key: string, error: unknown) => void;
}

export interface ObservedObject {
  readonly key: string;
  readonly observations: readonly Observation[];
}

const AT_ONCE = 4;

/** What objects hold; what is no object of a stream, or is gone, holds nothing. */
export async function observedObjects(
  tools: LakeTools,
  keys: readonly string[],
  options: ObjectsOptions,
): Promise<readonly ObservedObject[]> {
  const objects: ObservedObject[] = [];
  const own = [...new Set(keys)].filter((key) => parseKey(key) !== undefined);
  for (let at = 0; at < own.length; at += AT_ONCE) {
    const slice = own.slice(at, at + AT_ONCE).map(async (key) => {
      try {
        return { key, observations: observationsOf(key, (await readObject(tools, key)) ?? [], options) };
      } catch (error) {
        options.onFailed(key, error);
        return { key, observations: [] };
      }
    });
    objects.push(...(await Promise.all(slice)));
  }
  return objects;
}

function observationsOf(key: string, records: readonly LakeRecord[], options: ObjectsOptions): Observation[] {
  const { prefix, stream } = parseKey(key) ?? {};
  if (stream === 'alert') return []; // our own
  const observations = records.flatMap((record) => observationOfRecord(record) ?? []);
  if (prefix !== 'events' && prefix !== 'late') return observations;
  const counts = pipelineOf(key, records, { ...options, observations, isQuarantine: stream === 'quarantine' });
  return counts === undefined ? observations : [...observations, counts];
}

/** Counts of one object. Its identity is the object's, so that it counts once; history counts for nothing. */
function pipelineOf(
  key: string,
  records: readonly LakeRecord[],
  about: ObjectsOptions & { readonly observations: readonly Observation[]; readonly isQuarantine: boolean },
): Observation | undefined {
  const { observations, isQuarantine, settings, nowMs } = about;
  const history = observations.filter((one) => isHistory(one, settings.maxAge)).length;
  const events = records.length - (isQuarantine ? 0 : history);
  if (events === 0) return undefined;
  const arrivals = records.map(({ ingested_at }) => lakeMs(ingested_at));
  const arrivedMs = arrivals.reduce((last, ms) => (ms > last ? ms : last), Number.NEGATIVE_INFINITY);
  const atMs = Number.isFinite(arrivedMs) ? arrivedMs : nowMs;
  return {
    ...WHOLE,
    stream: 'pipeline',
    sessionId: null,
    symbol: null,
    eventId: key,
    tsMs: atMs,
    arrivedMs: atMs,
    fields: { events, quarantined: isQuarantine ? events : 0 },
  };
}
