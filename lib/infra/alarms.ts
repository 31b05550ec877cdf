import { Aws } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  type AlarmBase,
  AlarmRule,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { type Watch, type Watched, watchesOf } from './alarm-watches.ts';
import type { StackContext } from './context.ts';
import { namesOf } from './names.ts';

export interface AlarmsProps extends Watched {
  readonly context: StackContext;
}

/**
 * Alarms on the platform itself: what Firehose, the functions and the queues say. One alarm over all of them rings, so
 * that an outage wakes once; the function of the alerts asks it for its children. Those by which that function could be
 * dead, and the silence, ring by themselves too: they must reach an address without it, whatever else is wrong already.
 */
export class Alarms extends Construct {
  readonly topic: Topic;
  /** The one over all others. */
  readonly platform: CompositeAlarm;
  readonly alarms: readonly Alarm[];
  readonly #prefix: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { config, key } = props.context;
    const { alarms, platformAlarm } = namesOf(config);
    this.#prefix = alarms;
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
    this.alarms = watchesOf(config, props).map((watch) => this.#add(watch));
    this.platform = new CompositeAlarm(this, 'Platform', {
      compositeAlarmName: platformAlarm,
      alarmDescription:
        'Something of the platform is wrong: the alarms that this one looks at say what, and what to do.',
      alarmRule: AlarmRule.anyOf(...this.alarms.map((alarm) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM))),
    });
    this.#rings(this.platform);
    this.#budget(props.context);
  }

  #add({ name, description, metric, above, below, periods = 1, missing, ringsAlone = false }: Watch): Alarm {
    const alarm = new Alarm(this, name, {
      alarmName: `${this.#prefix}${name}`,
      alarmDescription: description,
      metric,
      threshold: above ?? below ?? 0,
      comparisonOperator:
        above === undefined ? ComparisonOperator.LESS_THAN_THRESHOLD : ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: missing === 'breaching' ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
    if (ringsAlone) this.#rings(alarm);
    return alarm;
  }

  #rings(alarm: AlarmBase): void {
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
