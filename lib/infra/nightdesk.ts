import { CfnOutput, Stack, Tags } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { METADATA_KEY, type StackMetadata } from '../core/config/function-settings.ts';
import { type Config, functionSettings, parseConfig } from '../core/config/index.ts';
import { NightdeskError } from '../core/errors.ts';
import type { LedgerConfig } from '../core/lifecycle/types.ts';
import type { NamedQuery } from '../core/query/named.ts';
import { Access } from './access.ts';
import { acknowledge } from './acknowledge.ts';
import { Alarms } from './alarms.ts';
import type { StackContext } from './context.ts';
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
  readonly transform: Transform;
  readonly door: Door;
  readonly lifecycle: Lifecycle;
  readonly snapshots: Snapshots;
  readonly reconcile: Reconcile;
  readonly query: Query;
  readonly alarms: Alarms;
  readonly access: Access;

  constructor(scope: Construct, id: string, props: NightdeskProps) {
    super(scope, id);
    const { root, queries, config = parseConfig({}, 'defaults'), markets } = props;
    const settings = functionSettings(config, markets);
    const text = JSON.stringify(settings);
    requireSize(text);
    const key = keyOf(this, config);
    const context: StackContext = { config, root, settings: text, key };
    this.lake = new Lake(this, 'Lake', context);
    const lake = this.lake;
    this.transform = new Transform(this, 'Transform', context);
    this.door = new Door(this, 'Door', { context, lake, transform: this.transform });
    this.lifecycle = new Lifecycle(this, 'Lifecycle', { context, lake });
    this.snapshots = new Snapshots(this, 'Snapshots', { context, lake });
    this.reconcile = new Reconcile(this, 'Reconcile', { context, lake });
    this.query = new Query(this, 'Query', { context, lake, queries });
    this.alarms = new Alarms(this, 'Alarms', {
      context,
      stream: this.door.stream,
      queue: this.lifecycle.queue,
      functions: {
        transform: this.transform.function.function,
        lifecycle: this.lifecycle.function.function,
        snapshots: this.snapshots.function.function,
        reconcile: this.reconcile.function.function,
        query: this.query.function.function,
      },
      deadLetters: {
        lifecycle: this.lifecycle.deadLetters,
        snapshots: this.snapshots.deadLetters,
        reconcile: this.reconcile.deadLetters,
      },
    });
    this.access = new Access(this, 'Access', { context, lake, stream: this.door.stream, query: this.query });
    this.#describe(config, { settings });
  }

  /** What the command line reads: names as outputs, settings as metadata. */
  #describe(config: Config, metadata: StackMetadata): void {
    const stack = Stack.of(this);
    stack.addMetadata(METADATA_KEY, metadata);
    const { alarms, database, deliveryStream, workgroup } = namesOf(config);
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
    output('AlarmTopic', this.alarms.topic.topicArn, 'Topic that alarms are published to');
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
