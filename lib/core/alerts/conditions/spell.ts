import type { ConditionContext, ConditionKind, Evidence, Observation, Reading, SpellCondition } from '../types.ts';
import { increaseOf } from './count.ts';
import { evidenceOf } from './evidence.ts';
import { durationText, fine, firing, isFresh, noData, seconds, stale, staleDueMs } from './readings.ts';
import { isNewer, type Paced, pacedBy, withNewest } from './series.ts';

// A spell without a connection: the websocket is silent, it reconnects in sample after sample, or the bot says that the venue
// is not connected. One reconnect that worked is no spell.

const SOURCES: ReadonlySet<string> = new Set(['health', 'system']);
const COLUMNS = ['ws_staleness_ms', 'ws_reconnects', 'exchange_connected'] as const;

interface Connection extends Paced {
  readonly session: string | null;
  readonly reconnects?: number;
  /** Since when it has been without a connection; null where it has one. */
  readonly sinceMs: number | null;
  /** The bot said that the venue is not connected: that holds until it says otherwise. */
  readonly lasting: boolean;
  readonly ended: boolean;
  readonly evidence: Evidence;
}

export interface SpellState {
  readonly connections: readonly Connection[];
  readonly nulls?: true;
}

export const spell: ConditionKind<SpellCondition, SpellState> = {
  selects: (_condition, { stream }) => SOURCES.has(stream),

  apply(_condition, state = { connections: [] }, observation, context) {
    const known = state.connections.find(({ session }) => session === observation.sessionId);
    const ended = observation.stream === 'health' && observation.fields.session_phase === 'stop';
    const said = saidOf(observation);
    if (said === undefined && !(ended && known !== undefined)) {
      // Most system events are about something else: only a health record without them lacks them.
      return observation.stream !== 'health' || state.nulls === true ? state : { ...state, nulls: true };
    }
    if (known !== undefined && !isNewer(observation, known)) return state;
    const made = withSample(known, observation, { said: said ?? {}, ended, context });
    return { ...state, connections: withNewest(state.connections, known, made) };
  },

  read(condition, state, context) {
    const limit = seconds(condition.longer);
    if (state === undefined || state.connections.length === 0) {
      const missing = `${COLUMNS.join(', ')} are null in every sample`;
      return [noData({ limit, reason: state?.nulls === true ? missing : 'no event of health yet' })];
    }
    const living = state.connections.filter(({ ended }) => !ended);
    const fresh = living.filter((connection) => isFresh(connection, context));
    if (fresh.length === 0) return [stale('the connection', living, { limit, context })];
    const longest = fresh.reduce((a, b) => (lengthOf(b, context) > lengthOf(a, context) ? b : a));
    return [readConnection(condition, longest, context)];
  },

  dueMs(condition, state, context) {
    const living = (state?.connections ?? []).filter(({ ended }) => !ended);
    const due = living.flatMap(({ sinceMs, lasting }) =>
      sinceMs !== null && lasting ? [sinceMs + condition.longer + 1] : [],
    );
    const ahead = [...due, staleDueMs(living, context) ?? 0].filter((ms) => ms > context.nowMs);
    return ahead.length === 0 ? undefined : Math.min(...ahead);
  },

  urgent: ({ longer }, observation) => {
    if (!SOURCES.has(observation.stream)) return false;
    const { staleMs = 0, reconnects = 0, connected } = saidOf(observation) ?? {};
    return staleMs > longer || reconnects > 0 || connected === false;
  },

  columns: () => [...COLUMNS, 'session_phase'],
};

interface Said {
  readonly staleMs?: number;
  readonly reconnects?: number;
  readonly connected?: boolean;
}

function saidOf({ fields }: Observation): Said | undefined {
  const { ws_staleness_ms: staleMs, ws_reconnects: reconnects, exchange_connected: connected } = fields;
  const said: Said = {
    ...(isAmount(staleMs) ? { staleMs } : undefined),
    ...(isAmount(reconnects) ? { reconnects } : undefined),
    ...(typeof connected === 'boolean' ? { connected } : undefined),
  };
  return Object.keys(said).length === 0 ? undefined : said;
}

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function withSample(
  known: Connection | undefined,
  observation: Observation,
  { said, ended, context }: { said: Said; ended: boolean; context: ConditionContext },
): Connection {
  const { tsMs, sessionId: session } = observation;
  const { staleMs, reconnects, connected } = said;
  const before = known?.reconnects;
  const again = reconnects !== undefined && before !== undefined && increaseOf(before, reconnects) > 0;
  // Silence of some milliseconds is the pause between two messages: it counts where it reaches back to the sample before.
  const silentSinceMs = staleMs === undefined ? undefined : tsMs - staleMs;
  const silent = silentSinceMs !== undefined && (known === undefined || silentSinceMs <= known.tsMs);
  const bad = connected === false || again || silent;
  const unbroken = known !== undefined && isFresh(known, { ...context, nowMs: tsMs });
  const carried = bad && unbroken ? (known.sinceMs ?? undefined) : undefined;
  const sinceMs = bad ? Math.min(carried ?? tsMs, silentSinceMs ?? tsMs) : null;
  const counted = reconnects ?? before;
  return {
    session,
    ...pacedBy(observation, known),
    ...(counted === undefined ? undefined : { reconnects: counted }),
    sinceMs: ended ? null : sinceMs,
    lasting: connected === false,
    ended,
    evidence: evidenceOf(observation),
  };
}

/** Until the newest sample, or until now where the bot said that there is no connection. */
const lengthOf = ({ sinceMs, lasting, tsMs }: Connection, { nowMs }: ConditionContext): number =>
  sinceMs === null ? 0 : (lasting ? Math.max(nowMs, tsMs) : tsMs) - sinceMs;

function readConnection({ longer }: SpellCondition, connection: Connection, context: ConditionContext): Reading {
  const length = lengthOf(connection, context);
  const about = { value: seconds(length), limit: seconds(longer), evidence: [connection.evidence] };
  return length > longer && connection.sinceMs !== null
    ? firing({ ...about, sinceMs: connection.sinceMs, reason: `without a connection for ${durationText(length)}` })
    : fine({
        ...about,
        reason: length === 0 ? 'connected' : `without a connection for ${durationText(length)} so far`,
      });
}
