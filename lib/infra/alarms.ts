import { Aws, Duration } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Stats,
  TreatMissingData,
  Unit,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { DeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { StackContext } from './context.ts';
import { namesOf } from './names.ts';

export interface AlarmsProps {
  readonly context: StackContext;
  readonly stream: DeliveryStream;
  /** Queue of new objects, whose oldest message says how far the ledger lags. */
  readonly queue: Queue;
  /** Functions by stage. */
  readonly functions: Readonly<Record<string, IFunction>>;
  /** Dead letters by stage. */
  readonly deadLetters: Readonly<Record<string, Queue>>;
}

interface Watch {
  readonly name: string;
  /** What is wrong when it rings, and what to do. */
  readonly description: string;
  readonly metric: IMetric;
  readonly above: number;
  /** Periods in a row. @default - one */
  readonly periods?: number;
}

const FIVE_MINUTES = Duration.minutes(5);

/** Alarms on the platform itself: what Firehose, the functions and the queues say. Nothing said is not an alarm: a quiet night is one. */
export class Alarms extends Construct {
  readonly topic: Topic;
  readonly #prefix: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { config, key } = props.context;
    this.#prefix = namesOf(config).alarms;
    this.topic = new Topic(this, 'Topic', {
      displayName: `Nightdesk ${config.aws.name}`,
      enforceSSL: true,
      ...(key === undefined ? {} : { masterKey: key }),
    });
    this.topic.grantPublish(ofThisAccount('cloudwatch.amazonaws.com'));
    for (const address of config.aws.alarms.email) this.topic.addSubscription(new EmailSubscription(address));
    if (key === undefined)
      acknowledge(this.topic, {
        'AwsSolutions-SNS2':
          'Alarms hold no data of bots, and CloudWatch cannot publish to a topic under the key that AWS owns; aws.encryption: kms encrypts it.',
      });
    for (const watch of [...streamWatches(props), ...functionWatches(props), ...queueWatches(props)]) this.#add(watch);
    this.#budget(props.context);
  }

  #add({ name, description, metric, above, periods = 1 }: Watch): void {
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#prefix}${name}`,
      alarmDescription: description,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
  }

  /** AWS's own budget on the stack's tag. */
  #budget({ config: { aws } }: StackContext): void {
    if (aws.budget === undefined) return;
    this.topic.grantPublish(ofThisAccount('budgets.amazonaws.com'));
    const subscribers = [{ subscriptionType: 'SNS', address: this.topic.topicArn }];
    const notification = (notificationType: string, threshold: number) => ({
      notification: { notificationType, threshold, thresholdType: 'PERCENTAGE', comparisonOperator: 'GREATER_THAN' },
      subscribers,
    });
    const budget = new CfnBudget(this, 'Budget', {
      budget: {
        budgetName: `${this.#prefix}monthly`,
        budgetType: 'COST',
        timeUnit: 'MONTHLY',
        budgetLimit: { amount: aws.budget.monthlyUsd, unit: 'USD' },
        // Counts only once the tag is a cost allocation tag of the account: docs/deploy.md.
        costFilters: { TagKeyValue: [`user:nightdesk$${aws.name}`] },
      },
      notificationsWithSubscribers: [notification('ACTUAL', 80), notification('FORECASTED', 100)],
    });
    budget.node.addDependency(this.topic); // with its policy, or there is nobody who may tell
  }
}

/** A service that acts for this account; without it an alarm of any other could ring here. */
const ofThisAccount = (service: string): ServicePrincipal =>
  new ServicePrincipal(service, { conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } } });

function streamWatches({ context, stream }: AlarmsProps): Watch[] {
  const { freshness } = context.config.aws.alarms;
  const metric = (name: string, statistic: string) => stream.metric(name, { statistic, period: FIVE_MINUTES });
  return [
    {
      name: 'freshness',
      description: 'The oldest event in Firehose waits too long for the lake: see the log group of the stream.',
      metric: metric('DeliveryToS3.DataFreshness', Stats.MAXIMUM).with({ unit: Unit.SECONDS }),
      above: freshness / 1000,
    },
    {
      name: 'throttled',
      description:
        'Firehose refuses records: the bots send again. Pack more lines in a record, or ask for a higher quota.',
      metric: metric('ThrottledRecords', Stats.SUM),
      above: 0,
      periods: 3, // a burst that a second try settles is no news
    },
    {
      name: 'not-processed',
      description: 'The transform failed or timed out for whole batches; what failed to the last try is under errors/.',
      // 1 is all well. An average below it means failures, whatever their number.
      metric: failures(stream),
      above: 0,
    },
    {
      name: 'partition-overflow',
      description:
        'Too many streams and days at once: records beyond go to errors/. `nightdesk redrive --aws` brings them in.',
      metric: metric('PartitionCountExceeded', Stats.MAXIMUM),
      above: 0,
    },
  ];
}

/** Firehose counts successes: 1 less their average is the share that failed. */
const failures = (stream: DeliveryStream): IMetric =>
  new MathExpression({
    expression: '1 - success',
    label: 'Share of failed calls',
    usingMetrics: { success: stream.metric('ExecuteProcessing.Success', { statistic: Stats.AVERAGE }) },
    period: FIVE_MINUTES,
  });

function functionWatches({ functions }: AlarmsProps): Watch[] {
  return Object.entries(functions).flatMap(([stage, fn]) => [
    {
      name: `${stage}-errors`,
      description: `The function ${stage} fails: its log group says why.`,
      metric: fn.metricErrors({ statistic: Stats.SUM, period: FIVE_MINUTES }),
      above: 0,
      periods: 2, // what a retry settles is no news
    },
    {
      name: `${stage}-throttles`,
      description: `The function ${stage} is held back: the account has no concurrency left.`,
      metric: fn.metricThrottles({ statistic: Stats.SUM, period: FIVE_MINUTES }),
      above: 0,
      periods: 3,
    },
  ]);
}

function queueWatches({ context, queue, deadLetters }: AlarmsProps): Watch[] {
  return [
    {
      name: 'lifecycle-backlog',
      description: 'The ledger lags behind the lake: its oldest new object waits too long.',
      metric: queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM, period: FIVE_MINUTES }),
      above: context.config.aws.alarms.backlog / 1000,
    },
    ...Object.entries(deadLetters).map(([stage, letters]) => ({
      name: `${stage}-dead-letters`,
      description: `Work of ${stage} failed to the last try and waits in its dead-letter queue for 14 days: redrive it in the SQS console once mended.`,
      metric: letters.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: FIVE_MINUTES }),
      above: 0,
    })),
  ];
}
