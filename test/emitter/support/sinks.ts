import type { Outcome, Sink, SinkEvent } from '../../../lib/emitter/index.ts';

export const parsed = (events: readonly SinkEvent[]): Record<string, unknown>[] =>
  events.map(({ line }) => JSON.parse(line));

/** What a sink that keeps books does with the next batch. */
export type Answer =
  | 'take'
  | 'throw'
  | 'hang'
  | 'refuse'
  /** Every second one is taken, the others are to be sent again. */
  | 'half'
  /** Takes everything and says nothing of use. */
  | 'lie'
  /** Takes everything, and the answer is lost. */
  | 'lost';

export interface ScriptedSink extends Sink {
  /** Every line that was taken, in order; one twice where it was sent twice. */
  readonly taken: SinkEvent[];
  /** Batches as they came. */
  readonly batches: (readonly SinkEvent[])[];
  /** What to do with the batches to come; afterwards all are taken. */
  readonly script: Answer[];
}

export function scriptedSink(script: readonly Answer[] = [], over: Partial<Sink> = {}): ScriptedSink {
  const taken: SinkEvent[] = [];
  const batches: (readonly SinkEvent[])[] = [];
  const plan = [...script];
  return {
    name: 'scripted',
    taken,
    batches,
    script: plan,
    async send(events, { signal }): Promise<readonly Outcome[] | undefined> {
      batches.push(events);
      switch (plan.shift() ?? 'take') {
        case 'throw':
          throw new Error('the sink is down');
        case 'hang':
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          throw new Error('aborted');
        case 'refuse':
          return events.map(() => ({ refused: 'never' }));
        case 'half':
          taken.push(...events.filter((_, i) => i % 2 === 0));
          return events.map((_, i) => (i % 2 === 0 ? 'delivered' : { retry: 'throttled' }));
        case 'lie':
          taken.push(...events);
          return [{ nonsense: true }] as unknown as Outcome[];
        case 'lost':
          taken.push(...events);
          throw new Error('socket hang up');
        default:
          taken.push(...events);
          return undefined;
      }
    },
    ...over,
  };
}
