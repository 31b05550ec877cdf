import type { EventOf, StreamName } from '../core/catalog/index.ts';

/** Streams that Nightdesk makes itself: no bot sends them. */
type Derived = 'trade_lifecycle' | 'order_lifecycle' | 'session' | 'reconciliation' | 'quarantine';

/** Streams that a bot may send. */
export type BotStream = Exclude<StreamName, Derived>;

/** What the transform says about an event whatever the bot claims. */
type Stamped = 'stream' | 'ts_ms' | 'ts_source' | 'ingested_at' | 'dialect';

/** Times may come as text, as a Date, or as s, ms, µs or ns since the epoch. */
type Lenient<E> = {
  readonly [K in keyof E]: K extends 'ts' | `${string}_ts` | `${string}_at` ? E[K] | Date | number : E[K];
};

/**
 * An event as a bot gives it: the stream's own fields and those of the envelope, all optional; what the emitter knows
 * already (strategy, session, mode, symbol of a child) need not be said. Fields of the bot's own begin with `x_`, and are
 * kept in `extra`.
 */
export type BotEvent<N extends BotStream = BotStream> = Lenient<Omit<EventOf<N>, Stamped>> & {
  readonly [own: `x_${string}`]: unknown;
};

/** What every event of an emitter or a child carries. */
export type Context = Pick<
  EventOf<'signals'>,
  | 'venue'
  | 'account_id'
  | 'symbol'
  | 'position_side'
  | 'position_id'
  | 'group_id'
  | 'timeframe'
  | 'experiment_id'
  | 'strategy_variant'
  | 'cohort_assignment'
>;
