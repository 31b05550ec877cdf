import { Aws, Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression, ScheduleTargetInput, TimeWindow } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { StackContext } from './context.ts';
import { permit } from './permissions.ts';

export interface ScheduledProps {
  readonly context: StackContext;
  readonly description: string;
  readonly schedule: ScheduleExpression;
  readonly target: IFunction;
  readonly input: Readonly<Record<string, unknown>>;
  /** Where calls end up that could not be made. */
  readonly deadLetters: IQueue;
  /** How old a call may get before it is given up. @default - an hour */
  readonly maxAge?: Duration;
  readonly retries?: number;
}

/** When the scheduler meant to call, whenever it does: ISO, UTC. */
export const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/** Calls a function by the clock. The scheduler's own limits (185 tries, a day) would bring the calls of an outage all at once. */
export function scheduled(scope: Construct, id: string, props: ScheduledProps): Schedule {
  const { context, description, schedule, target, input, deadLetters, maxAge = Duration.hours(1), retries = 3 } = props;
  const { key } = context;
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    description,
  });
  permit(role, [
    { actions: ['lambda:InvokeFunction'], resources: [target.functionArn] },
    { actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] },
    ...(key === undefined ? [] : [{ actions: ['kms:Decrypt'], resources: [key.keyArn] }]),
  ]);
  const made = new Schedule(scope, id, {
    description,
    schedule,
    timeWindow: TimeWindow.off(),
    target: new LambdaInvoke(target, {
      role: role.withoutPolicyUpdates(), // the L2 would allow every version of the function
      input: ScheduleTargetInput.fromObject(input),
      deadLetterQueue: deadLetters,
      maxEventAge: maxAge,
      retryAttempts: retries,
    }),
    ...(key === undefined ? {} : { key }),
  });
  // A call before the role may make it would be a dead letter of the first deploy.
  made.node.addDependency(role);
  return made;
}

/** Calls a function each minute with `{ tick: true }`. */
export const eachMinute = (
  scope: Construct,
  props: Pick<ScheduledProps, 'context' | 'description' | 'target' | 'deadLetters'>,
): Schedule =>
  scheduled(scope, 'Tick', {
    ...props,
    schedule: ScheduleExpression.rate(Duration.minutes(1)),
    input: { tick: true },
    maxAge: Duration.minutes(1), // the next minute's call does the same
    retries: 2, // or every hiccup of Lambda would be a dead letter, and ring until somebody clears it
  });
