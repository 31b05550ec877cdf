import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type CfnBucket,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
  TransitionDefaultMinimumObjectSize,
} from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct, type IDependable } from 'constructs';
import { CATALOG } from '../core/catalog/index.ts';
import { PREFIXES, type Prefix } from '../core/lake/keys.ts';
import { acknowledge } from './acknowledge.ts';
import type { StackContext } from './context.ts';
import { namesOf } from './names.ts';

type Kept = number | 'forever';

const DAY_MS = 86_400_000;
/** How long replaced and deleted objects stay where versions are kept; those of state are worth nothing after a day. */
const REPLACED_DAYS = 30;
const STATE_DAYS = 1;
/** Compacted days are read seldom after a quarter; S3 charges infrequent access for at least 30 days. */
const INFREQUENT_AFTER_DAYS = 90;

/** Prefixes whose new objects wake the ledger: what bots send, and what is added to days that are compacted. */
export const WAKING: readonly Prefix[] = ['events', 'late'];

/** A prefix by its name, or a part of one as keys spell it: `derived/alert/`. */
export type Place = Prefix | `${Prefix}/${string}`;

const isPrefix = (place: Place): place is Prefix => place in PREFIXES;

/** What the keys of a place begin with. */
export const keysOf = (place: Place): string => (isPrefix(place) ? PREFIXES[place] : place);

/** The bucket: private, encrypted, over TLS only, each class of data kept as long as the config says. */
export class Lake extends Construct {
  readonly bucket: Bucket;
  /** The key of the bucket. */
  readonly context: StackContext;

  constructor(scope: Construct, id: string, context: StackContext) {
    super(scope, id);
    this.context = context;
    const { config, key } = context;
    const { removal, versioning } = config.aws;
    const { bucket } = namesOf(config);
    const kept = removal === 'retain';
    this.bucket = new Bucket(this, 'Bucket', {
      ...(bucket === undefined ? {} : { bucketName: bucket }),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      // One data key for many objects: without it every object is a request to KMS, and billed.
      ...(key === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
      versioned: versioning,
      lifecycleRules: lifecycleRules(context),
      transitionDefaultMinimumObjectSize: TransitionDefaultMinimumObjectSize.ALL_STORAGE_CLASSES_128_K,
      removalPolicy: kept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      autoDeleteObjects: !kept,
    });
    acknowledge(this.bucket, {
      'AwsSolutions-S1':
        'Access logs would be objects by the thousand a day, more than the lake itself; who needs an audit trail of reads turns on CloudTrail data events for the bucket.',
    });
  }

  /** `arn:…:bucket/<prefix>*` of each place. */
  objects(...places: readonly Place[]): string[] {
    return places.map((place) => this.bucket.arnForObjects(`${keysOf(place)}*`));
  }

  /**
   * Tells a queue of each new object that wakes the ledger. Set on the resource itself: the L2's way would add a function
   * in Python that edits the bucket's notifications.
   * @param allowed - what must be there first: S3 tries the queue when the notification is set
   */
  notify(queue: IQueue, allowed: IDependable): void {
    const resource = this.bucket.node.defaultChild as CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: WAKING.map((prefix) => ({
        event: 's3:ObjectCreated:*',
        queue: queue.queueArn,
        filter: { s3Key: { rules: [{ name: 'prefix', value: PREFIXES[prefix] }] } },
      })),
    };
    resource.node.addDependency(allowed);
  }
}

function lifecycleRules({ config }: StackContext): LifecycleRule[] {
  const { retention, versioning } = config.aws;
  const replaced = (days: number) => (versioning ? { noncurrentVersionExpiration: Duration.days(days) } : {});
  const expiring = (prefix: string, kept: Kept, more: Partial<LifecycleRule> = {}): LifecycleRule[] => {
    const rule = { ...(kept === 'forever' ? {} : { expiration: Duration.days(daysOf(kept)) }), ...more };
    return Object.keys(rule).length === 0 ? [] : [{ id: `keep-${prefix.replaceAll('/', '-')}`, prefix, ...rule }];
  };
  const streams = Object.values(CATALOG).flatMap(({ name, origin, retention: own }) => {
    const kept = name === 'quarantine' ? retention.quarantine : retention[own];
    const sent = origin === 'derived' ? [] : (['events', 'late'] as const);
    const made = origin === undefined ? [] : (['derived'] as const);
    return [
      ...[...sent, ...made].flatMap((prefix) => expiring(`${PREFIXES[prefix]}${name}/`, kept)),
      // Objects below 128 KB do not pay where access is infrequent, which all but compacted days are.
      ...expiring(`${PREFIXES.curated}${name}/`, kept, infrequent(kept)),
    ];
  });
  return [
    ...streams,
    ...expiring(PREFIXES.errors, retention.errors),
    ...expiring(PREFIXES.results, retention.results),
    // What is deleted there leaves a marker, which nothing else would remove, and which every listing would pass.
    ...(versioning
      ? [{ id: 'replaced-state', prefix: PREFIXES.state, ...replaced(STATE_DAYS), expiredObjectDeleteMarker: true }]
      : []),
    { id: 'leftovers', abortIncompleteMultipartUploadAfter: Duration.days(1), ...replaced(REPLACED_DAYS) },
  ];
}

function infrequent(kept: Kept): Partial<LifecycleRule> {
  const days = kept === 'forever' ? Number.POSITIVE_INFINITY : daysOf(kept);
  if (days < INFREQUENT_AFTER_DAYS + 30) return {};
  const transitionAfter = Duration.days(INFREQUENT_AFTER_DAYS);
  return { transitions: [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter }] };
}

const daysOf = (ms: number): number => Math.ceil(ms / DAY_MS);
