import type { EventOf } from '../catalog/index.ts';
import { SEPARATOR } from './fill.ts';
import type { Input, InputOf } from './types.ts';
import { Memory } from './windows.ts';

/** Streams that tell of the moment of a decision without being the decision. */
const STREAMS = ['ensemble', 'feature_log', 'risk', 'overlay_status'] as const;
type Stream = (typeof STREAMS)[number];
type Told = { [S in Stream]: InputOf<S> }[Stream];

/** What was so when a trade was entered. */
export interface Surroundings {
  readonly ensembleBps: number | null;
  readonly regime: string | null;
  readonly overlayDirection: number | null;
  readonly overlayConfidence: number | null;
  readonly leverageX: number | null;
  readonly riskScore: number | null;
  readonly utilization: number | null;
  /** Event of each record that was taken, by stream. */
  readonly ids: Readonly<Record<string, string>>;
}

type Facts = Partial<Omit<Surroundings, 'ids'>>;

interface Noted {
  readonly us: number;
  readonly id: string;
  readonly barTs: string | null;
  readonly facts: Facts;
}

/** How old the newest record of a run may be where it is of another bar than the fill. */
const BACK_US = 60_000_000;
/** How long the record of a bar is kept: a daily bar trades the day after it opened. */
const BAR_US = 2 * 86_400_000_000;

interface Fill {
  readonly us: number;
  readonly session: string | null;
  readonly symbol: string | null;
  readonly barTs: string | null;
}

/** The newest records of each run, and of each bar where a log names no run (semantics 4). */
export class SurroundingRecords {
  readonly #ofRun: Memory<Noted>;
  readonly #ofBar: Memory<Noted>;

  constructor(saved?: SavedSurroundings) {
    this.#ofRun = new Memory(BAR_US, saved?.ofRun);
    this.#ofBar = new Memory(BAR_US, saved?.ofBar);
  }

  /** Takes a record in; in place order. */
  note(input: Input): void {
    if (!isOne(input)) return;
    const { us, id, event } = input;
    const noted: Noted = { us, id, barTs: event.bar_ts ?? null, facts: factsOf(input) };
    const symbol = event.symbol ?? '';
    if (event.session_id != null) this.#ofRun.set(keyOf(input.stream, event.session_id, symbol), us, noted);
    else if (event.bar_ts != null) this.#ofBar.set(keyOf(input.stream, event.bar_ts, symbol), us, noted);
  }

  of({ us, session, symbol, barTs }: Fill): Surroundings {
    let facts: Facts = {};
    const ids: Record<string, string> = {};
    for (const stream of STREAMS) {
      const own = session === null ? undefined : this.#ofRun.get(keyOf(stream, session, symbol ?? ''), us);
      const near = own !== undefined && ((barTs !== null && own.barTs === barTs) || own.us >= us - BACK_US);
      const found = near ? own : barTs === null ? undefined : this.#ofBar.get(keyOf(stream, barTs, symbol ?? ''), us);
      if (found === undefined) continue;
      ids[stream] = found.id;
      facts = { ...found.facts, ...facts };
    }
    const {
      ensembleBps = null,
      regime = null,
      overlayDirection = null,
      overlayConfidence = null,
      leverageX = null,
      riskScore = null,
      utilization = null,
    } = facts;
    return { ensembleBps, regime, overlayDirection, overlayConfidence, leverageX, riskScore, utilization, ids };
  }

  forget(us: number): void {
    this.#ofRun.forget(us);
    this.#ofBar.forget(us);
  }

  save() {
    return { ofRun: this.#ofRun.save(), ofBar: this.#ofBar.save() };
  }
}

export type SavedSurroundings = ReturnType<SurroundingRecords['save']>;

const isOne = (input: Input): input is Told => (STREAMS as readonly string[]).includes(input.stream);

const keyOf = (stream: Stream, of: string, symbol: string): string => [stream, of, symbol].join(SEPARATOR);

function factsOf(input: Told): Facts {
  if (input.stream === 'ensemble') return known({ ensembleBps: input.event.pred_stack_bps });
  if (input.stream === 'feature_log') return known({ regime: regimeOf(input.event) });
  if (input.stream === 'overlay_status')
    return known({ overlayDirection: input.event.direction, overlayConfidence: input.event.confidence });
  const { leverage_x, risk_score, utilization, overlay_conf } = input.event;
  return known({ leverageX: leverage_x, riskScore: risk_score, utilization, overlayConfidence: overlay_conf });
}

const regimeOf = ({ regime, regime_bucket, volatility_regime }: EventOf<'feature_log'>): string | null =>
  regime ?? regime_bucket ?? volatility_regime ?? null;

const known = (facts: Readonly<Record<string, unknown>>): Facts =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null && value !== undefined));
