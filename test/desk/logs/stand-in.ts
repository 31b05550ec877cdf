import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { WireLine } from '../../../lib/core/transform/wire.ts';

/** What the receiver does with a call: take it, refuse some of its records, answer an error, or hang up. */
export type Mood =
  | { readonly kind: 'take' }
  | { readonly kind: 'refuse'; readonly every: number }
  | { readonly kind: 'error'; readonly status: number; readonly type: string }
  | { readonly kind: 'hang-up'; readonly afterTaking: boolean };

/** A receiver that speaks PutRecordBatch over HTTP and keeps what it acknowledged. */
export interface StandIn {
  readonly url: string;
  /** Lines of all records that were taken, in the order they came; a record taken twice is there twice. */
  readonly lines: string[];
  /** Sizes of the records of each call, in bytes. */
  readonly calls: number[][];
  /** Asked once per call; @default - takes everything. */
  mood: () => Mood;
}

export async function standIn(): Promise<StandIn> {
  const lines: string[] = [];
  const calls: number[][] = [];
  const self: StandIn = { url: '', lines, calls, mood: () => ({ kind: 'take' }) };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { Records } = JSON.parse(Buffer.concat(chunks).toString()) as { Records: { Data: string }[] };
      const records = Records.map(({ Data }) => Buffer.from(Data, 'base64'));
      calls.push(records.map((record) => record.length));
      const mood = self.mood();
      const taken = (index: number): boolean =>
        mood.kind === 'take' ||
        (mood.kind === 'refuse' && index % mood.every !== 0) ||
        (mood.kind === 'hang-up' && mood.afterTaking);
      for (const [index, record] of records.entries())
        if (taken(index))
          lines.push(
            ...record
              .toString()
              .split('\n')
              .filter((line) => line !== ''),
          );
      if (mood.kind === 'hang-up') return void request.socket.destroy();
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      if (mood.kind === 'error') {
        response.statusCode = mood.status;
        return void response.end(JSON.stringify({ __type: mood.type, message: 'on purpose' }));
      }
      const answers = records.map((_, index) =>
        taken(index)
          ? { RecordId: `r${index}` }
          : { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' },
      );
      response.end(
        JSON.stringify({
          FailedPutCount: answers.filter(({ ErrorCode }) => ErrorCode !== undefined).length,
          RequestResponses: answers,
        }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(self, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** The lines by identity. @throws when one identity stands for two lines */
export function byIdentity(lines: readonly string[]): Map<string, WireLine> {
  const all = new Map<string, WireLine>();
  for (const text of lines) {
    const line = JSON.parse(text) as WireLine;
    const id = `${line.file}-${line.line}`;
    const before = all.get(id);
    if (before !== undefined && before.raw !== line.raw) throw new Error(`${id} is ${before.raw} and ${line.raw}`);
    all.set(id, line);
  }
  return all;
}

export const rawLines = (lines: readonly string[]): string[] =>
  [...byIdentity(lines).values()].map(({ raw }) => raw).sort();
