import { memorySink } from '../../../lib/emitter/index.ts';
import { type InstrumentOptions, instrument } from '../../../lib/emitter/instrument.ts';
import { testEmitter } from './emitter.ts';
import { FakeExchange, type Turn } from './exchange.ts';

export type Said = Record<string, unknown>;

/** What a bot does with an instrumented exchange, and what is told of it. */
export async function told(
  turns: readonly Turn[],
  bot: (exchange: FakeExchange) => Promise<unknown>,
  options: InstrumentOptions = {},
) {
  const sink = memorySink();
  const emitter = testEmitter({ sink });
  const raw = new FakeExchange().will(...turns);
  await bot(instrument(raw, emitter, options)).catch(() => undefined);
  await emitter.close();
  const of = (stream: string): Said[] => sink.objects.filter((event) => event.stream === stream);
  return { of, raw, lines: sink.events.map(({ line }) => line), stats: emitter.stats() };
}

export const statuses = (events: readonly Said[]): unknown[] => events.map(({ status }) => status);
