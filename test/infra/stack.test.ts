import { beforeAll, expect, test } from 'vitest';
import { functionSettings, parseConfig } from '../../lib/core/config/index.ts';
import { DEFAULT_WORKLOAD } from '../../lib/core/cost/workload.ts';
import { actionsOf, breachesOf, PROMISES, policiesOf, resourcesIn } from './support/promises.ts';
import { only, resourcesOf, synth, type TemplateJson } from './support/synth.ts';

const SYNTH_MS = 180_000;

let template: TemplateJson;
beforeAll(() => {
  template = synth();
}, SYNTH_MS);

/** The template with one thing changed, as a careless edit would. */
function broken(change: (copy: TemplateJson & { Resources: Record<string, Mutable> }) => void): TemplateJson {
  const copy = structuredClone(template) as TemplateJson & { Resources: Record<string, Mutable> };
  change(copy);
  return copy;
}

// biome-ignore lint/suspicious/noExplicitAny: a template is JSON of many shapes, and these tests only damage it
type Mutable = any;
const first = (copy: { Resources: Record<string, Mutable> }, type: string): Mutable =>
  Object.values(copy.Resources).find((resource) => resource.Type === type);

test('the stack keeps every promise', () => {
  expect(breachesOf(template)).toEqual([]);
});

const BREACHES: readonly [
  keyof typeof PROMISES,
  (copy: { Resources: Record<string, Mutable>; Metadata: Mutable }) => void,
][] = [
  ['no bucket is public', (t) => delete first(t, 'AWS::S3::Bucket').Properties.PublicAccessBlockConfiguration],
  ['nothing is said or stored in the clear', (t) => delete t.Resources[idOf(t, 'AWS::S3::BucketPolicy')]],
  ['nothing is said or stored in the clear', (t) => delete first(t, 'AWS::SQS::Queue').Properties.SqsManagedSseEnabled],
  [
    'nothing is said or stored in the clear',
    (t) =>
      delete first(t, 'AWS::KinesisFirehose::DeliveryStream').Properties.DeliveryStreamEncryptionConfigurationInput,
  ],
  [
    'nothing is said or stored in the clear',
    (t) => {
      first(t, 'AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration.EnforceWorkGroupConfiguration = false;
    },
  ],
  [
    'every queue has dead letters, and every queue of dead letters an alarm',
    (t) => {
      for (const queue of Object.values(t.Resources)) delete queue.Properties.RedrivePolicy;
    },
  ],
  [
    'every queue has dead letters, and every queue of dead letters an alarm',
    (t) => {
      for (const [id, { Type }] of Object.entries(t.Resources))
        if (Type === 'AWS::CloudWatch::Alarm' && /DeadLetters|deadletters/i.test(id)) delete t.Resources[id];
    },
  ],
  [
    'who is called without waiting for the answer has dead letters',
    (t) => delete first(t, 'AWS::Scheduler::Schedule').Properties.Target.DeadLetterConfig,
  ],
  [
    'who is called without waiting for the answer has dead letters',
    (t) => {
      for (const { Type, Properties } of Object.values(t.Resources))
        if (Type === 'AWS::Lambda::Function') delete Properties.DeadLetterConfig;
    },
  ],
  [
    'every alarm tells somebody, by itself or through the one over all',
    (t) => delete first(t, 'AWS::CloudWatch::CompositeAlarm').Properties.AlarmActions,
  ],
  [
    'every alarm tells somebody, by itself or through the one over all',
    (t) => {
      const { Properties } = first(t, 'AWS::CloudWatch::CompositeAlarm');
      Properties.AlarmRule['Fn::Join'][1].splice(1, 1);
    },
  ],
  [
    'what may keep the alerts from telling anybody rings by itself',
    (t) => {
      for (const { Type, Properties } of Object.values(t.Resources))
        if (Type === 'AWS::CloudWatch::Alarm') delete Properties.AlarmActions;
    },
  ],
  [
    'the topic of alarms reaches the alerts, and the alerts never it',
    (t) => delete t.Resources[idOf(t, 'AWS::SNS::Subscription')],
  ],
  [
    'the topic of alarms reaches the alerts, and the alerts never it',
    (t) => {
      const [topic] = first(t, 'AWS::CloudWatch::CompositeAlarm').Properties.AlarmActions;
      first(t, 'AWS::IAM::Policy').Properties.PolicyDocument.Statement.push({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Resource: topic,
      });
    },
  ],
  [
    'silence rings: no data at all breaches, for what must be heard of',
    (t) => {
      alarmOn(t, 'IncomingRecords').TreatMissingData = 'notBreaching';
    },
  ],
  [
    'silence rings: no data at all breaches, for what must be heard of',
    (t) => delete alarmOn(t, 'Invocations').AlarmActions,
  ],
  [
    'alarms are of metrics that CloudWatch takes: no search, at most ten, all of the period that is meant',
    (t) => {
      mathIn(t)[0].Expression = "SUM(SEARCH('{AWS/Lambda,FunctionName} Errors', 'Sum', 300))";
    },
  ],
  [
    'alarms are of metrics that CloudWatch takes: no search, at most ten, all of the period that is meant',
    (t) => {
      for (const one of mathIn(t)) if (one.MetricStat !== undefined) one.MetricStat.Period = 60;
    },
  ],
  [
    'alarms are of metrics that CloudWatch takes: no search, at most ten, all of the period that is meant',
    (t) => {
      mathIn(t).push(...Array.from({ length: 10 }, () => mathIn(t).at(-1)));
    },
  ],
  ['nothing is made before the rights that it needs', (t) => delete first(t, 'AWS::S3::Bucket').DependsOn],
  ['nothing is made before the rights that it needs', (t) => delete first(t, 'AWS::Scheduler::Schedule').DependsOn],
  [
    'nothing is made before the rights that it needs',
    (t) => delete first(t, 'AWS::KinesisFirehose::DeliveryStream').DependsOn,
  ],
  [
    'logs are kept for a while, and not for ever',
    (t) => delete first(t, 'AWS::Logs::LogGroup').Properties.RetentionInDays,
  ],
  [
    'logs are kept for a while, and not for ever',
    (t) => delete first(t, 'AWS::Lambda::Function').Properties.LoggingConfig,
  ],
  [
    'the columns of a table are those of the catalog',
    (t) => {
      first(t, 'AWS::Glue::Table').Properties.TableInput.StorageDescriptor.Columns[3].Type = 'int';
    },
  ],
  ['the columns of a table are those of the catalog', (t) => delete t.Resources[idOf(t, 'AWS::Glue::Table')]],
  [
    'an object that Firehose writes is found by the table of its stream',
    (t) => {
      const { ExtendedS3DestinationConfiguration: to } = first(t, 'AWS::KinesisFirehose::DeliveryStream').Properties;
      to.Prefix = to.Prefix.replace('date=', 'dt=');
    },
  ],
  [
    'an object that Firehose writes is found by the table of its stream',
    (t) => {
      const { Parameters } = first(t, 'AWS::Glue::Table').Properties.TableInput;
      Parameters['storage.location.template'] = 's3://elsewhere/';
    },
  ],
  [
    'no function writes under the prefix that wakes it',
    (t) => {
      for (const { Type, Properties } of Object.values(t.Resources))
        if (Type === 'AWS::IAM::Policy')
          for (const one of Properties.PolicyDocument.Statement)
            if (one.Action === 's3:PutObject')
              one.Resource = { 'Fn::Join': ['', [{ Ref: 'B' }, '/events/execution/*']] };
    },
  ],
  [
    'no function writes under the prefix that wakes it',
    (t) => {
      const { NotificationConfiguration: told } = first(t, 'AWS::S3::Bucket').Properties;
      delete told.QueueConfigurations[0].Filter;
    },
  ],
  [
    'no policy says * but for actions that know no resources',
    (t) => {
      for (const one of first(t, 'AWS::IAM::Policy').Properties.PolicyDocument.Statement) one.Resource = '*';
    },
  ],
  [
    'no policy says * but for actions that know no resources',
    (t) => {
      first(t, 'AWS::IAM::Policy').Properties.PolicyDocument.Statement[1].Action = 's3:*';
    },
  ],
  [
    'no role has a policy that AWS manages',
    (t) => {
      first(t, 'AWS::IAM::Role').Properties.ManagedPolicyArns = ['arn:aws:iam::aws:policy/AdministratorAccess'];
    },
  ],
  [
    'functions run on Node 24, on arm64, with traces',
    (t) => {
      first(t, 'AWS::Lambda::Function').Properties.Architectures = ['x86_64'];
    },
  ],
  [
    'a query of the workgroup ends at a number of bytes',
    (t) => delete first(t, 'AWS::Athena::WorkGroup').Properties.WorkGroupConfiguration.BytesScannedCutoffPerQuery,
  ],
  [
    'Firehose has few enough partitions open',
    (t) => {
      t.Metadata.Nightdesk.settings.maxEventAgeMs = 30 * 86_400_000;
    },
  ],
  [
    'the lake is kept when the stack goes',
    (t) => {
      first(t, 'AWS::S3::Bucket').DeletionPolicy = 'Delete';
    },
  ],
];

const alarmOn = (copy: { Resources: Record<string, Mutable> }, metric: string): Mutable =>
  Object.values(copy.Resources).find(
    ({ Type, Properties }) => Type === 'AWS::CloudWatch::Alarm' && Properties.MetricName === metric,
  ).Properties;
const mathIn = (copy: { Resources: Record<string, Mutable> }): Mutable =>
  Object.values(copy.Resources).find(({ Type, Properties }) => Type === 'AWS::CloudWatch::Alarm' && Properties.Metrics)
    .Properties.Metrics;

const idOf = (copy: { Resources: Record<string, Mutable> }, type: string): string =>
  Object.keys(copy.Resources).find((id) => copy.Resources[id].Type === type) ?? '';

test.each(BREACHES)('%s: a template that breaks it is found (%#)', (promise, change) => {
  expect(PROMISES[promise]?.(broken(change))).not.toEqual([]);
});

test('every promise has a breach that shows it can fail', () => {
  const shown = new Set(BREACHES.map(([promise]) => promise));
  expect(Object.keys(PROMISES).filter((promise) => !shown.has(promise))).toEqual([]);
});

test('the permissions of every role, and of who uses the stack, are these', async () => {
  const lines = policiesOf(template).flatMap(({ id, statements }) => [
    id.replace(/^Nightdesk|(DefaultPolicy)?[0-9A-F]{8}$/g, ''),
    ...statements.flatMap((one) => [
      `  ${one.Effect} ${actionsOf(one).join(' ')}${one.Condition === undefined ? '' : ` where ${JSON.stringify(one.Condition)}`}`,
      ...resourcesIn(one).map((arn) => `    ${arn.replace(/([0-9A-F]{8})(?=[.>])/g, '')}`),
    ]),
  ]);

  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('permissions.txt');
});

test('the template is this; columns and queries are tested apart', async () => {
  const text = JSON.stringify(template, shortened, 1).replaceAll(/(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}/g, '$1');

  await expect(`${text}\n`).toMatchFileSnapshot('template.snap');
});

/** Leaves out what changes with any edit of code or catalog. */
function shortened(key: string, value: unknown): unknown {
  if (key === 'Columns' && Array.isArray(value)) return `${value.length > 40 ? 'many' : 'few'} columns`;
  if (key === 'QueryString') return 'SQL';
  if (key === 'S3Key') return 'code';
  return value;
}

test('what Firehose asks the function fits in its answer: 0.2 MB after 2 s, three tries', () => {
  const { ExtendedS3DestinationConfiguration: to } = only(template, 'AWS::KinesisFirehose::DeliveryStream')
    .Properties as { ExtendedS3DestinationConfiguration: { ProcessingConfiguration: { Processors: Processor[] } } };
  const processors = to.ProcessingConfiguration.Processors.map(({ Type, Parameters }) => [
    Type,
    Object.fromEntries(Parameters.map(({ ParameterName, ParameterValue }) => [ParameterName, ParameterValue])),
  ]);

  expect(processors).toEqual([
    ['RecordDeAggregation', { SubRecordType: 'DELIMITED', Delimiter: Buffer.from('\n').toString('base64') }],
    ['Lambda', expect.objectContaining({ BufferSizeInMBs: '0.2', BufferIntervalInSeconds: '2', NumberOfRetries: '3' })],
  ]);
});

interface Processor {
  readonly Type: string;
  readonly Parameters: readonly { readonly ParameterName: string; readonly ParameterValue: unknown }[];
}

test('the ledger is woken once a minute with up to 1,000 objects, the alerts once a second; each by two functions at most', () => {
  const mappings = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties);
  const shared = { ScalingConfig: { MaximumConcurrency: 2 }, FunctionResponseTypes: ['ReportBatchItemFailures'] };
  expect(mappings.sort((a, b) => Number(b.BatchSize) - Number(a.BatchSize))).toMatchObject([
    { BatchSize: 1000, MaximumBatchingWindowInSeconds: 60, ...shared },
    { BatchSize: 100, MaximumBatchingWindowInSeconds: 1, ...shared },
  ]);
  for (const { Properties } of resourcesOf(template, 'AWS::Lambda::Function'))
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
});

test('the command line finds the names as outputs and the settings of the functions as metadata', () => {
  expect(Object.keys(template.Outputs).sort()).toEqual([
    'NightdeskAlarmTopic',
    'NightdeskAlarms',
    'NightdeskAlertQueue',
    'NightdeskAlertSecretSlack',
    'NightdeskAlertsFunction',
    'NightdeskAnalystPolicy',
    'NightdeskDatabase',
    'NightdeskDeliveryStream',
    'NightdeskLakeBucket',
    'NightdeskPlatformAlarm',
    'NightdeskProducerPolicy',
    'NightdeskViewsFunction',
    'NightdeskWorkgroup',
  ]);
  expect(template.Metadata.Nightdesk).toEqual({ settings: functionSettings(parseConfig({}, 'test')) });
});

test('the bill that `nightdesk cost` says counts the alarms, dashboards and secrets that are there', () => {
  const looked = resourcesOf(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) =>
    ((Properties.Metrics ?? [{ MetricStat: {} }]) as { MetricStat?: object }[]).filter(
      (one) => one.MetricStat !== undefined,
    ),
  );
  expect(looked.flat()).toHaveLength(DEFAULT_WORKLOAD.alarms);
  expect(resourcesOf(template, 'AWS::CloudWatch::CompositeAlarm')).toHaveLength(1);
  expect(resourcesOf(template, 'AWS::CloudWatch::Dashboard')).toHaveLength(DEFAULT_WORKLOAD.dashboards);
  expect(resourcesOf(template, 'AWS::SecretsManager::Secret')).toHaveLength(DEFAULT_WORKLOAD.secrets);
});

test('from event to message ten seconds are enough by design: two in Firehose, one in the queue', () => {
  const { ExtendedS3DestinationConfiguration: to } = only(template, 'AWS::KinesisFirehose::DeliveryStream')
    .Properties as { ExtendedS3DestinationConfiguration: { ProcessingConfiguration: { Processors: Processor[] } } };
  const waits = to.ProcessingConfiguration.Processors.flatMap(({ Parameters }) =>
    Parameters.filter(({ ParameterName }) => ParameterName === 'BufferIntervalInSeconds').map((one) =>
      Number(one.ParameterValue),
    ),
  );
  const windows = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(({ Properties }) =>
    Number(Properties.MaximumBatchingWindowInSeconds),
  );
  expect((waits[0] ?? Number.NaN) + Math.min(...windows)).toBeLessThanOrEqual(3);
});

test('the template is below what CloudFormation takes', () => {
  expect(Buffer.byteLength(JSON.stringify(template))).toBeLessThan(900_000); // 1 MB (CloudFormation quotas)
  expect(Object.keys(template.Resources).length).toBeLessThan(400); // 500
});
