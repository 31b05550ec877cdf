import type { Log, StateStore } from '../ports/index.ts';

/** Where the right to dispatch lies. */
export const LEASE_KEY = 'state/alerts-dispatch.json';

/** Before when a channel takes nothing, and how often in a row it did not answer well. */
export interface Pause {
  readonly readyMs: number;
  readonly failures: number;
}

export type Pauses = Readonly<Record<string, Pause>>;

export interface LeaseRequest {
  readonly store: StateStore;
  /** Tells holders apart: random, new for each process. */
  readonly owner: string;
  readonly nowMs: number;
  readonly untilMs: number;
  readonly log: Log;
}

/** The right to dispatch, until it ends by itself, and what its holders told each other about the channels. */
export interface Lease {
  readonly pauses: Pauses;
  /** Writes what the channels asked for. @returns whether the lease is still held */
  keep(pauses: Pauses): Promise<boolean>;
  /** Gives it back, if it is still held. */
  release(pauses: Pauses): Promise<void>;
}

interface Held {
  readonly format: 1;
  readonly owner: string | null;
  readonly untilMs: number;
  readonly channels: Pauses;
}

/** Takes the lease by compare-and-swap. @returns it, or until when another holds it */
export async function takeLease(request: LeaseRequest): Promise<Lease | { readonly heldUntilMs: number }> {
  const { store, owner, nowMs, untilMs, log } = request;
  const found = await store.get(LEASE_KEY);
  const held = found === undefined ? undefined : decode(found.body);
  if (found !== undefined && held === undefined)
    log.warn('the lease of alert messages was unreadable and is taken anew');
  if (held !== undefined && held.owner !== null && held.owner !== owner && held.untilMs > nowMs)
    return { heldUntilMs: held.untilMs };
  const pauses = held?.channels ?? {};
  let version = await store.put(LEASE_KEY, encode({ owner, untilMs, channels: pauses }), found?.version);
  if (version === undefined) return { heldUntilMs: untilMs }; // another was first, for about as long
  const write = async (next: Pick<Held, 'owner' | 'untilMs' | 'channels'>): Promise<boolean> => {
    if (version === undefined) return false;
    version = await store.put(LEASE_KEY, encode(next), version);
    return version !== undefined;
  };
  return {
    pauses,
    keep: (channels) => write({ owner, untilMs, channels }),
    async release(channels) {
      await write({ owner: null, untilMs: 0, channels });
    },
  };
}

const encode = (held: Pick<Held, 'owner' | 'untilMs' | 'channels'>): Uint8Array =>
  new TextEncoder().encode(JSON.stringify({ format: 1, ...held }));

function decode(body: Uint8Array): Held | undefined {
  try {
    const held: unknown = JSON.parse(new TextDecoder().decode(body));
    return isHeld(held) ? held : undefined;
  } catch {
    return undefined;
  }
}

function isHeld(held: unknown): held is Held {
  if (typeof held !== 'object' || held === null) return false;
  const { format, owner, untilMs, channels } = held as Partial<Held>;
  return (
    format === 1 &&
    (owner === null || typeof owner === 'string') &&
    typeof untilMs === 'number' &&
    typeof channels === 'object' &&
    channels !== null &&
    Object.values(channels).every((pause) => typeof pause?.readyMs === 'number' && typeof pause.failures === 'number')
  );
}
