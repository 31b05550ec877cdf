import { envelope } from './envelope.ts';
import { type Column, columnsOf, type Fields } from './fields.ts';

/** How long a stream is kept: audit 7 years, raw 400 days, debug 30 days (S1 H, `features` R098). */
export type Retention = 'audit' | 'raw' | 'debug';

export interface StreamDefinition<F extends Fields = Fields> {
  readonly name: string;
  /** One sentence: what one event of it says. */
  readonly description: string;
  readonly retention: Retention;
  /**
   * Who writes it: bots through the door, a stage of ours under `derived/`, or both, where ours counts for the days and
   * runs of which the bot wrote nothing. @default - bots
   */
  readonly origin?: 'derived' | 'both';
  /** Live versions, newest last. */
  readonly versions: readonly number[];
  /** Metrics it feeds, by name. */
  readonly metrics: readonly string[];
  readonly fields: F;
  /** A real-looking event in canonical form, own fields and envelope. */
  readonly example: Readonly<Record<string, unknown>>;
}

export interface Stream<F extends Fields = Fields> extends StreamDefinition<F> {
  /** Envelope first, then own fields, in order. */
  readonly columns: Readonly<Record<string, Column>>;
}

const ENVELOPE = columnsOf(envelope);

export function defineStream<const F extends Fields>(definition: StreamDefinition<F>) {
  return {
    ...definition,
    columns: { ...ENVELOPE, ...columnsOf(definition.fields) },
  };
}
