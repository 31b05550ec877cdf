import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Alias } from 'aws-cdk-lib/aws-kms';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ChannelSettings } from '../core/alerts/types.ts';
import { alertsOf } from '../core/config/index.ts';
import { acknowledge } from './acknowledge.ts';
import type { StackContext } from './context.ts';
import { deadLetterQueue } from './dead-letters.ts';
import type { Lake } from './lake.ts';
import { allowLake } from './lake-access.ts';
import { namesOf } from './names.ts';
import { eachMinute } from './schedule.ts';
import { StageFunction } from './stage-function.ts';

const TIMEOUT_S = 60;
/** Part of the ten seconds from event to message: two in Firehose, one here, the rest for folding and telling. */
const WINDOW = Duration.seconds(1);
const BATCH = 100;
/** Two: one that waits for a channel does not stop the other, and more would only race for the same states. */
const AT_ONCE = 2;
const TRIES = 5;
/** The window, and twice the timeout: as for the ledger's queue. */
const HIDDEN = Duration.seconds(2 * TIMEOUT_S + 60);

export interface AlertsProps {
  readonly context: StackContext;
  readonly lake: Lake;
}

/** What bots did, as it comes in and as it lies in the lake → queue → the rules → channels; and each minute what time alone brings. */
export class Alerts extends Construct {
  readonly function: StageFunction;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  /** Secrets with the addresses of channels, by the channel's name. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** What channels of kind `email` are told through. @default - none, where there is no such channel */
  readonly topic: Topic | undefined;

  constructor(scope: Construct, id: string, { context, lake }: AlertsProps) {
    super(scope, id);
    const { config, key } = context;
    const { channels } = alertsOf(config);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: HIDDEN,
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: TRIES },
    });
    this.secrets = new Map(
      channels.filter(({ kind }) => kind !== 'email').map((channel) => [channel.name, this.#secret(channel, context)]),
    );
    this.topic = channels.some(({ kind }) => kind === 'email') ? this.#topic(context) : undefined;

    const secretArns = Object.fromEntries([...this.secrets].map(([name, { secretArn }]) => [name, secretArn]));
    this.function = new StageFunction(this, 'Alerts', {
      stage: 'alerts',
      context,
      description: 'Holds what bots did against the rules, and tells people',
      timeout: Duration.seconds(TIMEOUT_S),
      memoryMb: 1024,
      environment: {
        NIGHTDESK_LAKE_BUCKET: lake.bucket.bucketName,
        NIGHTDESK_ALERT_SECRETS: JSON.stringify(secretArns),
        NIGHTDESK_PLATFORM_ALARM: namesOf(config).platformAlarm,
        ...(this.topic === undefined ? {} : { NIGHTDESK_ALERT_TOPIC: this.topic.topicArn }),
      },
      deadLetters: this.deadLetters,
    });
    this.function.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: BATCH,
        maxBatchingWindow: WINDOW,
        maxConcurrency: AT_ONCE,
        reportBatchItemFailures: true,
      }),
    );
    eachMinute(this, {
      context,
      description: 'Rules about time and silence; gauges; messages that wait',
      target: this.function.function,
      deadLetters: this.deadLetters,
    });
    allowLake(this.function, lake, {
      read: ['events', 'late', 'derived/trade_lifecycle/', 'derived/order_lifecycle/', 'state/alerts'],
      write: ['derived/alert/', 'state/alerts'],
      delete: ['state/alerts'],
    });
    if (this.secrets.size > 0)
      this.function.allow({
        actions: ['secretsmanager:GetSecretValue'],
        resources: [...this.secrets.values()].map(({ secretArn }) => secretArn),
      });
    if (this.topic !== undefined) this.function.allow({ actions: ['sns:Publish'], resources: [this.topic.topicArn] });
    this.function.allow({
      actions: ['cloudwatch:DescribeAlarms'],
      resources: ['*'],
      why: 'Alarms are looked up by the composite one that they are children of: CloudWatch answers of composite alarms only who may describe all (API reference, DescribeAlarms).',
    });
    if (key !== undefined && this.secrets.size > 0)
      this.function.allow({ actions: ['kms:Decrypt'], resources: [key.keyArn] });
  }

  /** Lets a function of another stage send to the queue. */
  takesFrom(fn: StageFunction): void {
    fn.allow({ actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] });
  }

  /** Has the function told of the alarms of the platform. */
  hears(alarms: ITopic): void {
    alarms.addSubscription(new LambdaSubscription(this.function.function, { deadLetterQueue: this.deadLetters }));
  }

  /** Holds no address at first: whoever runs the stack puts it in. */
  #secret({ name, kind }: ChannelSettings, { config, key }: StackContext): Secret {
    const secret = new Secret(this, `Secret-${name}`, {
      description: `Address of the ${kind} channel ${name} of Nightdesk (${config.aws.name}): https://…`,
      removalPolicy: RemovalPolicy.DESTROY,
      generateSecretString: { passwordLength: 32, excludePunctuation: true },
      ...(key === undefined ? {} : { encryptionKey: key }),
    });
    acknowledge(secret, {
      'AwsSolutions-SMG4': 'The address of a webhook is made by the service behind it; AWS cannot make a new one.',
    });
    return secret;
  }

  #topic({ config, key }: StackContext): Topic {
    const topic = new Topic(this, 'Topic', {
      displayName: `Nightdesk ${config.aws.name} alerts`,
      enforceSSL: true,
      // The key that AWS keeps for SNS: the function may use it because it may publish.
      masterKey: key ?? Alias.fromAliasName(this, 'SnsKey', 'alias/aws/sns'),
    });
    for (const address of config.aws.alarms.email) topic.addSubscription(new EmailSubscription(address));
    return topic;
  }
}
