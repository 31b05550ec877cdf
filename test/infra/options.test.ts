import { beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../lib/core/config/index.ts';
import { actionsOf, breachesOf, policiesOf } from './support/promises.ts';
import { only, type Resource, resourcesOf, synth, type TemplateJson } from './support/synth.ts';

const SYNTH_MS = 180_000;

describe('a stack with every option', () => {
  let template: TemplateJson;
  beforeAll(() => {
    template = synth({
      hash: ['account_id'],
      aws: {
        name: 'desk-prod',
        encryption: 'kms',
        removal: 'destroy',
        versioning: true,
        names: { bucket: 'my-lake', deliveryStream: 'bots', database: 'bots', workgroup: 'quants' },
        tags: { team: 'quant' },
        buffer: { interval: '300s', size: '64MiB' },
        retention: { audit: 'forever', raw: '40d', debug: '2d', logs: '7d' },
        query: { scanLimit: '10GB' },
        alarms: { email: ['night@example.org'], freshness: '30m' },
        budget: { monthlyUsd: 20 },
        reservedConcurrency: { transform: 5 },
        tracing: false,
      },
    });
  }, SYNTH_MS);

  test('keeps every promise but that the lake stays', () => {
    expect(breachesOf(template).filter((breach) => !/goes with the stack|Custom|with traces/.test(breach))).toEqual([]);
    expect(only(template, 'AWS::S3::Bucket').DeletionPolicy).toBe('Delete');
  });

  test('encrypts with a key of its own, which goes with it and turns yearly', () => {
    expect(only(template, 'AWS::KMS::Key')).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { EnableKeyRotation: true },
    });
    expect(JSON.stringify(only(template, 'AWS::S3::Bucket').Properties.BucketEncryption)).toContain('aws:kms');
    expect(JSON.stringify(only(template, 'AWS::KinesisFirehose::DeliveryStream').Properties)).toContain(
      'CUSTOMER_MANAGED_CMK',
    );
    expect(JSON.stringify(only(template, 'AWS::Athena::WorkGroup').Properties)).toContain('SSE_KMS');
    expect(only(template, 'AWS::SNS::Topic').Properties).toHaveProperty('KmsMasterKeyId');
  });

  test('who reads or writes what the key encrypts may use it; alarms and budget may tell through it', () => {
    const users = policiesOf(template).filter(({ statements }) =>
      statements.some((one) => actionsOf(one).includes('kms:Decrypt')),
    );
    const services = statementsOfKey(only(template, 'AWS::KMS::Key')).flatMap(
      ({ Principal }) => Principal.Service ?? [],
    );

    expect(users.map(({ id }) => id.replace(/^Nightdesk|(DefaultPolicy)?[0-9A-F]{8}$/g, '')).sort()).toEqual([
      'AccessAnalyst',
      'AlertsRole',
      'AlertsTickRole',
      'DoorRole',
      'LifecycleRole',
      'LifecycleTickRole',
      'QueryRole',
      'ReconcileNightlyRole',
      'ReconcileRole',
      'SnapshotsHourlyRole',
      'SnapshotsRole',
      'TransformRole',
    ]);
    expect([...new Set(services)].sort()).toEqual(['budgets.amazonaws.com', 'cloudwatch.amazonaws.com']);
  });

  test('has the names given', () => {
    expect(only(template, 'AWS::S3::Bucket').Properties.BucketName).toBe('my-lake');
    expect(only(template, 'AWS::KinesisFirehose::DeliveryStream').Properties.DeliveryStreamName).toBe('bots');
    expect(only(template, 'AWS::Glue::Database').Properties).toMatchObject({ DatabaseInput: { Name: 'bots' } });
    expect(only(template, 'AWS::Athena::WorkGroup').Properties.Name).toBe('quants');
  });

  test('keeps what the settings say', () => {
    const { Rules: rules } = only(template, 'AWS::S3::Bucket').Properties.LifecycleConfiguration as { Rules: Rule[] };
    const days = (prefix: string): number | undefined => rules.find((rule) => rule.Prefix === prefix)?.ExpirationInDays;

    expect(days('events/execution/')).toBeUndefined();
    expect(days('events/signals/')).toBe(40);
    expect(days('late/signals/')).toBe(40);
    expect(days('events/latency/')).toBe(2);
    expect(days('events/quarantine/')).toBe(90);
    expect(days('results/')).toBe(7);
    expect(rules.find((rule) => rule.Prefix === 'state/')).toMatchObject({
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      ExpiredObjectDeleteMarker: true,
    });
    for (const { Properties } of resourcesOf(template, 'AWS::Logs::LogGroup'))
      expect(Properties.RetentionInDays).toBe(7);
  });

  test('hashes with a salt that only the transform may read', () => {
    const [salt] = resourcesOf(template, 'AWS::SecretsManager::Secret').filter(({ Properties }) =>
      String(Properties.Description).startsWith('Salt'),
    );
    expect(salt?.DeletionPolicy).toBe('Delete'); // removal: destroy
    const saltArn = Object.keys(template.Resources).find((id) => template.Resources[id] === salt) ?? '';
    const readers = resourcesOf(template, 'AWS::IAM::Policy').filter(({ Properties }) =>
      JSON.stringify(Properties).includes(saltArn),
    );
    expect(readers.map(({ Properties }) => String(Properties.PolicyName))).toEqual([
      expect.stringContaining('Transform'),
    ]);
    expect(template.Outputs).toHaveProperty('NightdeskHashSecret');
  });

  test('tells an address, has a budget, takes concurrency out of the pool, traces nothing, and tags everything', () => {
    expect(JSON.stringify(template)).not.toContain('xray:');
    expect(resourcesOf(template, 'AWS::SNS::Subscription').map(({ Properties }) => Properties)).toContainEqual(
      expect.objectContaining({ Protocol: 'email', Endpoint: 'night@example.org' }),
    );
    expect(only(template, 'AWS::Budgets::Budget').Properties).toMatchObject({
      Budget: { BudgetLimit: { Amount: 20, Unit: 'USD' }, CostFilters: { TagKeyValue: ['user:nightdesk$desk-prod'] } },
    });
    const reserved = resourcesOf(template, 'AWS::Lambda::Function').flatMap(
      ({ Properties }) => Properties.ReservedConcurrentExecutions ?? [],
    );
    expect(reserved).toEqual([5]);
    expect(only(template, 'AWS::S3::Bucket').Properties.Tags).toEqual(
      expect.arrayContaining([
        { Key: 'nightdesk', Value: 'desk-prod' },
        { Key: 'team', Value: 'quant' },
      ]),
    );
  });
});

interface KeyStatement {
  readonly Principal: { readonly Service?: readonly string[] };
}

const statementsOfKey = ({ Properties }: Resource): KeyStatement[] =>
  (Properties.KeyPolicy as { Statement: KeyStatement[] }).Statement;

interface Rule {
  readonly Prefix?: string;
  readonly ExpirationInDays?: number;
}

test(
  'only compacted days move to where access is infrequent: smaller objects would cost more there',
  () => {
    const { Rules: rules } = only(synth(), 'AWS::S3::Bucket').Properties.LifecycleConfiguration as { Rules: Rule[] };
    const moved = rules.filter((rule) => 'Transitions' in rule).map(({ Prefix }) => Prefix ?? '');

    expect(moved.length).toBeGreaterThan(0);
    expect(moved.filter((prefix) => !prefix.startsWith('curated/'))).toEqual([]);
  },
  SYNTH_MS,
);

test(
  'more partitions than Firehose is safe with are refused at synth',
  () => {
    const config = parseConfig({}, 'test');
    expect(config.aws.maxEventAge).toBe(7 * 86_400_000);
    expect(() => synth({ aws: { maxEventAge: '15d' } })).toThrow('aws.maxEventAge');
  },
  SYNTH_MS,
);

test(
  'snapshots of an hour wait until its last events are folded, with the longest lateness and buffer too',
  () => {
    const schedules = resourcesOf(
      synth({ aws: { lateness: '30m', buffer: { interval: '900s' } } }),
      'AWS::Scheduler::Schedule',
    );
    const hourly = schedules.filter(({ Properties }) => Properties.Description === 'Snapshots of the hour that ended');
    const minute = /^cron\((\d+) \* /.exec(String(hourly[0]?.Properties.ScheduleExpression))?.[1];

    expect(Number(minute)).toBeGreaterThan(30 + 1.5 * 15);
    expect(Number(minute)).toBeLessThan(60);
  },
  SYNTH_MS,
);

test(
  'a key of one’s own encrypts as a key of the stack does, and settings that the template cannot hold are refused by name',
  () => {
    const arn = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-1111-2222-333344445555';
    const template = synth({ aws: { encryption: arn } });
    const instruments = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`SYMBOL-${i}`, { kind: 'spot' }]));

    expect(resourcesOf(template, 'AWS::KMS::Key')).toEqual([]);
    expect(only(template, 'AWS::SNS::Topic').Properties.KmsMasterKeyId).toContain('0a1b2c3d');
    expect(JSON.stringify(only(template, 'AWS::S3::Bucket').Properties.BucketEncryption)).toContain(arn);
    expect(breachesOf(template)).toEqual([]);
    expect(() => synth({ ledger: { instruments } })).toThrow('leave out instruments that are not traded');
  },
  SYNTH_MS,
);

describe('what may be chosen of alerts, alarms and metrics', () => {
  test(
    'each channel with an address has a secret, and an e-mail channel a topic that no alarm publishes to',
    () => {
      const template = synth({
        alerts: { channels: { 'night-desk': { kind: 'slack' }, hook: { kind: 'webhook' }, mail: { kind: 'email' } } },
        aws: { alarms: { email: ['night@example.org'] } },
      });
      expect(breachesOf(template)).toEqual([]);
      expect(
        Object.keys(template.Outputs)
          .filter((name) => name.includes('Alert'))
          .sort(),
      ).toEqual([
        'NightdeskAlertQueue',
        'NightdeskAlertSecretHook',
        'NightdeskAlertSecretNightDesk',
        'NightdeskAlertTopic',
        'NightdeskAlertsFunction',
      ]);
      const emails = resourcesOf(template, 'AWS::SNS::Subscription').filter(
        ({ Properties }) => Properties.Protocol === 'email',
      );
      expect(new Set(emails.map(({ Properties }) => JSON.stringify(Properties.TopicArn))).size).toBe(2);
    },
    SYNTH_MS,
  );

  test(
    'silence rings after the time that is set, in periods of five minutes, or not at all',
    () => {
      const alarm = (settings: object) =>
        resourcesOf(synth(settings), 'AWS::CloudWatch::Alarm').find(
          ({ Properties }) => Properties.MetricName === 'IncomingRecords',
        )?.Properties;
      expect(alarm({ aws: { alarms: { silence: '24h' } } })).toMatchObject({ Period: 300, EvaluationPeriods: 288 });
      expect(alarm({ aws: { alarms: { silence: '11m' } } })).toMatchObject({ Period: 300, EvaluationPeriods: 3 });
      expect(alarm({ aws: { alarms: { silence: 'off' } } })).toBeUndefined();
      expect(() => parseConfig({ aws: { alarms: { silence: '25h' } } }, 'test')).toThrow('aws.alarms.silence');
    },
    SYNTH_MS,
  );

  test(
    'without metrics there are no dashboards, and no alarm waits for a metric that nobody publishes',
    () => {
      const template = synth({ metrics: { publish: false } });
      expect(resourcesOf(template, 'AWS::CloudWatch::Dashboard')).toEqual([]);
      expect(JSON.stringify(resourcesOf(template, 'AWS::CloudWatch::Alarm'))).not.toContain('pipeline.');
      expect(resourcesOf(synth({ aws: { dashboards: false } }), 'AWS::CloudWatch::Dashboard')).toEqual([]);
    },
    SYNTH_MS,
  );

  test(
    'metrics that the budget has no room for are switched off by name; a bill above it fails at synth',
    () => {
      const budget = { monthlyUsd: 60, eventsPerDay: 20_000, strategies: ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] };
      const template = synth({ aws: { budget } });
      const { settings } = template.Metadata.Nightdesk as { settings: { metrics: { strategies: string[] } } };
      const off = String(template.Outputs.NightdeskMetricsOff?.Value).split(', ');

      expect(settings.metrics.strategies[0]).toBe('a');
      expect([...settings.metrics.strategies, ...off]).toEqual(budget.strategies);
      expect(() => synth({ aws: { budget: { ...budget, strategies: 8 } } })).toThrow('aws.budget: 8 strategies');
    },
    SYNTH_MS,
  );
});
