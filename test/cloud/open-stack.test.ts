import { expect, test } from 'vitest';
import { openStack, stackSettings } from '../../lib/cloud/open-stack.ts';
import type { NightdeskError } from '../../lib/core/errors.ts';
import { ERRORS } from '../../lib/core/errors.ts';
import { environment, startAccount } from '../support/stack.ts';

/** What opening the stack says. */
const refused = (stack = 'nightdesk'): Promise<NightdeskError> =>
  openStack({ stack }).then(
    () => {
      throw new Error('the stack was opened');
    },
    (error: NightdeskError) => error,
  );

test('a stack is found by its name, with the names of what it made and its settings', async () => {
  const { settings } = await startAccount({
    config: { zone: 'Asia/Kolkata', redact: ['desk_note'], hash: ['account_id'] },
  });

  const deployed = await openStack({ stack: 'nightdesk' });

  expect(deployed).toEqual({
    stack: 'nightdesk',
    region: 'eu-west-1',
    status: 'CREATE_COMPLETE',
    lakeBucket: 'lake',
    deliveryStream: 'nightdesk',
    database: 'nightdesk',
    workgroup: 'nightdesk',
    alarms: 'nightdesk-',
    hashSecret: 'arn:salt',
  });
  expect(await stackSettings(deployed)).toEqual(settings);
});

test('no such stack: the stacks of Nightdesk that are there are named', async () => {
  const { aws } = await startAccount();
  aws.account.stacks.push({ name: 'other', status: 'CREATE_COMPLETE', outputs: { Url: 'x' } });

  const error = await refused('nightdesk-prod');

  expect(error.code).toBe('STACK_NOT_FOUND');
  expect(error.message).toBe(
    'there is no stack nightdesk-prod in eu-west-1; stacks of Nightdesk there: nightdesk; name one with --stack',
  );
});

test('no such stack where none may be listed, or none is there: what to try is said', async () => {
  const { aws } = await startAccount();
  aws.account.stacks = [];

  expect((await refused()).message).toMatch(
    /^there is no stack nightdesk in eu-west-1; name another region with --region/,
  );
});

test.each([
  ['CREATE_IN_PROGRESS', 'is being made'],
  ['ROLLBACK_COMPLETE', 'could not be made and was undone; delete it and deploy it again'],
  ['ROLLBACK_FAILED', 'could not be made nor undone'],
  ['DELETE_IN_PROGRESS', 'is being deleted'],
  ['DELETE_FAILED', 'could not be deleted entirely'],
  ['REVIEW_IN_PROGRESS', 'never carried out'],
])('a stack in state %s cannot be used, and it is said why', async (status, why) => {
  const stack = await startAccount();
  stack.describe({ status });

  const error = await refused();

  expect(error.code).toBe('STACK_UNUSABLE');
  expect(error.message).toContain(why);
  expect(error.message).toContain(status);
});

test.each(['UPDATE_IN_PROGRESS', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'IMPORT_COMPLETE'])(
  'a stack in state %s is there, and is used',
  async (status) => {
    const stack = await startAccount();
    stack.describe({ status });

    expect(await openStack({ stack: 'nightdesk' })).toMatchObject({ status });
  },
);

test('a stack of something else is told from one of another version', async () => {
  const stack = await startAccount();

  stack.describe({ outputs: { Url: 'https://example.com' } });
  expect((await refused()).message).toContain('is none of Nightdesk');
  stack.describe({
    outputs: { NightdeskLakeBucket: 'lake', NightdeskDeliveryStream: 'nightdesk', NightdeskDatabase: 'd' },
  });
  expect((await refused()).message).toContain('has no output NightdeskWorkgroup, NightdeskAlarms: another version');
});

test.each([undefined, {}, { Nightdesk: {} }, { Nightdesk: { settings: { zone: 3 } } }])(
  'a template with metadata %j has no settings that can be read',
  async (metadata) => {
    const stack = await startAccount();
    stack.describe({ metadata });

    await expect(stackSettings({ stack: 'nightdesk', region: 'eu-west-1' })).rejects.toMatchObject({
      code: 'STACK_UNUSABLE',
    });
  },
);

test('without credentials it is said how to give some', async () => {
  await startAccount();
  environment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });

  const error = await refused();

  expect(error.code).toBe('AWS_REFUSED');
  expect(error.message).toContain('no AWS credentials');
  expect(error.message).toContain('AWS_PROFILE');
});

test('without a region it is asked for one', async () => {
  await startAccount();
  environment({ AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined });

  expect((await refused()).message).toContain('name one with --region');
});

test.each([
  [
    'AccessDenied',
    403,
    'User: arn:aws:iam::1:user/x is not authorized to perform: cloudformation:DescribeStacks on resource: *',
    'the permission cloudformation:DescribeStacks',
  ],
  ['AccessDenied', 403, 'no', 'the permission cloudformation:DescribeStacks'],
  ['ExpiredToken', 403, 'The security token included in the request is expired', 'have expired; sign in again'],
  [
    'InvalidClientTokenId',
    403,
    'The security token included in the request is invalid.',
    'does not take the credentials',
  ],
  ['SignatureDoesNotMatch', 403, 'AKIDEXAMPLE no', 'does not take the credentials'],
  ['RequestExpired', 400, 'old', 'the clock of this machine'],
  ['SomethingElse', 400, 'because', 'SomethingElse: because'],
])('%s (%i) is said so that one knows what to do', async (code, status, message, said) => {
  const { aws } = await startAccount();
  aws.account.refuse = () => ({ code, status, message });

  const error = await refused();

  expect(error.code).toBe('AWS_REFUSED');
  expect(error.message).toContain(said);
  expect(error.message).not.toContain('AKIDEXAMPLE');
});

test('a call that is throttled is made again, and to the end of all tries it may be tried later', async () => {
  const { aws } = await startAccount();
  let left = 1;
  aws.account.refuse = () => (left-- > 0 ? { code: 'Throttling', message: 'Rate exceeded' } : undefined);

  expect(await openStack({ stack: 'nightdesk' })).toMatchObject({ stack: 'nightdesk' });
  aws.account.refuse = () => ({ code: 'Throttling', message: 'Rate exceeded' });
  expect(await refused()).toMatchObject({ code: 'AWS_UNAVAILABLE' });
  expect(ERRORS.AWS_UNAVAILABLE.retry).toBe(true);
});

test('where nothing answers it may be tried later', async () => {
  await startAccount();
  environment({ AWS_ENDPOINT_URL_CLOUDFORMATION: 'http://127.0.0.1:9' });

  expect(await refused()).toMatchObject({ code: 'AWS_UNAVAILABLE' });
});
