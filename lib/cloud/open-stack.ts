import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateSummaryCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { type FunctionSettings, METADATA_KEY } from '../core/config/function-settings.ts';
import { NightdeskError } from '../core/errors.ts';
import { clientConfig } from './clients.ts';
import { refusal } from './refusal.ts';

/** Which stack a command is about. */
export interface StackPlace {
  /** The stack's name, or its ARN. */
  readonly stack: string;
  /** @default - of the environment or the profile */
  readonly region?: string | undefined;
}

/** A stack of Nightdesk that can be used, by the names of what it made. */
export interface Deployed {
  readonly stack: string;
  readonly region: string;
  /** CloudFormation's word for the state it is in, such as UPDATE_COMPLETE. */
  readonly status: string;
  readonly lakeBucket: string;
  readonly deliveryStream: string;
  readonly database: string;
  readonly workgroup: string;
  /** What the names of its alarms begin with. */
  readonly alarms: string;
  /** ARN of the secret with the salt of hashed values; only of a stack that hashes any. */
  readonly hashSecret?: string;
}

/** Outputs that every stack of Nightdesk has, by what they are here. */
const OUTPUTS = {
  lakeBucket: 'NightdeskLakeBucket',
  deliveryStream: 'NightdeskDeliveryStream',
  database: 'NightdeskDatabase',
  workgroup: 'NightdeskWorkgroup',
  alarms: 'NightdeskAlarms',
} as const;
const HASH_SECRET = 'NightdeskHashSecret';

/** States in which there is nothing behind the outputs, or not yet. */
const UNUSABLE: Readonly<Record<string, string>> = {
  CREATE_IN_PROGRESS: 'is being made; wait until it is done',
  REVIEW_IN_PROGRESS: 'is a change set that was never carried out; deploy it',
  CREATE_FAILED: 'could not be made; `cdk deploy` says why, delete it and deploy it again',
  ROLLBACK_IN_PROGRESS: 'could not be made and is being undone; delete it then, and deploy it again',
  ROLLBACK_COMPLETE: 'could not be made and was undone; delete it and deploy it again',
  ROLLBACK_FAILED: 'could not be made nor undone; delete it and deploy it again',
  DELETE_IN_PROGRESS: 'is being deleted',
  DELETE_COMPLETE: 'was deleted',
  DELETE_FAILED: 'could not be deleted entirely; delete it again, and deploy it anew',
};

/**
 * Looks a deployed stack up, and what it is made of.
 * @throws STACK_NOT_FOUND, STACK_UNUSABLE, AWS_REFUSED, AWS_UNAVAILABLE; each message says what to do
 */
export async function openStack(place: StackPlace): Promise<Deployed> {
  const client = new CloudFormationClient(clientConfig(place.region));
  try {
    const region = await client.config.region();
    return deployedOf(await describe(client, { ...place, region }), region);
  } catch (error) {
    throw refusal(error, {
      ...place,
      todo: `read the stack ${place.stack}`,
      permission: 'cloudformation:DescribeStacks',
    });
  } finally {
    client.destroy();
  }
}

async function describe(client: CloudFormationClient, place: StackPlace): Promise<Stack> {
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: place.stack }));
    if (found !== undefined) return found;
  } catch (error) {
    // DescribeStacks answers a name it does not know with a ValidationError, as it does a name that cannot be.
    if (!(error instanceof Error) || error.name !== 'ValidationError') throw error;
    if (!/does not exist/.test(error.message))
      throw new NightdeskError('CONFIG_INVALID', `--stack must be the name of a stack, got ${place.stack}`, {
        cause: error,
      });
  }
  const others = await stacksOf(client);
  const advice =
    others.length > 0
      ? `stacks of Nightdesk there: ${others.join(', ')}; name one with --stack`
      : 'name another region with --region, another stack with --stack, other credentials with AWS_PROFILE, or deploy one';
  throw new NightdeskError('STACK_NOT_FOUND', `there is no stack ${place.stack} in ${place.region}; ${advice}`);
}

const MOST_SHOWN = 10;

/** Names of stacks that have the outputs of Nightdesk; none where listing them is not allowed. */
async function stacksOf(client: CloudFormationClient): Promise<string[]> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({})); // one page: this is advice
    return Stacks.filter((stack) => outputOf(stack, OUTPUTS.deliveryStream) !== undefined)
      .flatMap(({ StackName }) => StackName ?? [])
      .slice(0, MOST_SHOWN);
  } catch {
    return [];
  }
}

const outputOf = (stack: Stack, key: string): string | undefined =>
  stack.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;

function deployedOf(found: Stack, region: string): Deployed {
  const { StackName: stack = '', StackStatus: status = 'UNKNOWN' } = found;
  const unusable = UNUSABLE[status];
  if (unusable !== undefined)
    throw new NightdeskError('STACK_UNUSABLE', `the stack ${stack} in ${region} ${unusable} (${status})`);
  const values = Object.entries(OUTPUTS).map(([name, key]) => ({ name, key, value: outputOf(found, key) }));
  const missing = values.flatMap(({ key, value }) => (value === undefined ? [key] : []));
  if (missing.length > 0)
    throw new NightdeskError(
      'STACK_UNUSABLE',
      missing.length === values.length
        ? `the stack ${stack} in ${region} is none of Nightdesk: it has no output ${missing[0]}; name another with --stack`
        : `the stack ${stack} in ${region} has no output ${missing.join(', ')}: another version of Nightdesk deployed it; deploy it again with this one`,
    );
  const hashSecret = outputOf(found, HASH_SECRET);
  return {
    stack,
    region,
    status,
    ...(Object.fromEntries(values.map(({ name, value }) => [name, value])) as Record<keyof typeof OUTPUTS, string>),
    ...(hashSecret === undefined ? {} : { hashSecret }),
  };
}

/** Of a section only that there is one: what reads the template has no use for it. */
const section = <Section>() => z.custom<Section>((value) => typeof value === 'object' && value !== null);

const metadata = z.looseObject({
  [METADATA_KEY]: z.looseObject({
    settings: z.looseObject({
      zone: z.string(),
      redact: z.array(z.string()),
      hash: z.array(z.string()),
      maxEventAgeMs: z.number().positive(),
      ledger: section<FunctionSettings['ledger']>(),
      alerts: section<FunctionSettings['alerts']>(),
      metrics: section<FunctionSettings['metrics']>(),
    }),
  }),
});

/**
 * The settings that the functions of a stack run with, from the metadata of its template.
 * @throws STACK_UNUSABLE where the template has none, AWS_REFUSED, AWS_UNAVAILABLE
 */
export async function stackSettings({ stack, region }: Pick<Deployed, 'stack' | 'region'>): Promise<FunctionSettings> {
  const client = new CloudFormationClient(clientConfig(region));
  try {
    const { Metadata = '{}' } = await client.send(new GetTemplateSummaryCommand({ StackName: stack }));
    const parsed = metadata.safeParse(jsonOf(Metadata));
    if (parsed.success) return parsed.data[METADATA_KEY].settings;
    throw new NightdeskError(
      'STACK_UNUSABLE',
      `the template of stack ${stack} has no settings of Nightdesk that this version can read; deploy it again with this one`,
    );
  } catch (error) {
    throw refusal(error, {
      todo: `read the settings of stack ${stack}`,
      permission: 'cloudformation:GetTemplateSummary',
      region,
    });
  } finally {
    client.destroy();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
