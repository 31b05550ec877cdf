import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Compression,
  DeliveryStream,
  EnableLogging,
  LambdaFunctionProcessor,
  RecordDeAggregationProcessor,
  S3Bucket,
  StreamEncryption,
} from 'aws-cdk-lib/aws-kinesisfirehose';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { activePartitions, MOST_PARTITIONS } from '../core/config/index.ts';
import { NightdeskError } from '../core/errors.ts';
import { PREFIXES, partitionTemplate } from '../core/lake/keys.ts';
import type { StackContext } from './context.ts';
import type { Lake } from './lake.ts';
import { retentionOf } from './log-retention.ts';
import { namesOf } from './names.ts';
import { permit } from './permissions.ts';
import type { Transform } from './transform.ts';

/**
 * What the function gets at once. It may answer up to thirty times the bytes it is given, and a reply ends at 6 MB: with
 * 0.2 MB, the least that Firehose allows, most batches fit in one reply.
 */
const TRANSFORM_BUFFER = { size: Size.mebibytes(0.2), interval: Duration.seconds(2) };
const RETRIES = 3;

export interface DoorProps {
  readonly context: StackContext;
  readonly lake: Lake;
  readonly transform: Transform;
}

/** The delivery stream: takes records, has each line transformed, and writes objects by stream, version and date. */
export class Door extends Construct {
  readonly stream: DeliveryStream;

  constructor(scope: Construct, id: string, { context, lake, transform }: DoorProps) {
    super(scope, id);
    const { config, key } = context;
    const partitions = activePartitions(config);
    if (partitions > MOST_PARTITIONS)
      throw new NightdeskError(
        'CONFIG_INVALID',
        `aws.maxEventAge: with ${config.aws.maxEventAge / 86_400_000} days ${partitions} partitions may be open at once, and at most ${MOST_PARTITIONS} are safe below Firehose’s quota of 500; give fewer days`,
      );
    const logs = new LogGroup(this, 'Logs', {
      retention: retentionOf(config),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('firehose.amazonaws.com'),
      description: 'Firehose: asks the transform, writes the lake',
    });
    const fn = transform.function.function;
    permit(role, [
      {
        actions: ['s3:ListBucket', 's3:GetBucketLocation', 's3:ListBucketMultipartUploads'],
        resources: [lake.bucket.bucketArn],
      },
      {
        actions: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
        resources: lake.objects('events', 'errors'),
        why: 'Firehose names the objects of these two prefixes itself.',
      },
      {
        actions: ['lambda:InvokeFunction', 'lambda:GetFunctionConfiguration'],
        resources: [fn.functionArn, `${fn.functionArn}:$LATEST`],
      },
      { actions: ['logs:PutLogEvents'], resources: [logs.logGroupArn] },
      ...(key === undefined ? [] : [{ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key.keyArn] }]),
    ]);
    // All of its rights are above: the L2 would add s3:GetObject*, s3:List*, s3:DeleteObject* and others on the whole bucket.
    const fixed = role.withoutPolicyUpdates();
    const { deliveryStream } = namesOf(config);
    this.stream = new DeliveryStream(this, 'Stream', {
      deliveryStreamName: deliveryStream,
      role: fixed,
      encryption: key === undefined ? StreamEncryption.awsOwnedKey() : StreamEncryption.customerManagedKey(key),
      destination: new S3Bucket(lake.bucket as IBucket, {
        role: fixed,
        dataOutputPrefix: partitionTemplate(
          { stream: fromFunction('stream'), version: fromFunction('version') },
          { tier: 'events', date: fromFunction('date') },
        ),
        errorOutputPrefix: `${PREFIXES.errors}!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/`,
        compression: Compression.GZIP,
        fileExtension: '.jsonl.gz',
        bufferingInterval: Duration.millis(config.aws.buffer.interval),
        bufferingSize: Size.mebibytes(Math.floor(config.aws.buffer.size / 1024 ** 2)),
        dynamicPartitioning: { enabled: true, retryDuration: Duration.minutes(5) },
        processors: [
          RecordDeAggregationProcessor.delimited('\n'),
          new LambdaFunctionProcessor(fn, {
            bufferSize: TRANSFORM_BUFFER.size,
            bufferInterval: TRANSFORM_BUFFER.interval,
            retries: RETRIES,
          }),
        ],
        loggingConfig: new EnableLogging(logs),
        ...(key === undefined ? {} : { encryptionKey: key }),
      }),
    });
    // CloudFormation must not make the stream before its role may do anything.
    const policy = role.node.tryFindChild('DefaultPolicy');
    if (policy !== undefined) this.stream.node.addDependency(policy);
    // One that is gone takes what it had not yet written with it, and dynamic partitioning is chosen for good.
  }
}

const fromFunction = (key: string): string => `!{partitionKeyFromLambda:${key}}`;
