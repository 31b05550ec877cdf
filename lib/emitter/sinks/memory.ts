import type { Sink, SinkEvent } from '../sink.ts';

export interface MemorySink extends Sink {
  readonly events: readonly SinkEvent[];
  /** The events as objects, for tests of a bot. */
  readonly objects: readonly Readonly<Record<string, unknown>>[];
}

/** Keeps the newest events in memory: for tests, and for a look at what a bot says. @param most how many; older ones go */
export function memorySink({
  name = 'memory',
  most = 10_000,
}: {
  readonly name?: string;
  readonly most?: number;
} = {}): MemorySink {
  const events: SinkEvent[] = [];
  const add = (batch: readonly SinkEvent[]): void => {
    events.push(...batch.map(({ stream, line, bytes }) => ({ stream, line, bytes })));
    if (events.length > most) events.splice(0, events.length - most);
  };
  return {
    name,
    events,
    get objects() {
      return events.map(({ line }) => JSON.parse(line));
    },
    send: async (batch) => add(batch),
    sendSync: add,
  };
}
