import { writeSync } from 'node:fs';
import type { Sink, SinkEvent } from '../sink.ts';

const textOf = (events: readonly SinkEvent[]): string => events.map(({ line }) => `${line}\n`).join('');

/** Writes lines to standard output or error; a reader that has gone away is no error of the bot. */
export function consoleSink({
  name = 'console',
  to = 'stdout',
}: {
  readonly name?: string;
  readonly to?: 'stdout' | 'stderr';
} = {}): Sink {
  const stream = to === 'stderr' ? process.stderr : process.stdout;
  const ignore = (): void => undefined;
  return {
    name,
    send: (events) =>
      new Promise((resolve) => {
        // Without a listener a closed pipe would end the process.
        if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
        stream.write(textOf(events), () => resolve(undefined));
      }),
    sendSync(events) {
      const bytes = Buffer.from(textOf(events));
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(to === 'stderr' ? 2 : 1, bytes, at);
      } catch {
        // a closed pipe, or one that is full at the end of the process
      }
    },
  };
}
