import type { Clock } from '../../core/ports/index.ts';
import { AwsError, serialization, unavailable, validation } from './aws-error.ts';
import { frameOverhead } from './frame.ts';
import type { FramePool } from './frame-pool.ts';
import { type Intake, Refused, type Taken } from './intake.ts';
import { frameOf, type PutRecord, readRecord, readRecords } from './put-request.ts';
import { recordIdOf } from './segment.ts';

export interface FirehoseOptions {
  readonly intake: Intake;
  readonly clock: Clock;
  /** Names of the delivery streams that exist. */
  readonly streams: readonly string[];
  readonly createdMs: number;
  readonly buffer: { readonly ms: number; readonly bytes: number };
}

/** The JSON text of the answer. @throws AwsError */
export type Operation = (request: object) => Promise<string> | string;

const TARGET = /^Firehose_20150804\.(\w+)$/;
const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,64}$/;

/** The operations of Amazon Data Firehose that a producer needs. */
export function firehoseOperations(options: FirehoseOptions): (target: string | undefined) => Operation {
  const operations = new Map<string, Operation>([
    ['PutRecord', (request) => putRecord(options, request)],
    ['PutRecordBatch', (request) => putRecordBatch(options, request)],
    ['DescribeDeliveryStream', (request) => describe(options, request)],
    ['ListDeliveryStreams', (request) => list(options, request)],
  ]);
  return (target) => {
    const operation = operations.get(TARGET.exec(target ?? '')?.[1] ?? '');
    if (operation !== undefined) return operation;
    throw new AwsError(
      'UnknownOperationException',
      `A desk knows ${[...operations.keys()].join(', ')}; X-Amz-Target names none of them.`,
    );
  };
}

async function putRecord(options: FirehoseOptions, request: object): Promise<string> {
  assertStream(options, request);
  const record = readRecord(request);
  const taken = await take(options, frameOf([record], framing(options)));
  return `{"Encrypted":false,"RecordId":"${recordIdOf(taken.segmentId, taken.firstSequence)}"}`;
}

async function putRecordBatch(options: FirehoseOptions, request: object): Promise<string> {
  assertStream(options, request);
  const records = readRecords(request);
  const fitting = countFitting(records, options.intake.roomBytes);
  const all = fitting === records.length;
  if (fitting === 0) throw unavailable(options.intake.refuse('too many bytes wait to be transformed').message);
  const taken = await take(options, frameOf(all ? records : records.slice(0, fitting), framing(options)));
  const answers: string[] = [];
  for (let i = 0; i < fitting; i++)
    answers.push(`{"RecordId":"${recordIdOf(taken.segmentId, taken.firstSequence + i)}"}`);
  for (let i = fitting; i < records.length; i++) answers.push(SLOW_DOWN);
  return `{"Encrypted":false,"FailedPutCount":${records.length - fitting},"RequestResponses":[${answers.join(',')}]}`;
}

const SLOW_DOWN = JSON.stringify({ ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' });

/** How many records from the first on fit into the room there is. */
function countFitting(records: readonly PutRecord[], roomBytes: number): number {
  let bytes = frameOverhead(0);
  for (const [index, record] of records.entries()) {
    bytes += record.bytes + frameOverhead(1) - frameOverhead(0);
    if (bytes > roomBytes) return index;
  }
  return records.length;
}

async function take({ intake }: FirehoseOptions, frame: Buffer): Promise<Taken> {
  try {
    return await intake.take(frame);
  } catch (error) {
    throw error instanceof Refused ? unavailable(error.message) : error;
  }
}

const framing = ({ clock, intake }: FirehoseOptions): { arrivedMs: number; pool: FramePool } => ({
  arrivedMs: clock.nowMs(),
  pool: intake.pool,
});

function assertStream({ streams }: FirehoseOptions, request: object): string {
  const name = 'DeliveryStreamName' in request ? request.DeliveryStreamName : undefined;
  if (name === undefined || name === null) throw validation('deliveryStreamName', 'Member must not be null');
  if (typeof name !== 'string') throw serialization('DeliveryStreamName must be text.');
  if (!STREAM_NAME.test(name))
    throw validation('deliveryStreamName', 'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+');
  if (!streams.includes(name))
    throw new AwsError(
      'ResourceNotFoundException',
      `Firehose ${name} not found under account ${ACCOUNT}. This desk has: ${streams.join(', ')}.`,
    );
  return name;
}

const ACCOUNT = '000000000000';

function describe(options: FirehoseOptions, request: object): string {
  const name = assertStream(options, request);
  const { ms, bytes } = options.buffer;
  return JSON.stringify({
    DeliveryStreamDescription: {
      DeliveryStreamName: name,
      DeliveryStreamARN: `arn:aws:firehose:local:${ACCOUNT}:deliverystream/${name}`,
      DeliveryStreamStatus: 'ACTIVE',
      DeliveryStreamType: 'DirectPut',
      VersionId: '1',
      CreateTimestamp: options.createdMs / 1000,
      HasMoreDestinations: false,
      Destinations: [
        {
          DestinationId: 'destinationId-000000000001',
          ExtendedS3DestinationDescription: {
            RoleARN: `arn:aws:iam::${ACCOUNT}:role/desk`,
            BucketARN: 'arn:aws:s3:::lake',
            Prefix: 'events/',
            BufferingHints: { IntervalInSeconds: Math.ceil(ms / 1000), SizeInMBs: Math.ceil(bytes / (1024 * 1024)) },
            CompressionFormat: 'GZIP',
            EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
          },
        },
      ],
    },
  });
}

function list({ streams }: FirehoseOptions, request: object): string {
  const start = 'ExclusiveStartDeliveryStreamName' in request ? request.ExclusiveStartDeliveryStreamName : undefined;
  const limit = 'Limit' in request && typeof request.Limit === 'number' ? request.Limit : 10;
  if (limit < 1) throw validation('limit', 'Member must have value greater than or equal to 1');
  const type = 'DeliveryStreamType' in request ? request.DeliveryStreamType : undefined;
  const names = type === undefined || type === 'DirectPut' ? [...streams].sort() : [];
  const after = typeof start === 'string' ? names.filter((name) => name > start) : names;
  return JSON.stringify({ DeliveryStreamNames: after.slice(0, limit), HasMoreDeliveryStreams: after.length > limit });
}
