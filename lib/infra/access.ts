import { ArnFormat, Stack } from 'aws-cdk-lib';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { DeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { Construct } from 'constructs';
import { PREFIXES, type Prefix } from '../core/lake/keys.ts';
import type { StackContext } from './context.ts';
import type { Lake } from './lake.ts';
import { permit } from './permissions.ts';
import { FIND_RESULTS, type Query, READ_CATALOG, RUN_QUERIES, WRITE_RESULTS } from './query.ts';

export interface AccessProps {
  readonly context: StackContext;
  readonly lake: Lake;
  readonly stream: DeliveryStream;
  readonly query: Query;
}

/** What an analyst may read; state is the ledger's own, and errors hold what was never redacted. */
const READABLE: readonly Prefix[] = ['events', 'late', 'curated', 'derived', 'results'];

/** Policies to attach to who uses the stack: a bot may put on the one stream, an analyst may ask. */
export class Access extends Construct {
  readonly producer: ManagedPolicy;
  readonly analyst: ManagedPolicy;

  constructor(scope: Construct, id: string, { context, lake, stream, query }: AccessProps) {
    super(scope, id);
    const { key, config } = context;
    const readNames = {
      sid: 'ReadNames',
      actions: ['cloudformation:DescribeStacks', 'cloudformation:GetTemplateSummary'],
      resources: [namedStack(this)],
      why: 'A call that names the stack is checked against stack/NAME/*: its id is not known beforehand (CloudFormation).',
    };
    this.producer = new ManagedPolicy(this, 'Producer', {
      description: `Put events on the delivery stream of Nightdesk (${config.aws.name}), and nothing else`,
    });
    permit(this.producer, [
      {
        sid: 'Put',
        actions: ['firehose:PutRecord', 'firehose:PutRecordBatch', 'firehose:DescribeDeliveryStream'],
        resources: [stream.deliveryStreamArn],
      },
      readNames,
    ]);
    this.analyst = new ManagedPolicy(this, 'Analyst', {
      description: `Ask the lake of Nightdesk (${config.aws.name}) in SQL`,
    });
    const why = 'All that is in the one database, and all objects of the prefixes that queries read and write.';
    permit(this.analyst, [
      {
        sid: 'Ask',
        actions: [
          ...RUN_QUERIES,
          'athena:GetWorkGroup',
          'athena:ListNamedQueries',
          'athena:GetNamedQuery',
          'athena:BatchGetNamedQuery',
        ],
        resources: [query.workgroupArn],
      },
      { sid: 'ReadCatalog', actions: READ_CATALOG, resources: query.catalogArns, why },
      { sid: 'ReadLake', actions: ['s3:GetObject'], resources: lake.objects(...READABLE), why },
      {
        sid: 'ListLake',
        actions: ['s3:ListBucket'],
        resources: [lake.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': READABLE.map((prefix) => `${PREFIXES[prefix]}*`) } },
      },
      { sid: 'FindLake', actions: FIND_RESULTS, resources: [lake.bucket.bucketArn] },
      { sid: 'WriteResults', actions: ['s3:PutObject', ...WRITE_RESULTS], resources: lake.objects('results'), why },
      readNames,
      ...(key === undefined
        ? []
        : [{ sid: 'UseKey', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key.keyArn] }]),
    ]);
  }
}

const namedStack = (scope: Construct): string => {
  const stack = Stack.of(scope);
  return stack.formatArn({
    service: 'cloudformation',
    resource: 'stack',
    resourceName: `${stack.stackName}/*`,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
};
