import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Column,
  Dashboard,
  DashboardVariable,
  DefaultValue,
  type IAlarm,
  Values,
  VariableInputType,
  VariableType,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { alertsOf } from '../core/config/index.ts';
import { metricSettings } from '../core/config/metrics.ts';
import { DASHBOARDS } from '../core/dashboards/index.ts';
import type { Dashboard as DashboardData } from '../core/dashboards/types.ts';
import { cloudWatchDimensions, metricNamed } from '../core/metrics/names.ts';
import type { StackContext } from './context.ts';
import { STRATEGY, type WidgetContext, widgetsOf } from './dashboard-widgets.ts';
import { namesOf } from './names.ts';

export interface DashboardsProps {
  readonly context: StackContext;
  /** Alarms whose state the first dashboard shows. */
  readonly alarms: readonly IAlarm[];
}

/** A status widget takes so many alarms (CloudWatch, dashboard body structure). */
const MOST_ALARMS = 100;

/** Every strategy that is heard of has it, whatever streams it sends. */
const HEARD_OF = metricNamed('bot.health.heartbeat_age_s');

/** The dashboards in CloudWatch, with the limits of the alert rules and the state of the alarms drawn in. */
export class Dashboards extends Construct {
  readonly dashboards: readonly Dashboard[];

  constructor(scope: Construct, id: string, { context, alarms }: DashboardsProps) {
    super(scope, id);
    const { config } = context;
    const metrics = metricSettings(config.metrics);
    const widgets: WidgetContext = {
      metrics,
      optional: metrics.extra,
      rules: alertsOf(config).rules,
      target: `--aws --stack ${Stack.of(this).stackName}`,
    };
    this.dashboards = DASHBOARDS.map((data, index) => {
      const dashboard = new Dashboard(this, data.name, {
        dashboardName: `${namesOf(config).alarms}${data.name}`,
        defaultInterval: Duration.hours(24),
        variables: [strategyVariable(widgets)],
      });
      if (index === 0 && alarms.length > 0)
        dashboard.addWidgets(
          new AlarmStatusWidget({
            title: 'Platform alarms',
            alarms: alarms.slice(0, MOST_ALARMS),
            width: 24,
            height: 3,
          }),
        );
      for (const row of rowsOf(data, widgets)) dashboard.addWidgets(...row);
      return dashboard;
    });
  }
}

/** Two panels side by side. */
function rowsOf({ panels }: DashboardData, context: WidgetContext): Column[][] {
  const columns = panels.map((panel) => new Column(...widgetsOf(panel, context)));
  return columns.flatMap((column, index) =>
    index % 2 === 0 ? [[column, ...columns.slice(index + 1, index + 2)]] : [],
  );
}

const strategyVariable = ({ metrics: { namespace, dimensions } }: WidgetContext): DashboardVariable =>
  new DashboardVariable({
    id: 'strategy',
    label: 'Strategy',
    type: VariableType.PATTERN, // it must reach into searches too, which a property variable does not
    inputType: VariableInputType.SELECT,
    value: STRATEGY,
    values: Values.fromSearchComponents({
      namespace,
      dimensions: [...cloudWatchDimensions(HEARD_OF, dimensions)],
      metricName: HEARD_OF.name,
      populateFrom: 'strategy_id',
    }),
    defaultValue: DefaultValue.FIRST,
  });
