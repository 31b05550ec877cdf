import * as z from 'zod';
import { duration, size } from './values.ts';

const NAME = /^(?!(?:default|primary)$)[a-z][a-z0-9-]{0,29}$/; // an account has such a database, and such a workgroup
const ENCRYPTION =
  /^(?:aws|kms|arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}))$/;
/** What every service accepts in a tag; `aws:` is AWS's own, `nightdesk` ours. */
const TAG = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const TAG_NAME = /^(?!aws:|nightdesk$)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu;

const kept = (standard: string, what: string) =>
  z
    .union([duration('1d', '100y', what), z.literal('forever')])
    .prefault(standard)
    .describe(`${what} A duration from 1d to 100y, or forever.`);

const physicalName = (says: string, pattern: RegExp, what: string) =>
  z.string().regex(pattern, `must be ${what}`).describe(`${says}: ${what}.`).exactOptional();

/** Region of a key that `encryption` names by its ARN. @returns undefined for `aws` and `kms` */
export const regionOfKey = (encryption: string): string | undefined => ENCRYPTION.exec(encryption)?.[1];

/** Section `aws`: what one `cdk deploy` makes. Durations become ms, sizes bytes. */
export const awsSchema = z.strictObject({
  name: z
    .string()
    .regex(NAME, 'must be 1 to 30 of a-z, 0-9 and -, beginning with a letter, and neither default nor primary')
    .prefault('nightdesk')
    .describe('Name of the stack; the names of what it holds begin so.'),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as eu-west-1')
    .describe('Region. Default: that of the AWS profile.')
    .exactOptional(),
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be 12 digits')
    .describe('Account; a deploy with keys of another one is refused. Default: that of the AWS profile.')
    .exactOptional(),
  names: z
    .strictObject({
      bucket: physicalName(
        'The bucket',
        /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, // dots are allowed too, and break TLS
        '3 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit',
      ),
      deliveryStream: physicalName(
        'The delivery stream',
        /^[a-zA-Z0-9_.-]{1,64}$/,
        '1 to 64 letters, digits, dots, dashes or underscores',
      ),
      database: physicalName(
        'The database',
        /^(?!default$)[a-z][a-z0-9_]{0,127}$/,
        'a-z, 0-9 and _, beginning with a letter, and not default',
      ),
      workgroup: physicalName(
        'The Athena workgroup',
        /^(?!primary$)[a-zA-Z0-9._-]{1,128}$/,
        '1 to 128 letters, digits, dots, dashes or underscores, and not primary, which every account has',
      ),
    })
    .prefault({})
    .describe('Names where the defaults do not suit. Default: made of name; the bucket’s is made by CloudFormation.'),
  tags: z
    .record(
      z
        .string()
        .regex(
          TAG_NAME,
          'must be 1 to 128 letters, digits, spaces or _.:/=+-@, not nightdesk, and not begin with aws:',
        ),
      z.string().max(256, 'must be at most 256 characters').regex(TAG, 'must be letters, digits, spaces or _.:/=+-@'),
    )
    .prefault({})
    .describe('Tags of everything in the stack, beside nightdesk=<name>, by which the bill can be split.'),
  encryption: z
    .string()
    .regex(ENCRYPTION, 'must be aws, kms or the ARN of a KMS key, which ends in key/ and its id')
    .prefault('aws')
    .describe(
      'Keys at rest: aws (owned by AWS, no cost), kms (a key of the stack, rotated yearly), or the ARN of your own, whose policy docs/deploy.md says.',
    ),
  removal: z
    .enum(['retain', 'destroy'], 'must be retain or destroy')
    .prefault('retain')
    .describe('What cdk destroy does to the lake and its key: retain, or destroy with everything in it.'),
  versioning: z.boolean().prefault(false).describe('Keep replaced and deleted objects of the lake for 30 days.'),
  buffer: z
    .strictObject({
      interval: duration(
        '60s',
        '900s',
        'Longest wait of Firehose before it writes an object. Shorter: sooner in SQL, more objects.',
      ).prefault('60s'),
      size: size('64MiB', '128MiB', 'Bytes at which it writes sooner, per partition.').prefault('128MiB'),
    })
    .prefault({})
    .describe('Buffer before the lake.'),
  lateness: duration(
    '1s',
    '30m',
    'How long an event waits for earlier ones after it came in; at least, and by default, 1.5 × buffer.interval + 60 s.',
  ).exactOptional(),
  maxEventAge: duration(
    '1d',
    '14d',
    'Events older than this when they come in go to quarantine: each open day is an active partition of Firehose.',
  ).prefault('7d'),
  retention: z
    .strictObject({
      audit: kept('7y', 'Orders, fills, costs, trades and all that is derived.'),
      raw: kept('400d', 'Signals, health, market and the like.'),
      debug: kept('30d', 'Latencies and system figures.'),
      quarantine: kept('90d', 'Events that could not be stored as they were.'),
      errors: kept('90d', 'What Firehose could not deliver.'),
      results: kept('7d', 'Results of queries.'),
      logs: z
        .enum(['7d', '30d', '90d', '180d', '365d'], 'must be 7d, 30d, 90d, 180d or 365d')
        .prefault('30d')
        .describe('Logs of the functions and of Firehose.'),
    })
    .prefault({})
    .describe(
      'How long is kept what, by class (`nightdesk schema` lists the class of each stream); a duration, or forever.',
    ),
  query: z
    .strictObject({
      scanLimit: size('10MB', '1000TB', 'Bytes at which a query is cancelled; what it scanned is billed.').prefault(
        '100GB',
      ),
    })
    .prefault({})
    .describe('The Athena workgroup.'),
  alarms: z
    .strictObject({
      email: z
        .array(z.email('must be an e-mail address'))
        .prefault([])
        .describe('Addresses that are told; each has to confirm once. Default: nobody, the alarms are in the console.'),
      freshness: duration('2m', '1d', 'Oldest event in Firehose that is not yet in the lake.').prefault('15m'),
      backlog: duration('2m', '1d', 'Oldest object that the ledger has not yet taken in.').prefault('15m'),
      silence: z
        .union([duration('10m', '1d', 'How long nothing at all may come in before an alarm rings.'), z.literal('off')])
        .prefault('1h')
        .describe('How long nothing at all may come in before an alarm rings: a duration from 10m to 1d, or off.'),
      quarantine: z
        .number('must be a share above 0, at most 1')
        .positive('must be a share above 0, at most 1')
        .max(1, 'must be a share above 0, at most 1')
        .prefault(0.05)
        .describe('Share of events in quarantine above which an alarm rings.'),
    })
    .prefault({})
    .describe('Alarms on the platform itself.'),
  budget: z
    .strictObject({
      monthlyUsd: z.number().positive('must be a number above 0').describe('USD a month.'),
      eventsPerDay: z
        .number('must be a number from 0')
        .min(0, 'must be a number from 0')
        .describe(
          'Events of all strategies together that are expected. Default: none, and only the idle stack is reckoned.',
        )
        .exactOptional(),
      strategies: z
        .union([z.int().min(1), z.array(z.string().min(1)).min(1)], 'must be a number from 1, or a list of strategy_id')
        .describe(
          'Strategies that are expected: how many, or their strategy_id, dearest to you first; metrics of the named that the budget has no room for are switched off. Default: 1.',
        )
        .exactOptional(),
      dimensions: z
        .record(
          z.string(),
          z
            .int('must be a whole number from 1')
            .min(1, 'must be a whole number from 1')
            .describe('Values that it is expected to have.'),
        )
        .prefault({})
        .describe('Values that each of metrics.dimensions is expected to have, such as {"symbol": 20}.'),
    })
    .describe(
      'A deploy whose expected bill (`nightdesk cost`) is above it is refused. The addresses of alarms are told when the month’s bill of this stack’s tag reaches 80 % of it, or is forecast to pass it. Default: none.',
    )
    .exactOptional(),
  dashboards: z
    .boolean()
    .prefault(true)
    .describe('Dashboards in CloudWatch; three of an account are free, each other one costs three dollars a month.'),
  tracing: z
    .boolean()
    .prefault(true)
    .describe('Traces of the functions in X-Ray. A busy bot pays about seven dollars a month for them.'),
  reservedConcurrency: z
    .strictObject({
      transform: concurrency(),
      lifecycle: concurrency(2),
      alerts: concurrency(3),
      snapshots: concurrency(),
      reconcile: concurrency(),
      query: concurrency(),
    })
    .prefault({})
    .describe(
      'Concurrency taken out of the account’s pool for single functions. Default: none, for a new account has ten in all; queues limit lifecycle and alerts to two.',
    ),
});

function concurrency(least = 1) {
  const what = `must be a whole number from ${least} to 1000`;
  return z
    .int(what)
    .min(least, what)
    .max(1000, what)
    .describe(`Invocations at once; w${what.slice('must be a w'.length)}.`)
    .exactOptional();
}
