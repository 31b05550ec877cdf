import { keysOf, type Lake, type Place } from './lake.ts';
import type { Permission } from './permissions.ts';
import type { StageFunction } from './stage-function.ts';

export interface Access {
  readonly read: readonly Place[];
  /** Listed without being read. @default - none */
  readonly list?: readonly Place[];
  readonly write?: readonly Place[];
  readonly delete?: readonly Place[];
}

/** Lets a function read, write and delete objects of some prefixes, and list those that it reads. */
export function allowLake(
  fn: StageFunction,
  lake: Lake,
  { read, list = [], write = [], delete: gone = [] }: Access,
): void {
  const { key } = lake.context;
  const why = 'Objects of single prefixes of the one bucket: their names are not known beforehand.';
  const objects = (actions: readonly string[], places: readonly Place[]): Permission[] =>
    places.length === 0 ? [] : [{ actions, resources: lake.objects(...places), why }];
  fn.allow(
    ...objects(['s3:GetObject'], read),
    ...objects(['s3:PutObject'], write),
    ...objects(['s3:DeleteObject'], gone),
    // Without it S3 answers 403 for what is not there, which says nothing.
    {
      actions: ['s3:ListBucket'],
      resources: [lake.bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': [...list, ...read].map((place) => `${keysOf(place)}*`) } },
    },
    ...(key === undefined ? [] : [{ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key.keyArn] }]),
  );
}
