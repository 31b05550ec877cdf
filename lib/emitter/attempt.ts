import { textOfError } from './emitter-error.ts';
import type { Entry } from './outbox.ts';
import type { Outcome, Sink } from './sink.ts';

/** One call of a sink. Never throws, and always ends: what the sink does not say counts as `retry`. */
export async function attempt(
  sink: Sink,
  entries: readonly Entry[],
  { timeoutMs, closing }: { readonly timeoutMs: number; readonly closing: AbortSignal },
): Promise<readonly Outcome[]> {
  const call = new AbortController();
  let give: (why: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => {
    give = resolve;
  });
  const stop = (why: string): void => {
    call.abort();
    give(why);
  };
  const timer = setTimeout(() => stop(`no answer within ${timeoutMs} ms`), timeoutMs).unref();
  const onClose = (): void => stop('the emitter closes');
  closing.addEventListener('abort', onClose, { once: true });
  // Copies: the sink may empty the list or change what is in it, and other sinks have the same events.
  const events = entries.map(({ stream, line, bytes }) => ({ stream, line, bytes }));
  try {
    const sent = (async () => outcomesOf(await sink.send(events, { signal: call.signal }), entries.length))();
    const outcome = await Promise.race([sent, ended]);
    return typeof outcome === 'string' ? entries.map(() => ({ retry: outcome })) : outcome;
  } catch (error) {
    const retry = textOfError(error);
    return entries.map(() => ({ retry }));
  } finally {
    clearTimeout(timer);
    closing.removeEventListener('abort', onClose);
  }
}

/** What a sink said, made safe: one that lies costs a repeat, never an event. */
function outcomesOf(said: unknown, count: number): readonly Outcome[] {
  if (said === undefined) return Array.from({ length: count }, () => 'delivered');
  if (!Array.isArray(said)) return Array.from({ length: count }, () => ({ retry: 'the sink gave no outcomes' }));
  return Array.from({ length: count }, (_, i): Outcome => {
    const one: unknown = said[i];
    if (one === 'delivered') return 'delivered';
    if (typeof one === 'object' && one !== null) {
      if ('refused' in one) return { refused: String(one.refused).slice(0, 300) };
      if ('retry' in one) return { retry: String(one.retry).slice(0, 300) };
    }
    return { retry: 'the sink gave no outcome' };
  });
}
