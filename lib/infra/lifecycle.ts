import { Aws, Duration } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Alerts } from './alerts.ts';
import type { StackContext } from './context.ts';
import { deadLetterQueue } from './dead-letters.ts';
import type { Lake } from './lake.ts';
import { allowLake } from './lake-access.ts';
import { eachMinute } from './schedule.ts';
import { StageFunction } from './stage-function.ts';

const TIMEOUT = Duration.minutes(5);
/** One invocation a minute takes in all that came: each ledger's state is read and written once. */
const WINDOW = Duration.seconds(60);
const BATCH = 1000;
/** Two: one that hangs does not stop the other, and more would only race for the same books. */
const AT_ONCE = 2;
const TRIES = 5;
/**
 * SQS hides a message for this long while a function works on it, and before one that failed comes again: the window, and
 * twice the timeout. AWS advises six times, for calls that are throttled; here the queue itself calls no more than two.
 */
const HIDDEN = Duration.seconds(2 * 300 + 60);

export interface LifecycleProps {
  readonly context: StackContext;
  readonly lake: Lake;
  readonly alerts: Alerts;
}

/** New objects → queue → the ledger; and each minute what time alone brings. */
export class Lifecycle extends Construct {
  readonly function: StageFunction;
  readonly queue: Queue;
  /** Objects that could not be taken in, and calls of the clock that failed. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { context, lake, alerts }: LifecycleProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      visibilityTimeout: HIDDEN,
      retentionPeriod: Duration.days(14),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: TRIES },
    });
    // The account instead of the bucket's ARN, for the bucket needs this policy before it is made.
    const { policyDependable } = this.queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
          ArnLike: { 'aws:SourceArn': `arn:${Aws.PARTITION}:s3:::*` },
        },
      }),
    );
    lake.notify(this.queue, policyDependable ?? this.queue);

    this.function = new StageFunction(this, 'Lifecycle', {
      stage: 'lifecycle',
      context,
      description: 'Folds what bots did into trades, positions, orders and equity',
      timeout: TIMEOUT,
      memoryMb: 2048,
      environment: {
        NIGHTDESK_LAKE_BUCKET: lake.bucket.bucketName,
        NIGHTDESK_ALERT_QUEUE: alerts.queue.queueUrl,
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
      description: 'What has waited long enough is folded; runs end',
      target: this.function.function,
      deadLetters: this.deadLetters,
    });
    alerts.takesFrom(this.function);
    allowLake(this.function, lake, {
      read: ['events', 'late', 'curated', 'derived', 'state'],
      write: ['derived', 'state'],
      delete: ['state'],
    });
  }
}
