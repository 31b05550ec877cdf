import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { patience } from './patience.ts';

/** An alarm that rings. */
export interface RingingAlarm {
  readonly alarm: string;
  readonly reason: string;
  readonly advice: string;
  /** When its state last changed. */
  readonly atMs: number;
}

/** A client with little patience: the function has other things to tell. */
export const cloudWatchClient = (): CloudWatchClient =>
  new CloudWatchClient(patience({ tries: 3, connectMs: 2_000, requestMs: 3_000 }));

/** CloudWatch gives, and takes, so many in one call (API reference, DescribeAlarms): more than there are. */
const MOST = 100;

/**
 * The alarms below one that is over them, as far as they are in ALARM. CloudWatch names the children alone, so that those
 * that ring are asked for once more.
 */
export async function alarmsUnder(client: CloudWatchClient, over: string): Promise<RingingAlarm[]> {
  const children = await client.send(new DescribeAlarmsCommand({ ChildrenOfAlarmName: over, MaxRecords: MOST }));
  const names = (children.MetricAlarms ?? []).flatMap(({ AlarmName: name, StateValue: state }) =>
    state === 'ALARM' && name !== undefined ? [name] : [],
  );
  if (names.length === 0) return [];
  const { MetricAlarms: found = [] } = await client.send(
    new DescribeAlarmsCommand({ AlarmNames: names, MaxRecords: MOST }),
  );
  return found
    .filter(({ StateValue: state }) => state === 'ALARM')
    .map((one) => ({
      alarm: one.AlarmName ?? '',
      reason: one.StateReason ?? '',
      advice: one.AlarmDescription ?? '',
      atMs: (one.StateTransitionedTimestamp ?? one.StateUpdatedTimestamp)?.getTime() ?? 0,
    }));
}
