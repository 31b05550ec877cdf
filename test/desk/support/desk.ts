import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createFolderStore } from '../../../lib/adapters/local/object-store.ts';
import { createDesk, type Desk, type DeskOptions } from '../../../lib/desk/desk.ts';
import { tempFolder } from '../../support/temp.ts';
import { listeningLog, plainTransform, type Said, type StoredLine, storedLines } from './stand-in.ts';

export interface TestDesk extends Desk {
  readonly said: readonly Said[];
  /** Stops the desk and reads what is in its lake. */
  lines(): Promise<StoredLine[]>;
}

/** A desk on any free port, in a folder that goes away with the test. */
export async function startDesk(options: Partial<DeskOptions> = {}): Promise<TestDesk> {
  const log = listeningLog();
  const dataDir = options.dataDir ?? tempFolder();
  const desk = await createDesk({
    dataDir,
    port: 0,
    transform: plainTransform,
    buffer: { ms: 20 },
    minFreeBytes: 0,
    log,
    ...options,
  });
  onTestFinished(() => desk.stop());
  return {
    ...desk,
    said: log.said,
    async lines() {
      await desk.stop();
      return storedLines(createFolderStore(join(dataDir, 'lake')));
    },
  };
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: AnswerJson;
}

/** What answers of all kinds may hold. */
export interface AnswerJson {
  readonly __type?: string;
  readonly message?: string;
  readonly error?: string;
  readonly accepted?: number;
  readonly RecordId?: string;
  readonly FailedPutCount?: number;
  readonly RequestResponses?: readonly { readonly RecordId?: string; readonly ErrorCode?: string }[];
  readonly DeliveryStreamDescription?: unknown;
}

/** Calls an operation of Firehose as an SDK does, without a signature. */
export async function call(
  url: string,
  operation: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Firehose_20150804.${operation}`,
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, json: JSON.parse(await response.text()) };
}
