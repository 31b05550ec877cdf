import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { Charset, LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { RUNTIME_MODULES, SETTINGS_FILE } from '../core/config/function-settings.ts';
import type { StackContext } from './context.ts';
import { retentionOf } from './log-retention.ts';
import { explainWildcards, type Permission, permit } from './permissions.ts';

export type FunctionStage = 'transform' | 'lifecycle' | 'alerts' | 'snapshots' | 'reconcile' | 'query';

export interface StageFunctionProps {
  readonly stage: FunctionStage;
  readonly context: StackContext;
  readonly description: string;
  readonly timeout: Duration;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  /** Where events end up that failed to the last try. @default - whoever calls waits for the answer */
  readonly deadLetters?: IQueue;
}

/** One function of one stage: its code, its logs, and a role that may do nothing but what it is granted. */
export class StageFunction extends Construct {
  readonly function: NodejsFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: StageFunctionProps) {
    super(scope, id);
    const { stage, context, description, timeout, memoryMb, environment, deadLetters } = props;
    const { config, key, root } = context;
    const logGroup = new LogGroup(this, 'Logs', {
      retention: retentionOf(config),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Its own role: the managed policy that the L2 attaches may write to every log group of the account.
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), description });
    const reserved = config.aws.reservedConcurrency[stage];
    this.function = new NodejsFunction(this, 'Function', {
      description,
      entry: join(root, 'lambdas', stage, 'handler.ts'),
      handler: 'handler',
      projectRoot: root,
      depsLockFilePath: join(root, 'package.json'), // nothing is installed, so no lock file is read; packages carry none
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role: this.role,
      timeout,
      memorySize: memoryMb,
      environment: { NODE_OPTIONS: '--enable-source-maps', ...environment },
      ...(key === undefined ? {} : { environmentEncryption: key }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: config.aws.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
      ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
      ...(deadLetters === undefined ? {} : { deadLetterQueue: deadLetters, retryAttempts: 2 }),
      bundling: {
        format: OutputFormat.CJS,
        target: 'node24',
        minify: true,
        charset: Charset.UTF8, // or every sign beyond ASCII takes six bytes
        sourceMap: true,
        sourcesContent: false,
        logLevel: LogLevel.ERROR,
        externalModules: [...RUNTIME_MODULES],
        commandHooks: {
          beforeInstall: () => [],
          beforeBundling: () => [],
          afterBundling: (_input, output) => [copyCommand(settingsFile(context), join(output, SETTINGS_FILE))],
        },
      },
    });
    this.allow({ actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: [logGroup.logGroupArn] });
    explainWildcards(
      this.role,
      ['*'],
      'xray:PutTraceSegments and xray:PutTelemetryRecords know no resources (AWS X-Ray).',
    );
  }

  /** Lets the function do this, and nothing else. */
  allow(...permissions: readonly Permission[]): void {
    permit(this.role, permissions);
  }
}

const files = new Map<string, string>();

/** The settings as a file, one for all functions that have the same. */
function settingsFile({ settings }: StackContext): string {
  let path = files.get(settings);
  if (path === undefined) {
    path = join(mkdtempSync(join(tmpdir(), 'nightdesk-settings-')), SETTINGS_FILE);
    writeFileSync(path, settings);
    files.set(settings, path);
  }
  return path;
}

/** By Node, for the shell of Windows knows no cp. */
const copyCommand = (from: string, to: string): string =>
  `node -e "require('node:fs').copyFileSync(...process.argv.slice(1))" ${JSON.stringify(from)} ${JSON.stringify(to)}`;
