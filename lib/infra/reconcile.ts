import { Duration, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StackContext } from './context.ts';
import { deadLetterQueue } from './dead-letters.ts';
import type { Lake } from './lake.ts';
import { allowLake } from './lake-access.ts';
import { SCHEDULED_TIME, scheduled } from './schedule.ts';
import { StageFunction } from './stage-function.ts';

export interface ReconcileProps {
  readonly context: StackContext;
  readonly lake: Lake;
}

/** Each night the last days are folded from scratch and held against what was published as events came in. */
export class Reconcile extends Construct {
  readonly function: StageFunction;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { context, lake }: ReconcileProps) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.function = new StageFunction(this, 'Reconcile', {
      stage: 'reconcile',
      context,
      description: 'Holds the ledger against a fold from scratch and against the books of the bot',
      timeout: Duration.minutes(15), // Lambda's longest
      memoryMb: 3008,
      environment: { NIGHTDESK_LAKE_BUCKET: lake.bucket.bucketName },
      deadLetters: this.deadLetters,
    });
    scheduled(this, 'Nightly', {
      context,
      description: 'Reconciles the day that ended',
      // After the last events of the day are surely in, and before anybody reads the morning's figures.
      schedule: ScheduleExpression.cron({ hour: '1', minute: '30', timeZone: TimeZone.ETC_UTC }),
      target: this.function.function,
      input: { scheduled: SCHEDULED_TIME },
      deadLetters: this.deadLetters,
    });
    allowLake(this.function, lake, {
      read: ['events', 'late', 'curated', 'derived', 'state'],
      write: ['derived'],
    });
  }
}
