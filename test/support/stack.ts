import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FunctionSettings } from '../../lib/core/config/function-settings.ts';
import { functionSettings, parseConfig } from '../../lib/core/config/index.ts';
import { type AthenaServer, startAthena } from './athena.ts';
import { type AwsServer, type FakeStack, startAws } from './cloudformation.ts';
import { type S3Fake, startS3 } from './s3-fake.ts';
import { tempFolder } from './temp.ts';

/** An account with one stack, `nightdesk`, of which nothing but its description is there. */
export interface TestAccount {
  readonly aws: AwsServer;
  readonly settings: FunctionSettings;
  /** Changes what CloudFormation says of the stack. */
  describe(changes: Partial<FakeStack>): void;
}

export interface TestAccountOptions {
  /** Settings of nightdesk.json. @default - none */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Endpoint of the delivery stream. @default - one that only tells how it is */
  readonly firehose?: string;
}

/** The real SDK finds it through the environment. */
export async function startAccount({ config = {}, firehose }: TestAccountOptions = {}): Promise<TestAccount> {
  const aws = await startAws();
  onTestFinished(() => aws.close());
  const settings = functionSettings(parseConfig(config, 'test'));
  let stack: FakeStack = {
    name: 'nightdesk',
    status: 'CREATE_COMPLETE',
    outputs: {
      NightdeskLakeBucket: 'lake',
      NightdeskDeliveryStream: 'nightdesk',
      NightdeskDatabase: 'nightdesk',
      NightdeskWorkgroup: 'nightdesk',
      NightdeskAlarms: 'nightdesk-',
      ...(settings.hash.length > 0 ? { NightdeskHashSecret: 'arn:salt' } : {}),
    },
    metadata: { Nightdesk: { settings } },
  };
  aws.account.stacks = [stack];
  aws.account.streams = { nightdesk: { status: 'ACTIVE' } };
  environment({
    AWS_ENDPOINT_URL_CLOUDFORMATION: aws.endpoint,
    AWS_ENDPOINT_URL_CLOUDWATCH: aws.endpoint,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: aws.endpoint,
    AWS_ENDPOINT_URL_FIREHOSE: firehose ?? aws.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test-secret',
    AWS_REGION: 'eu-west-1',
  });
  return {
    aws,
    settings,
    describe(changes) {
      stack = { ...stack, ...changes };
      aws.account.stacks = [stack];
    },
  };
}

export interface TestStack extends TestAccount {
  /** A data folder whose `lake` is the stack's bucket. */
  readonly data: string;
  readonly athena: AthenaServer;
  readonly s3: S3Fake;
}

export interface TestStackOptions extends TestAccountOptions {
  /** @default - a new folder */
  readonly data?: string;
  /** Whether the views were written. @default true */
  readonly views?: boolean;
}

/** The same with its lake: a bucket, and Athena over it. */
export async function startStack(options: TestStackOptions = {}): Promise<TestStack> {
  const { data = tempFolder(), views = true } = options;
  const lake = join(data, 'lake');
  mkdirSync(lake, { recursive: true });
  const account = await startAccount(options);
  const s3 = await startS3({ faults: () => void readInto(s3, lake) });
  mirrorTo(s3, lake);
  const athena = await startAthena({ lake, views });
  onTestFinished(async () => {
    await Promise.all([s3.close(), athena.close()]);
  });
  environment({ AWS_ENDPOINT_URL_S3: s3.endpoint, AWS_ENDPOINT_URL_ATHENA: athena.endpoint });
  return { ...account, data, athena, s3 };
}

const NOTHING_OF_THIS_MACHINE = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PROFILE: undefined,
  AWS_SESSION_TOKEN: undefined,
};

/** No credentials nor settings of this machine, and these variables, until the test ends. */
export function environment(variables: Readonly<Record<string, string | undefined>>): void {
  const own = { ...NOTHING_OF_THIS_MACHINE, ...variables };
  const before = Object.keys(own).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(own)) set(name, value);
  onTestFinished(() => {
    for (const [name, value] of before) set(name, value);
  });
}

/** Objects that a test, or a desk, wrote into the folder are in the bucket. */
function readInto({ objects }: S3Fake, lake: string): void {
  for (const entry of readdirSync(lake, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.startsWith('.')) continue;
    const path = join(entry.parentPath, entry.name);
    const key = path.slice(lake.length + 1);
    if (!objects.has(key))
      Map.prototype.set.call(objects, key, { body: readFileSync(path), etag: '"1"', modified: new Date() });
  }
}

/** What is put into the bucket is in the folder that Athena reads. */
function mirrorTo({ objects }: S3Fake, lake: string): void {
  const set = objects.set.bind(objects);
  objects.set = (key, object) => {
    mkdirSync(dirname(join(lake, key)), { recursive: true });
    writeFileSync(join(lake, key), object.body);
    return set(key, object);
  };
}
