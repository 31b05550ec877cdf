import type { AlertsEvent } from '../../../lambdas/alerts/handler.ts';

export interface Ringing {
  readonly alarm: string;
  readonly reason: string;
  readonly advice: string;
  readonly atMs: number;
}

interface Said {
  readonly alarm: string;
  readonly state: string;
  /** As CloudWatch writes it. */
  readonly at: string;
}

const arn = (name: string): string => `arn:aws:cloudwatch:eu-west-1:123456789012:alarm:${name}`;

const of = ({ alarm, state, at }: Said) => ({
  AlarmName: alarm,
  AlarmDescription: 'What is wrong, and what to do.',
  AWSAccountId: '123456789012',
  AlarmConfigurationUpdatedTimestamp: '2026-01-01T00:00:00.000+0000',
  NewStateValue: state,
  StateChangeTime: at,
  Region: 'EU (Ireland)',
  AlarmArn: arn(alarm),
  OldStateValue: state === 'OK' ? 'ALARM' : 'OK',
  OKActions: [],
  AlarmActions: [],
  InsufficientDataActions: [],
});

const MESSAGES: Readonly<Record<string, (said: Said) => { readonly subject: string; readonly message: string }>> = {
  metric: (said) => ({
    subject: `${said.state}: "${said.alarm}" in EU (Ireland)`,
    message: JSON.stringify({
      ...of(said),
      NewStateReason:
        'Threshold Crossed: no datapoints were received for 12 periods and 12 missing datapoints were treated as [Breaching].',
      Trigger: {
        MetricName: 'IncomingRecords',
        Namespace: 'AWS/Firehose',
        StatisticType: 'Statistic',
        Statistic: 'SUM',
        Unit: null,
        Dimensions: [{ value: 'nightdesk', name: 'DeliveryStreamName' }],
        Period: 300,
        EvaluationPeriods: 12,
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 1,
        TreatMissingData: 'breaching',
        EvaluateLowSampleCountPercentile: '',
      },
    }),
  }),
  composite: (said) => ({
    subject: `${said.state}: "${said.alarm}" in EU (Ireland)`,
    message: JSON.stringify({
      ...of(said),
      NewStateReason: `${arn('nightdesk-lifecycle-dead-letters')} transitioned to ${said.state} at Monday 05 January, 2026 10:00:00 UTC`,
      AlarmRule: `(ALARM("${arn('nightdesk-lifecycle-dead-letters')}") OR ALARM("${arn('nightdesk-silence')}"))`,
      TriggeringChildren: [
        {
          Arn: arn('nightdesk-lifecycle-dead-letters'),
          State: { Value: said.state, Timestamp: '2026-01-05T10:00:00.000+0000' },
        },
      ],
    }),
  }),
  budget: () => ({
    subject: 'AWS Budgets: nightdesk-monthly has exceeded your alert threshold',
    message:
      'AWS Budget Notification January 05, 2026\nAWS Account 123456789012\n\nDear AWS Customer,\n\nYou requested …',
  }),
};

/** An invocation by SNS, as AWS documents it. */
export function alarmNotification(kind: keyof typeof MESSAGES, said: Said): AlertsEvent {
  const { subject, message } = MESSAGES[kind]?.(said) ?? { subject: '', message: '' };
  const record = {
    EventVersion: '1.0',
    EventSource: 'aws:sns',
    Sns: {
      Type: 'Notification',
      MessageId: '95df01b4-ee98-5cb9-9903-4c221d41eb5e',
      TopicArn: 'arn:aws:sns:eu-west-1:123456789012:alarms',
      Subject: subject,
      Message: message,
      Timestamp: '2026-01-05T10:00:02.000Z',
    },
  };
  return { Records: [record] };
}
