import cliProgress from 'cli-progress';
import { count } from '../commands/output.ts';

export type OnProgress = (bytes: number, counts: { readonly lines: number }) => void;

/** Shows a bar of the bytes read so far while the work runs, where standard error is a terminal. */
export async function withProgress<T>(totalBytes: number, work: (onProgress: OnProgress) => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY || totalBytes === 0) return work(() => undefined);
  const bar = new cliProgress.SingleBar({
    format: '{bar} {percentage}% | {lines} lines | {eta_formatted} left',
    stream: process.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(totalBytes, 0, { lines: 0 });
  try {
    return await work((bytes, { lines }) => bar.update(Math.min(bytes, totalBytes), { lines: count(lines) }));
  } finally {
    bar.stop();
  }
}
