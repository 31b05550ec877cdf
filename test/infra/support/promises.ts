import { glueTables } from '../../../lib/core/catalog/glue.ts';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { MOST_PARTITIONS } from '../../../lib/core/config/index.ts';
import { textOf } from '../../../lib/infra/permissions.ts';
import type { Resource, TemplateJson } from './synth.ts';

type Json = Readonly<Record<string, unknown>>;
interface Named extends Resource {
  readonly id: string;
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Json;
  readonly Principal?: unknown;
}

const named = ({ Resources }: TemplateJson, ...types: readonly string[]): Named[] =>
  Object.entries(Resources).flatMap(([id, resource]) => (types.includes(resource.Type) ? [{ id, ...resource }] : []));

const listed = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], value);

export const statementsOf = ({ Properties }: Resource): Statement[] =>
  at(Properties, 'PolicyDocument', 'Statement') as Statement[];

export const actionsOf = ({ Action }: Statement): string[] => listed(Action).map(String);
export const resourcesIn = ({ Resource: resources }: Statement): string[] => listed(resources).map(textOf);

const POLICIES = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::Role'];

export const policiesOf = (template: TemplateJson): { id: string; statements: Statement[] }[] => [
  ...named(template, 'AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy').map((policy) => ({
    id: policy.id,
    statements: statementsOf(policy),
  })),
  ...named(template, 'AWS::IAM::Role').flatMap(({ id, Properties }) =>
    listed(Properties.Policies ?? []).map((policy) => ({
      id,
      statements: at(policy, 'PolicyDocument', 'Statement') as Statement[],
    })),
  ),
];

/** What the stack promises. Each gives the breaches of it, one sentence each. */
export const PROMISES: Readonly<Record<string, (template: TemplateJson) => string[]>> = {
  'no bucket is public': (template) =>
    named(template, 'AWS::S3::Bucket').flatMap(({ id, Properties }) => {
      const block = Properties.PublicAccessBlockConfiguration as Json | undefined;
      const all = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];
      return all.every((name) => block?.[name] === true) ? [] : [`${id} may be public`];
    }),
  'nothing is said or stored in the clear': (template) => [
    ...requireTls(template, 'AWS::S3::Bucket', 'AWS::S3::BucketPolicy', 'Bucket'),
    ...requireTls(template, 'AWS::SQS::Queue', 'AWS::SQS::QueuePolicy', 'Queues'),
    ...requireTls(template, 'AWS::SNS::Topic', 'AWS::SNS::TopicPolicy', 'Topics'),
    ...named(template, 'AWS::S3::Bucket').flatMap(({ id, Properties }) =>
      Properties.BucketEncryption === undefined ? [`${id} is not encrypted`] : [],
    ),
    ...named(template, 'AWS::SQS::Queue').flatMap(({ id, Properties }) =>
      Properties.SqsManagedSseEnabled === true || Properties.KmsMasterKeyId !== undefined
        ? []
        : [`${id} is not encrypted`],
    ),
    ...named(template, 'AWS::KinesisFirehose::DeliveryStream').flatMap(({ id, Properties }) =>
      at(Properties, 'DeliveryStreamEncryptionConfigurationInput', 'KeyType') === undefined
        ? [`${id} is not encrypted`]
        : [],
    ),
    ...named(template, 'AWS::Athena::WorkGroup').flatMap(({ id, Properties }) =>
      at(Properties, 'WorkGroupConfiguration', 'ResultConfiguration', 'EncryptionConfiguration', 'EncryptionOption') ===
        undefined || at(Properties, 'WorkGroupConfiguration', 'EnforceWorkGroupConfiguration') !== true
        ? [`results of ${id} are not encrypted, or whoever asks may say so`]
        : [],
    ),
  ],
  'every queue has dead letters, and every queue of dead letters an alarm': (template) => {
    const dead = deadLettersOf(template);
    const watched = new Set(
      named(template, 'AWS::CloudWatch::Alarm').flatMap(({ Properties }) =>
        listed(Properties.Dimensions ?? []).map((dimension) => textOf(at(dimension, 'Value'))),
      ),
    );
    return named(template, 'AWS::SQS::Queue').flatMap(({ id, Properties }) => {
      if (!dead.has(id)) return Properties.RedrivePolicy === undefined ? [`${id} has no dead letters`] : [];
      return watched.has(`<${id}.QueueName>`) ? [] : [`nobody watches ${id}`];
    });
  },
  'every alarm tells somebody, by itself or through the one over all': (template) => {
    const rules = named(template, 'AWS::CloudWatch::CompositeAlarm').map(({ Properties }) =>
      textOf(Properties.AlarmRule),
    );
    const heard = ({ Properties }: Named): boolean =>
      listed(Properties.AlarmActions ?? []).length > 0 && listed(Properties.OKActions ?? []).length > 0;
    return [
      ...named(template, 'AWS::CloudWatch::CompositeAlarm').flatMap((one) =>
        heard(one) ? [] : [`${one.id} rings unheard`],
      ),
      ...named(template, 'AWS::CloudWatch::Alarm').flatMap(({ id }) =>
        rules.some((rule) => rule.includes(`ALARM("<${id}.Arn>")`)) ? [] : [`${id} rings unheard`],
      ),
    ];
  },
  'what may keep the alerts from telling anybody rings by itself': (template) => {
    const ids = new Set(
      [...stageFunctions(template), ...named(template, 'AWS::SQS::Queue')]
        .filter(({ id }) => id.startsWith('NightdeskAlerts'))
        .map(({ id }) => id),
    );
    return named(template, 'AWS::CloudWatch::Alarm').flatMap(({ id, Properties }) => {
      const about = listed(Properties.Dimensions ?? []).map((dimension) => textOf(at(dimension, 'Value')));
      const dead = about.some((value) => ids.has(value.slice(1).split(/[.>]/)[0] ?? ''));
      return dead && listed(Properties.AlarmActions ?? []).length === 0 ? [`${id} needs the function it is about`] : [];
    });
  },
  'the topic of alarms reaches the alerts, and the alerts never it': (template) => {
    const topics = named(template, 'AWS::CloudWatch::CompositeAlarm').flatMap(({ Properties }) =>
      listed(Properties.AlarmActions ?? []).map(textOf),
    );
    const told = named(template, 'AWS::SNS::Subscription').filter(({ Properties }) => Properties.Protocol === 'lambda');
    return [
      ...(told.length === 1 && topics.includes(textOf(told[0]?.Properties.TopicArn))
        ? []
        : ['no function hears of alarms']),
      ...policiesOf(template).flatMap(({ id, statements }) =>
        statements
          .filter((one) => actionsOf(one).includes('sns:Publish'))
          .flatMap(resourcesIn)
          .filter((arn) => topics.includes(arn))
          .map((arn) => `${id} publishes to ${arn}, which wakes it`),
      ),
    ];
  },
  'silence rings: no data at all breaches, for what must be heard of': (template) =>
    ['IncomingRecords', 'Invocations'].flatMap((metric) => {
      const alarm = named(template, 'AWS::CloudWatch::Alarm').find(
        ({ Properties }) => Properties.MetricName === metric,
      );
      const { TreatMissingData, ComparisonOperator, Threshold, AlarmActions } = alarm?.Properties ?? {};
      return TreatMissingData === 'breaching' &&
        ComparisonOperator === 'LessThanThreshold' &&
        Threshold === 1 &&
        listed(AlarmActions ?? []).length > 0
        ? []
        : [`nobody notices that ${metric} end`];
    }),
  'alarms are of metrics that CloudWatch takes: no search, at most ten, all of the period that is meant': (template) =>
    named(template, 'AWS::CloudWatch::Alarm').flatMap(({ id, Properties }) => {
      const metrics = (Properties.Metrics ?? []) as readonly Json[];
      const stats = metrics.filter(({ MetricStat }) => MetricStat !== undefined);
      const periods = new Set(stats.map((one) => at(one, 'MetricStat', 'Period')));
      return [
        ...(/SEARCH|SELECT/.test(JSON.stringify(metrics)) ? [`${id} searches`] : []),
        ...(metrics.length > 10 ? [`${id} is of ${metrics.length} metrics`] : []),
        ...(metrics.length > 0 && (periods.size !== 1 || !periods.has(300))
          ? [`${id} has other periods than the rest`]
          : []),
      ];
    }),
  'nothing is made before the rights that it needs': (template) => [
    ...named(template, 'AWS::KinesisFirehose::DeliveryStream').flatMap((stream) =>
      madeAfterRights(template, stream, at(stream.Properties, 'ExtendedS3DestinationConfiguration', 'RoleARN')),
    ),
    ...named(template, 'AWS::Scheduler::Schedule').flatMap((schedule) =>
      madeAfterRights(template, schedule, at(schedule.Properties, 'Target', 'RoleArn')),
    ),
    ...named(template, 'AWS::S3::Bucket').flatMap((bucket) => {
      const policies = named(template, 'AWS::SQS::QueuePolicy').map(({ id }) => id);
      return policies.some((id) => bucket.DependsOn?.includes(id)) ? [] : [`${bucket.id} may not tell its queue yet`];
    }),
  ],
  'who is called without waiting for the answer has dead letters': (template) => [
    ...named(template, 'AWS::Scheduler::Schedule').flatMap(({ id, Properties }) =>
      at(Properties, 'Target', 'DeadLetterConfig', 'Arn') === undefined ? [`${id} has no dead letters`] : [],
    ),
    ...scheduledFunctions(template).flatMap(({ id, Properties }) =>
      Properties.DeadLetterConfig === undefined ? [`${id} has no dead letters`] : [],
    ),
  ],
  'logs are kept for a while, and not for ever': (template) => {
    const groups = named(template, 'AWS::Logs::LogGroup');
    return [
      ...groups.flatMap(({ id, Properties }) =>
        Properties.RetentionInDays === undefined ? [`${id} is kept for ever`] : [],
      ),
      ...named(template, 'AWS::Lambda::Function').flatMap(({ id, Properties }) =>
        groups.some((group) => textOf(at(Properties, 'LoggingConfig', 'LogGroup') ?? '') === `<${group.id}>`)
          ? []
          : [`${id} logs into a group of its own, kept for ever`],
      ),
    ];
  },
  'the columns of a table are those of the catalog': (template) => {
    const expected = new Map(glueTables({ bucket: '' }).map((table) => [table.name, columnsText(table.columns)]));
    const found = named(template, 'AWS::Glue::Table').map(({ Properties }) => ({
      name: String(at(Properties, 'TableInput', 'Name')),
      columns: at(Properties, 'TableInput', 'StorageDescriptor', 'Columns') as { Name: string; Type: string }[],
    }));
    return [
      ...found
        .filter(
          ({ name, columns }) =>
            columnsText(columns.map((c) => ({ name: c.Name, type: c.Type }))) !== expected.get(name),
        )
        .map(({ name }) => `${name} differs from the catalog`),
      ...[...expected.keys()]
        .filter((name) => !found.some((table) => table.name === name))
        .map((name) => `${name} is missing`),
    ];
  },
  'an object that Firehose writes is found by the table of its stream': (template) => {
    const tables = new Map(
      named(template, 'AWS::Glue::Table').map(({ Properties }) => [
        String(at(Properties, 'TableInput', 'Name')),
        textOf(at(Properties, 'TableInput', 'Parameters', 'storage.location.template')),
      ]),
    );
    return named(template, 'AWS::KinesisFirehose::DeliveryStream').flatMap(({ Properties }) => {
      const destination = Properties.ExtendedS3DestinationConfiguration as Json;
      const bucket = textOf(destination.BucketARN).replace('.Arn', '');
      return Object.values(CATALOG)
        .filter(({ origin }) => origin !== 'derived')
        .flatMap(({ name, versions }) =>
          versions.flatMap((version) => {
            const keys = { stream: name, version: String(version), date: '2025-11-21' };
            const key = String(destination.Prefix).replaceAll(
              /!\{partitionKeyFromLambda:(\w+)\}/g,
              (_, key: keyof typeof keys) => keys[key],
            );
            const place = (tables.get(`${name}_v${version}`) ?? '')
              .replace(/\$\{tier\}/, 'events')
              .replace(/\$\{date\}/, keys.date);
            return place === `s3://${bucket}/${key}` ? [] : [`${name}_v${version} looks at ${place}, not at ${key}`];
          }),
        );
    });
  },
  'no function writes under the prefix that wakes it': (template) => {
    const waking = named(template, 'AWS::S3::Bucket').flatMap(({ Properties }) =>
      listed(at(Properties, 'NotificationConfiguration', 'QueueConfigurations') ?? []).map((one) =>
        String(at(one, 'Filter', 'S3Key', 'Rules', 0, 'Value') ?? ''),
      ),
    );
    const writers = policiesOf(template).filter(({ id }) => !/Door/.test(id)); // Firehose, which nothing wakes
    return [
      ...(waking.length === 0 || waking.includes('') ? ['every object wakes the ledger, or none'] : []),
      ...writers.flatMap(({ id, statements }) =>
        statements
          .filter(
            (one) => one.Effect === 'Allow' && actionsOf(one).some((action) => /^(\*|s3:(\*|Put.*))$/.test(action)),
          )
          .flatMap(resourcesIn)
          .filter((arn) => waking.some((prefix) => overlaps(arn, prefix)))
          .map((arn) => `${id} writes ${arn}`),
      ),
    ];
  },
  'no policy says * but for actions that know no resources': (template) =>
    policiesOf(template).flatMap(({ id, statements }) =>
      statements.flatMap((one) => {
        if (one.Effect !== 'Allow') return [];
        const wild = actionsOf(one).filter((action) => action.includes('*'));
        const everything = resourcesIn(one).filter((arn) => /^\*$|:::?\*|\.Arn>\/?\*$/.test(arn));
        // X-Ray knows no resources; of composite alarms CloudWatch tells only who may describe all of them.
        const without = actionsOf(one).every(
          (action) => action.startsWith('xray:Put') || action === 'cloudwatch:DescribeAlarms',
        );
        return [
          ...wild.map((action) => `${id} may do ${action}`),
          ...(without ? [] : everything.map((arn) => `${id} may ${actionsOf(one).join(', ')} on ${arn}`)),
        ];
      }),
    ),
  'no role has a policy that AWS manages': (template) =>
    named(template, ...POLICIES).flatMap(({ id, Properties }) =>
      listed(Properties.ManagedPolicyArns ?? []).length > 0 && !id.startsWith('Custom')
        ? [`${id} has a managed policy`]
        : [],
    ),
  'functions run on Node 24, on arm64, with traces': (template) =>
    stageFunctions(template).flatMap(({ id, Properties }) =>
      Properties.Runtime === 'nodejs24.x' &&
      listed(Properties.Architectures).join() === 'arm64' &&
      at(Properties, 'TracingConfig', 'Mode') === 'Active' &&
      at(Properties, 'LoggingConfig', 'LogFormat') === 'JSON'
        ? []
        : [`${id} differs`],
    ),
  'a query of the workgroup ends at a number of bytes': (template) =>
    named(template, 'AWS::Athena::WorkGroup').flatMap(({ id, Properties }) =>
      Number(at(Properties, 'WorkGroupConfiguration', 'BytesScannedCutoffPerQuery')) >= 10_000_000
        ? []
        : [`${id} has no limit`],
    ),
  'Firehose has few enough partitions open': (template) => {
    const { maxEventAgeMs } = at(template.Metadata, 'Nightdesk', 'settings') as { maxEventAgeMs: number };
    const versions = Object.values(CATALOG).filter(({ origin }) => origin !== 'derived');
    const count = versions.reduce((sum, one) => sum + one.versions.length, 0) * (maxEventAgeMs / 86_400_000 + 2);
    return count <= MOST_PARTITIONS ? [] : [`${count} partitions`];
  },
  'the lake is kept when the stack goes': (template) =>
    named(template, 'AWS::S3::Bucket').flatMap((bucket) =>
      bucket.DeletionPolicy === 'Retain' ? [] : [`${bucket.id} goes with the stack`],
    ),
};

export const breachesOf = (template: TemplateJson): string[] =>
  Object.entries(PROMISES).flatMap(([promise, check]) => check(template).map((breach) => `${promise}: ${breach}`));

export const stageFunctions = (template: TemplateJson): Named[] =>
  named(template, 'AWS::Lambda::Function').filter(
    ({ Properties }) => !/framework|^Custom/.test(textOf(Properties.Handler)) && Properties.Handler === 'index.handler',
  );

function scheduledFunctions(template: TemplateJson): Named[] {
  const targets = new Set(
    named(template, 'AWS::Scheduler::Schedule').map(({ Properties }) => textOf(at(Properties, 'Target', 'Arn'))),
  );
  return named(template, 'AWS::Lambda::Function').filter(({ id }) => targets.has(`<${id}.Arn>`));
}

/** S3, Firehose and the scheduler act, or look whether they may, as soon as they are made. */
function madeAfterRights(template: TemplateJson, { id, DependsOn }: Named, role: unknown): string[] {
  const policies = named(template, 'AWS::IAM::Policy').filter(({ Properties }) =>
    listed(Properties.Roles).some((one) => `${textOf(one).slice(0, -1)}.Arn>` === textOf(role)),
  );
  return policies.length > 0 && policies.every((policy) => DependsOn?.includes(policy.id))
    ? []
    : [`${id} is made before its role may do anything`];
}

function deadLettersOf(template: TemplateJson): Set<string> {
  const arns = [
    ...named(template, 'AWS::SQS::Queue').map(({ Properties }) =>
      at(Properties, 'RedrivePolicy', 'deadLetterTargetArn'),
    ),
    ...named(template, 'AWS::Lambda::Function').map(({ Properties }) =>
      at(Properties, 'DeadLetterConfig', 'TargetArn'),
    ),
  ];
  return new Set(arns.filter((arn) => arn !== undefined).map((arn) => textOf(arn).slice(1, -'.Arn>'.length)));
}

function requireTls(template: TemplateJson, type: string, policyType: string, property: string): string[] {
  const safe = new Set(
    named(template, policyType).flatMap((policy) =>
      statementsOf(policy).some(
        (one) => one.Effect === 'Deny' && at(one, 'Condition', 'Bool', 'aws:SecureTransport') === 'false',
      )
        ? listed(policy.Properties[property]).map(textOf)
        : [],
    ),
  );
  return named(template, type).flatMap(({ id }) => (safe.has(`<${id}>`) ? [] : [`${id} takes requests in the clear`]));
}

const columnsText = (columns: readonly { readonly name: string; readonly type: string }[]): string =>
  columns.map(({ name, type }) => `${name} ${type}`).join('\n');

/** Whether a pattern such as `<Bucket.Arn>/derived/*` matches any key of a prefix. */
function overlaps(arn: string, prefix: string): boolean {
  if (arn === '*') return true;
  const pattern = arn.slice(arn.indexOf('/') + 1);
  if (!arn.includes('/')) return false;
  const fixed = pattern.split('*')[0] ?? '';
  return fixed.startsWith(prefix) || prefix.startsWith(fixed);
}
