import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type FunctionSettings, METADATA_KEY, type StackMetadata } from '../core/config/function-settings.ts';
import { type Config, functionSettings, parseConfig } from '../core/config/index.ts';
import { type StackBudget, stackBudget } from '../core/cost/stack-budget.ts';
import { NightdeskError } from '../core/errors.ts';
import type { LedgerConfig } from '../core/lifecycle/types.ts';
import type { NamedQuery } from '../core/query/named.ts';
import { Access } from './access.ts';
import { acknowledge } from './acknowledge.ts';
import { Alarms } from './alarms.ts';
import { Alerts } from './alerts.ts';
import type { StackContext } from './context.ts';
import { Dashboards } from './dashboards.ts';
import { Door } from './door.ts';
import { keyOf } from './encryption.ts';
import { Lake } from './lake.ts';
import { Lifecycle } from './lifecycle.ts';
import { namesOf } from './names.ts';
import { Query } from './query.ts';
import { Reconcile } from './reconcile.ts';
import { Snapshots } from './snapshots.ts';
import { Transform } from './transform.ts';

export interface NightdeskProps {
  /** Folder of the package, which holds `lambdas/` and `lib/`. */
  readonly root: string;
  /** The queries of `lib/queries`. */
  readonly queries: readonly NamedQuery[];
  /** Settings, as `nightdeskProps` reads them. @default - all defaults */
  readonly config?: Config;
  /** Instruments of the file that `ledger.markets` names. @default - none */
  readonly markets?: LedgerConfig['instruments'];
}

/**
 * The whole way of an event on AWS, for a stack of your own. One per stack.
 * @example
 * const nightdesk = new Nightdesk(stack, 'Nightdesk', await nightdeskProps('nightdesk.json'));
 * nightdesk.access.producer.attachToRole(bot.taskRole);
 */
export class Nightdesk extends Construct {
  readonly lake: Lake;
  readonly alerts: Alerts;
  readonly transform: Transform;
  readonly door: Door;
  readonly lifecycle: Lifecycle;
  readonly snapshots: Snapshots;
  readonly reconcile: Reconcile;
  readonly query: Query;
  readonly alarms: Alarms;
  /** Undefined where `aws.dashboards` is false, or no metrics are published. */
  readonly dashboards: Dashboards | undefined;
  readonly access: Access;

  constructor(scope: Construct, id: string, props: NightdeskProps) {
    super(scope, id);
    const { root, queries, config = parseConfig({}, 'defaults'), markets } = props;
    const budget = stackBudget(config);
    const settings = withBudget(functionSettings(config, markets), budget);
    const text = JSON.stringify(settings);
    requireSize(text);
    const key = keyOf(this, config);
    const context: StackContext = { config, root, settings: text, key };
    this.lake = new Lake(this, 'Lake', context);
    const lake = this.lake;
    this.alerts = new Alerts(this, 'Alerts', { context, lake });
    const alerts = this.alerts;
    this.transform = new Transform(this, 'Transform', { context, alerts });
    this.door = new Door(this, 'Door', { context, lake, transform: this.transform });
    this.lifecycle = new Lifecycle(this, 'Lifecycle', { context, lake, alerts });
    this.snapshots = new Snapshots(this, 'Snapshots', { context, lake });
    this.reconcile = new Reconcile(this, 'Reconcile', { context, lake });
    this.query = new Query(this, 'Query', { context, lake, queries });
    this.alarms = new Alarms(this, 'Alarms', {
      context,
      stream: this.door.stream,
      queue: this.lifecycle.queue,
      alertQueue: alerts.queue,
      functions: {
        transform: this.transform.function.function,
        lifecycle: this.lifecycle.function.function,
        alerts: alerts.function.function,
        snapshots: this.snapshots.function.function,
        reconcile: this.reconcile.function.function,
        query: this.query.function.function,
      },
      deadLetters: {
        lifecycle: this.lifecycle.deadLetters,
        alerts: alerts.deadLetters,
        snapshots: this.snapshots.deadLetters,
        reconcile: this.reconcile.deadLetters,
      },
    });
    alerts.hears(this.alarms.topic);
    this.dashboards =
      config.aws.dashboards && config.metrics.publish
        ? new Dashboards(this, 'Dashboards', { context, alarms: [this.alarms.platform, ...this.alarms.alarms] })
        : undefined;
    this.access = new Access(this, 'Access', { context, lake, stream: this.door.stream, query: this.query });
    this.#describe(config, { settings }, budget?.off ?? []);
  }

  /** What the command line reads: names as outputs, settings as metadata. */
  #describe(config: Config, metadata: StackMetadata, off: readonly string[]): void {
    const stack = Stack.of(this);
    stack.addMetadata(METADATA_KEY, metadata);
    const { alarms, database, deliveryStream, platformAlarm, workgroup } = namesOf(config);
    const outputs = new Construct(this, 'Outputs');
    const output = (name: string, value: string, description: string): void =>
      // Fixed ids, wherever in a stack the construct is: the command line looks for them.
      new CfnOutput(outputs, name, { value, description }).overrideLogicalId(`Nightdesk${name}`);
    output('LakeBucket', this.lake.bucket.bucketName, 'Bucket of the lake');
    output('DeliveryStream', deliveryStream, 'Where bots put their events');
    output('Database', database, 'Database of tables and views');
    output('Workgroup', workgroup, 'Athena workgroup');
    output('ViewsFunction', this.query.function.function.functionName, 'Writes the views when it is called');
    output('ProducerPolicy', this.access.producer.managedPolicyArn, 'For bots: put on the delivery stream');
    output('AnalystPolicy', this.access.analyst.managedPolicyArn, 'For people: ask in SQL');
    output('Alarms', alarms, 'Names of alarms begin so');
    output('PlatformAlarm', platformAlarm, 'The alarm over all others');
    output('AlarmTopic', this.alarms.topic.topicArn, 'Topic that alarms are published to');
    output('AlertQueue', this.alerts.queue.queueUrl, 'What the rules are shown');
    output('AlertsFunction', this.alerts.function.function.functionName, 'Holds what bots did against the rules');
    for (const [name, secret] of this.alerts.secrets)
      output(`AlertSecret${inPascalCase(name)}`, secret.secretArn, `Takes the address of the channel ${name}`);
    if (this.alerts.topic !== undefined)
      output('AlertTopic', this.alerts.topic.topicArn, 'Topic of the channels of kind email');
    if (off.length > 0) output('MetricsOff', off.join(', '), 'Strategies whose metrics aws.budget has no room for');
    if (this.transform.salt !== undefined)
      output('HashSecret', this.transform.salt.secretArn, 'Salt of the values that are hashed');
    Tags.of(this).add('nightdesk', config.aws.name);
    for (const [tag, value] of Object.entries(config.aws.tags)) Tags.of(this).add(tag, value);
    acknowledge(stack, {
      'CloudFormation-Validate::W7001':
        'The construct of Firehose brings a table of its own IP ranges, which only streams in a network use.',
    });
  }
}

/** Metrics that the budget has no room for are not published. */
const withBudget = (settings: FunctionSettings, budget: StackBudget | undefined): FunctionSettings =>
  budget === undefined || budget.off.length === 0
    ? settings
    : { ...settings, metrics: { ...settings.metrics, strategies: budget.on } };

/** Names of outputs are letters and digits. */
const inPascalCase = (name: string): string =>
  name.replaceAll(/(?:^|[^a-z0-9]+)([a-z0-9]?)/g, (_, letter: string) => letter.toUpperCase());

/** Settings stand in the template, which ends at 1 MB (CloudFormation quotas); the rest of it takes less than 400 KB. */
const MOST_SETTINGS_BYTES = 500_000;

function requireSize(settings: string): void {
  const bytes = Buffer.byteLength(settings);
  if (bytes > MOST_SETTINGS_BYTES)
    throw new NightdeskError(
      'CONFIG_INVALID',
      `ledger.instruments and ledger.markets: the settings of the functions take ${bytes} bytes, and at most ${MOST_SETTINGS_BYTES} fit into the template; leave out instruments that are not traded`,
    );
}
