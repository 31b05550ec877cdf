import type { Config } from '../core/config/index.ts';

/** Physical names, so that a producer can be set up before the stack is there. */
export interface Names {
  readonly deliveryStream: string;
  readonly database: string;
  readonly workgroup: string;
  /** @default - CloudFormation makes one: names of buckets are shared with all accounts */
  readonly bucket: string | undefined;
  /** Names of alarms begin so. */
  readonly alarms: string;
  /** The one alarm over all others. */
  readonly platformAlarm: string;
}

export const namesOf = ({ aws: { name, names } }: Config): Names => ({
  deliveryStream: names.deliveryStream ?? name,
  database: names.database ?? name.replaceAll('-', '_'),
  workgroup: names.workgroup ?? name,
  bucket: names.bucket,
  alarms: `${name}-`,
  platformAlarm: `${name}-platform`,
});
