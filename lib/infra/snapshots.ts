import { Duration, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { latenessOf } from '../core/config/index.ts';
import type { StackContext } from './context.ts';
import { deadLetterQueue } from './dead-letters.ts';
import type { Lake } from './lake.ts';
import { allowLake } from './lake-access.ts';
import { SCHEDULED_TIME, scheduled } from './schedule.ts';
import { StageFunction } from './stage-function.ts';

export interface SnapshotsProps {
  readonly context: StackContext;
  readonly lake: Lake;
}

const MINUTE_MS = 60_000;
/** Minutes beyond lateness until the last fold of an hour is in the lake: the queue's window, and a fold. */
const SETTLE_MINUTES = 3;

/** Snapshots of each hour and day that ended, by the clock. */
export class Snapshots extends Construct {
  readonly function: StageFunction;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { context, lake }: SnapshotsProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.function = new StageFunction(this, 'Snapshots', {
      stage: 'snapshots',
      context,
      description: 'Writes the snapshots of each hour and day that ended',
      timeout: Duration.minutes(10),
      memoryMb: 2048,
      environment: { NIGHTDESK_LAKE_BUCKET: lake.bucket.bucketName },
      deadLetters: this.deadLetters,
    });
    scheduled(this, 'Hourly', {
      context,
      description: 'Snapshots of the hour that ended',
      schedule: ScheduleExpression.cron({ minute: String(minuteAfter(context)), timeZone: TimeZone.ETC_UTC }),
      target: this.function.function,
      input: { scheduled: SCHEDULED_TIME },
      deadLetters: this.deadLetters,
    });
    allowLake(this.function, lake, {
      read: ['events', 'late', 'curated', 'derived', 'state'],
      write: ['derived', 'state'],
    });
  }
}

/** Minute of the hour at which what happened before the hour is folded; 56 with the longest lateness and buffer. */
const minuteAfter = ({ config }: StackContext): number =>
  Math.ceil((latenessOf(config) + config.aws.buffer.interval * 1.5) / MINUTE_MS) + SETTLE_MINUTES;
