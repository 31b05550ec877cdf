import { ArnFormat, CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnNamedQuery, CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { type GlueTable, glueTables } from '../core/catalog/glue.ts';
import { PREFIXES } from '../core/lake/keys.ts';
import { bindQuery, type NamedQuery } from '../core/query/named.ts';
import { acknowledge } from './acknowledge.ts';
import type { StackContext } from './context.ts';
import type { Lake } from './lake.ts';
import { allowLake } from './lake-access.ts';
import { retentionOf } from './log-retention.ts';
import { namesOf } from './names.ts';
import { explainWildcards, permit, textOf } from './permissions.ts';
import { StageFunction } from './stage-function.ts';

export interface QueryProps {
  readonly context: StackContext;
  readonly lake: Lake;
  readonly queries: readonly NamedQuery[];
}

/** What Athena asks of Glue for a query; to write a view it looks through the databases too. */
export const READ_CATALOG = [
  'glue:GetDatabase',
  'glue:GetDatabases',
  'glue:GetTable',
  'glue:GetTables',
  'glue:GetPartitions',
];
export const RUN_QUERIES = [
  'athena:StartQueryExecution',
  'athena:StopQueryExecution',
  'athena:GetQueryExecution',
  'athena:GetQueryResults',
];

/** What Athena asks of the bucket before it writes a result. */
export const FIND_RESULTS = ['s3:GetBucketLocation', 's3:ListBucketMultipartUploads'];

/** What Athena does where it writes a result, beside the put: large ones go in parts. */
export const WRITE_RESULTS = ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];

/** SQL over the lake: tables of the catalog, views written at each deploy, a workgroup with limits, the named queries. */
export class Query extends Construct {
  readonly function: StageFunction;
  readonly workgroup: CfnWorkGroup;
  /** ARNs of catalog, database and everything in it: what Glue checks on each call; of `default` no table. */
  readonly catalogArns: readonly string[];
  readonly workgroupArn: string;

  constructor(scope: Construct, id: string, { context, lake, queries }: QueryProps) {
    super(scope, id);
    const names = namesOf(context.config);
    this.catalogArns = [
      this.#arn('glue', 'catalog'),
      this.#arn('glue', 'database', 'default'), // Athena looks at it whatever the query (Athena, fine-grained access to Glue)
      this.#arn('glue', 'database', names.database),
      this.#arn('glue', 'table', `${names.database}/*`),
    ];
    this.workgroupArn = this.#arn('athena', 'workgroup', names.workgroup);

    const database = new CfnDatabase(this, 'Database', {
      catalogId: Stack.of(this).account,
      databaseInput: {
        name: names.database,
        description: 'The lake of Nightdesk: one table per stream, one view per stream',
      },
    });
    const tables = glueTables({ bucket: lake.bucket.bucketName }).map((table) => {
      const made = this.#table(table, names.database);
      made.addResourceDependency(database);
      return made;
    });
    this.workgroup = this.#workgroup(context, lake, names.workgroup);
    for (const query of queries) {
      const made = new CfnNamedQuery(this, `Named-${query.name}`, {
        name: query.name,
        description: query.question.slice(0, 1024),
        database: names.database,
        workGroup: names.workgroup,
        queryString: withDefaults(query),
      });
      made.addResourceDependency(this.workgroup);
      made.addResourceDependency(database);
    }

    this.function = new StageFunction(this, 'Query', {
      stage: 'query',
      context,
      description: 'Writes the views of the lake',
      timeout: Duration.minutes(5),
      memoryMb: 512,
      environment: {
        NIGHTDESK_LAKE_BUCKET: lake.bucket.bucketName,
        NIGHTDESK_DATABASE: names.database,
        NIGHTDESK_WORKGROUP: names.workgroup,
      },
    });
    this.function.allow(
      { actions: RUN_QUERIES, resources: [this.workgroupArn] },
      {
        actions: [...READ_CATALOG, 'glue:CreateTable', 'glue:UpdateTable'],
        resources: this.catalogArns,
        why: 'Views are tables of the one database; each stream has some.',
      },
      { actions: FIND_RESULTS, resources: [lake.bucket.bucketArn] },
    );
    // The views begin with the first day that anything lies in.
    allowLake(this.function, lake, { read: ['state', 'results'], list: ['events'], write: ['results'] });
    this.function.allow({
      actions: WRITE_RESULTS,
      resources: lake.objects('results'),
      why: 'Athena names its results itself.',
    });
    const views = this.#views(context);
    for (const needed of [...tables, this.workgroup, this.function.role]) views.node.addDependency(needed);
  }

  #arn(service: string, resource: string, resourceName?: string): string {
    const named = resourceName === undefined ? {} : { resourceName };
    const arnFormat = resourceName === undefined ? ArnFormat.NO_RESOURCE_NAME : ArnFormat.SLASH_RESOURCE_NAME;
    return Stack.of(this).formatArn({ service, resource, ...named, arnFormat });
  }

  #table(table: GlueTable, databaseName: string): CfnTable {
    return new CfnTable(this, `Table-${table.name}`, {
      catalogId: Stack.of(this).account,
      databaseName,
      tableInput: {
        name: table.name,
        description: table.description,
        tableType: 'EXTERNAL_TABLE',
        parameters: table.parameters,
        partitionKeys: [...table.partitionKeys],
        storageDescriptor: {
          columns: [...table.columns],
          location: table.location,
          inputFormat: table.inputFormat,
          outputFormat: table.outputFormat,
          compressed: true,
          serdeInfo: { serializationLibrary: table.serde.library, parameters: table.serde.parameters },
        },
      },
    });
  }

  #workgroup({ config, key }: StackContext, lake: Lake, name: string): CfnWorkGroup {
    return new CfnWorkGroup(this, 'Workgroup', {
      name,
      description: `Queries of Nightdesk, cancelled at ${config.aws.query.scanLimit} bytes`,
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        bytesScannedCutoffPerQuery: config.aws.query.scanLimit,
        publishCloudWatchMetricsEnabled: true,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: `s3://${lake.bucket.bucketName}/${PREFIXES.results}`,
          encryptionConfiguration:
            key === undefined ? { encryptionOption: 'SSE_S3' } : { encryptionOption: 'SSE_KMS', kmsKey: key.keyArn },
        },
      },
    });
  }

  /** Has the views written at each deploy that changes them; not as resources, for compaction moves their boundary later. */
  #views(context: StackContext): CustomResource {
    const { function: fn } = this.function;
    const logGroup = new LogGroup(this, 'ProviderLogs', {
      retention: retentionOf(context.config),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'ProviderRole', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: 'Calls the function that writes the views when the stack is deployed',
    });
    permit(role, [{ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] }]);
    const provider = new Provider(this, 'Provider', { onEventHandler: fn, logGroup, frameworkOnEventRole: role });
    acknowledge(provider, {
      'AwsSolutions-L1': 'The framework of the CDK chooses the runtime of its own function.',
    });
    const invoked = textOf(Stack.of(this).resolve(fn.functionArn));
    explainWildcards(role, [`${invoked}:*`], 'The framework of the CDK may call the one function in any version.');
    const { currentVersion } = fn;
    return new CustomResource(this, 'Views', {
      resourceType: 'Custom::NightdeskViews',
      serviceToken: provider.serviceToken,
      serviceTimeout: Duration.minutes(10),
      // Another code or another setting is another version: the views are written again.
      properties: { version: currentVersion.version },
      // Views go with their database. Without this the function would write them all again when the stack goes.
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}

/** The query with the defaults of its parameters, and a header that says what they are. */
function withDefaults(query: NamedQuery): string {
  const header = query.parameters.map(
    ({ name, default: value, description }) => `-- ${name} = ${value === '' ? "''" : value}: ${description}`,
  );
  const body = bindQuery(query, {})
    .split('\n')
    .filter((line) => !line.startsWith('-- param '));
  return [...header, ...body].join('\n');
}
