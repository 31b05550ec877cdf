import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, Stats, Unit } from 'aws-cdk-lib/aws-cloudwatch';
import type { DeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Config } from '../core/config/index.ts';
import { cloudWatchDimensions, metricNamed, SERVICE } from '../core/metrics/names.ts';

/** What alarms look at. */
export interface Watched {
  readonly stream: DeliveryStream;
  /** Queue of new objects, whose oldest message says how far the ledger lags. */
  readonly queue: Queue;
  /** Queue of the alerts. */
  readonly alertQueue: Queue;
  /** Functions by stage. */
  readonly functions: Readonly<Record<string, IFunction>>;
  /** Dead letters by stage. */
  readonly deadLetters: Readonly<Record<string, Queue>>;
}

/** One alarm, as data. */
export interface Watch {
  readonly name: string;
  /** What is wrong when it rings, and what to do. */
  readonly description: string;
  readonly metric: IMetric;
  /** Rings above it, or below it; one of both. */
  readonly above?: number;
  readonly below?: number;
  /** Periods in a row. @default - one */
  readonly periods?: number;
  /** What it is where CloudWatch has heard nothing. @default - not breaching: a quiet night is no alarm */
  readonly missing?: 'breaching';
  /** Whether it rings by itself, beside the one alarm over all. @default false */
  readonly ringsAlone?: boolean;
}

const PERIOD = Duration.minutes(5);
/** Fewer events in a period say nothing of the share in quarantine. */
const LEAST_EVENTS = 20;

export const watchesOf = (config: Config, watched: Watched): Watch[] => [
  ...streamWatches(config, watched),
  ...silenceWatches(config, watched),
  ...functionWatches(watched),
  ...queueWatches(config, watched),
  ...metricWatches(config),
];

function streamWatches({ aws }: Config, { stream }: Watched): Watch[] {
  const metric = (name: string, statistic: string) => stream.metric(name, { statistic, period: PERIOD });
  return [
    {
      name: 'freshness',
      description: 'The oldest event in Firehose waits too long for the lake: see the log group of the stream.',
      metric: metric('DeliveryToS3.DataFreshness', Stats.MAXIMUM).with({ unit: Unit.SECONDS }),
      above: aws.alarms.freshness / 1000,
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
    period: PERIOD,
  });

/** Dead-man’s switches: they ring where CloudWatch hears nothing. */
function silenceWatches({ aws }: Config, { stream, functions }: Watched): Watch[] {
  const { silence } = aws.alarms;
  const arriving: Watch[] =
    silence === 'off'
      ? []
      : [
          {
            name: 'silence',
            description:
              'Nothing at all came in for aws.alarms.silence: every bot is down, or none of them reaches the delivery stream.',
            metric: stream.metric('IncomingRecords', { statistic: Stats.SUM, period: PERIOD }),
            below: 1,
            periods: Math.ceil(silence / PERIOD.toMilliseconds()),
            missing: 'breaching',
            ringsAlone: true,
          },
        ];
  return [
    ...arriving,
    ...Object.entries(functions).flatMap(([stage, fn]): Watch[] =>
      stage !== 'alerts'
        ? []
        : [
            {
              name: 'alerts-silent',
              description:
                'The function of the alerts did not run for five minutes: nobody is told of anything. See its schedule and its log group.',
              metric: fn.metricInvocations({ statistic: Stats.SUM, period: PERIOD }),
              below: 1,
              missing: 'breaching',
              ringsAlone: true,
            },
          ],
    ),
  ];
}

const tellsAlerts = (stage: string) => (stage === 'alerts' ? { ringsAlone: true } : {});

function functionWatches({ functions }: Watched): Watch[] {
  return Object.entries(functions).flatMap(([stage, fn]): Watch[] => [
    {
      name: `${stage}-errors`,
      description: `The function ${stage} fails: its log group says why.`,
      metric: fn.metricErrors({ statistic: Stats.SUM, period: PERIOD }),
      above: 0,
      periods: 2, // what a retry settles is no news
      ...tellsAlerts(stage),
    },
    {
      name: `${stage}-throttles`,
      description: `The function ${stage} is held back: the account has no concurrency left.`,
      metric: fn.metricThrottles({ statistic: Stats.SUM, period: PERIOD }),
      above: 0,
      periods: 3,
      ...tellsAlerts(stage),
    },
  ]);
}

/** Alerts that wait longer than this come too late to be of use, s. */
const ALERTS_BACKLOG_S = 300;

function queueWatches({ aws }: Config, { queue, alertQueue, deadLetters }: Watched): Watch[] {
  const age = (of: Queue) => of.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM, period: PERIOD });
  return [
    {
      name: 'lifecycle-backlog',
      description: 'The ledger lags behind the lake: its oldest new object waits too long.',
      metric: age(queue),
      above: aws.alarms.backlog / 1000,
    },
    {
      name: 'alerts-backlog',
      description: 'What bots did waits too long for the rules: alerts come late. See the log group of the function.',
      metric: age(alertQueue),
      above: ALERTS_BACKLOG_S,
      ringsAlone: true,
    },
    ...Object.entries(deadLetters).map(
      ([stage, letters]): Watch => ({
        name: `${stage}-dead-letters`,
        description: `Work of ${stage} failed to the last try and waits in its dead-letter queue for 14 days: redrive it in the SQS console once mended.`,
        metric: letters.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: PERIOD }),
        above: 0,
        ...tellsAlerts(stage),
      }),
    ),
  ];
}

/** What the transform counts. Without metrics nobody counts it. */
function metricWatches({ aws, metrics }: Config): Watch[] {
  if (!metrics.publish) return [];
  const counted = (metricName: string): Metric => {
    const dimensions = cloudWatchDimensions(metricNamed(metricName), []);
    return new Metric({
      namespace: metrics.namespace,
      metricName,
      dimensionsMap: Object.fromEntries(dimensions.map((name) => [name, SERVICE])),
      statistic: Stats.SUM,
      period: PERIOD,
    });
  };
  return [
    {
      name: 'quarantine',
      description:
        'Too many events go to quarantine: `nightdesk query quarantine-reasons --aws` says why. A bot may have changed its log.',
      metric: new MathExpression({
        // Of an event that was not quarantined nothing is counted there: no data is none.
        expression: `IF(events >= ${LEAST_EVENTS}, FILL(refused, 0) / events, 0)`,
        label: 'Share of events in quarantine',
        usingMetrics: {
          refused: counted('pipeline.events.quarantined'),
          events: counted('pipeline.events.in'),
        },
        period: PERIOD,
      }),
      above: aws.alarms.quarantine,
    },
    {
      name: 'alerts-fast-path',
      description:
        'The alert queue does not take what the transform sends: alerts come a minute later, by way of the lake.',
      metric: counted('alert_fastpath_failed'),
      above: 0,
      periods: 3,
    },
  ];
}
