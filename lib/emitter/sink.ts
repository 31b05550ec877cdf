// The interface of sinks. To write one's own, implement it: the emitter brings queue, order, retries, backoff and counting.

/** An event on its way out: one line of JSON without its line end. */
export interface SinkEvent {
  readonly stream: string;
  readonly line: string;
  /** Bytes of the line in UTF-8, without a line end. */
  readonly bytes: number;
}

/**
 * How one event ended. `delivered`: it is safe there. `retry`: not, or nobody knows; it will be sent again. `refused`: it
 * never will be taken; it is dropped and counted.
 */
export type Outcome = 'delivered' | { readonly retry: string } | { readonly refused: string };

export interface SendContext {
  /** Aborted when the attempt has taken too long, or the emitter closes. */
  readonly signal: AbortSignal;
}

export interface Sink {
  /** Short and stable: names the queue in `stats()` and the folder in the spool. */
  readonly name: string;
  /** Whether an outage is to be expected, so that a configured spool is used for it. @default - false */
  readonly remote?: boolean;
  /** Most events and bytes in one call of `send`. @default - the emitter's batch settings */
  readonly limits?: { readonly events: number; readonly bytes: number };
  /**
   * Sends events in order. Nothing returned means that all were delivered; else one outcome per event, in order; an outcome
   * that is missing or unknown counts as `retry`, and so do all of them when it throws. Not called again before it has ended
   * or its signal was aborted.
   */
  // biome-ignore lint/suspicious/noConfusingVoidType: a sink that answers nothing has delivered, so that one line can be a sink
  send(events: readonly SinkEvent[], context: SendContext): Promise<readonly Outcome[] | void>;
  /** The same, at once, for the end of a process that can no longer wait; only where that is possible. */
  sendSync?(events: readonly SinkEvent[]): void;
  /** Lets go of files and connections; called once, after the last `send`. */
  close?(): Promise<void>;
}

/** A sink for some streams. */
export interface Route {
  readonly sink: Sink;
  /** Streams that go there. @default - all */
  readonly include?: readonly string[];
  /** Streams that do not. @default - none */
  readonly exclude?: readonly string[];
}

/** Several sinks, each with a queue of its own: a slow one delays no other. */
export interface Composite {
  readonly sinks: readonly SinkInput[];
}

export type SinkInput = Sink | Route | Composite;

/** Sends every event to each of the sinks. */
export const composite = (sinks: readonly SinkInput[]): Composite => ({ sinks });

/** Every sink with the streams it takes. */
export function routesOf(input: SinkInput | readonly SinkInput[]): Route[] {
  if (isList(input)) return input.flatMap((one) => routesOf(one));
  if ('sinks' in input) return routesOf(input.sinks);
  return ['sink' in input ? input : { sink: input }];
}

const isList = (input: SinkInput | readonly SinkInput[]): input is readonly SinkInput[] => Array.isArray(input);
