import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Config } from '../core/config/index.ts';

const DAYS: Readonly<Record<Config['aws']['retention']['logs'], RetentionDays>> = {
  '7d': RetentionDays.ONE_WEEK,
  '30d': RetentionDays.ONE_MONTH,
  '90d': RetentionDays.THREE_MONTHS,
  '180d': RetentionDays.SIX_MONTHS,
  '365d': RetentionDays.ONE_YEAR,
};

/** How long logs are kept. CloudWatch knows only certain numbers of days. */
export const retentionOf = ({ aws }: Config): RetentionDays => DAYS[aws.retention.logs];
