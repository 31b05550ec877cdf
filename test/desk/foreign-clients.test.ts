import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  ListDeliveryStreamsCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-firehose';
import { describe, expect, test } from 'vitest';
import { nodeFiles } from '../../lib/adapters/local/files.ts';
import { tempFolder } from '../support/temp.ts';
import { startDesk } from './support/desk.ts';

const run = promisify(execFile);
const TOKEN = { name: 'bot-a', secret: 'correct-horse/battery+staple=' };
const AWS_ENV = {
  ...process.env,
  AWS_ACCESS_KEY_ID: TOKEN.name,
  AWS_SECRET_ACCESS_KEY: TOKEN.secret,
  AWS_DEFAULT_REGION: 'eu-west-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
};

/** The first of the commands that works. */
const firstThatWorks = (commands: readonly string[], args: readonly string[]): string | undefined =>
  commands.find((command) => {
    try {
      execFileSync(command, args, { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });

const aws = firstThatWorks(['/usr/bin/aws', 'aws'], ['--version']);
const python = firstThatWorks(['/usr/bin/python3', 'python3'], ['-c', 'import boto3']);
const titled = (title: string, present: unknown, what: string): string =>
  present === undefined ? `${title} (skipped: ${what} is absent)` : title;

// Each desk asks for signatures: what passes here is signed as AWS wants it, by three implementations.
describe('clients made for AWS work with a desk by changing their endpoint', () => {
  test('the JavaScript SDK', async () => {
    const desk = await startDesk({ auth: [TOKEN] });
    const client = new FirehoseClient({
      endpoint: desk.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: TOKEN.name, secretAccessKey: TOKEN.secret },
    });
    const { RecordId } = await client.send(
      new PutRecordCommand({ DeliveryStreamName: 'nightdesk', Record: { Data: Buffer.from('order: one é') } }),
    );
    const Records = ['order: two', 'order: three\norder: four'].map((text) => ({ Data: Buffer.from(text) }));
    const answer = await client.send(new PutRecordBatchCommand({ DeliveryStreamName: 'nightdesk', Records }));
    expect(answer).toMatchObject({
      FailedPutCount: 0,
      RequestResponses: [{ RecordId: expect.any(String) }, { RecordId: expect.any(String) }],
    });
    expect((await client.send(new ListDeliveryStreamsCommand({}))).DeliveryStreamNames).toEqual(['nightdesk']);
    const described = await client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'nightdesk' }));
    expect(described.DeliveryStreamDescription).toMatchObject({
      DeliveryStreamStatus: 'ACTIVE',
      CreateTimestamp: expect.any(Date),
    });
    await expect(client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'other' }))).rejects.toThrow(
      ResourceNotFoundException,
    );
    const lines = await desk.lines();
    expect(lines.map(({ raw }) => raw)).toEqual(['order: one é', 'order: two', 'order: three', 'order: four']);
    expect(lines[0]?.event_id).toBe(RecordId);
  });

  test('the JavaScript SDK tries again by itself while the desk takes nothing', async () => {
    let free = 0;
    const desk = await startDesk({ minFreeBytes: 1, files: { ...nodeFiles, freeBytes: async () => free } });
    const client = new FirehoseClient({
      endpoint: desk.url,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
      maxAttempts: 20,
    });
    const put = client.send(
      new PutRecordCommand({ DeliveryStreamName: 'nightdesk', Record: { Data: Buffer.from('order: 1') } }),
    );
    await expect.poll(() => desk.stats().intake.refused).toBeGreaterThan(0);
    free = 1_000_000;
    const { $metadata } = await put;
    expect($metadata.attempts).toBeGreaterThan(1);
    expect(await desk.lines()).toHaveLength(1);
    expect(desk.said.map(({ level }) => level)).toEqual(['error', 'info']);
  });

  test.skipIf(aws === undefined)(titled('the AWS CLI', aws, 'aws'), async () => {
    const desk = await startDesk({ auth: [TOKEN] });
    const firehose = async (...args: string[]): Promise<unknown> =>
      JSON.parse(
        (await run(aws ?? '', ['firehose', '--endpoint-url', desk.url, '--output', 'json', ...args], { env: AWS_ENV }))
          .stdout || 'null',
      );
    const data = (text: string): { Data: string } => ({ Data: Buffer.from(text).toString('base64') });
    const name = ['--delivery-stream-name', 'nightdesk'];
    const [one, batch, missing] = await Promise.all([
      firehose('put-record', ...name, '--record', JSON.stringify(data('order: one é'))),
      firehose('put-record-batch', ...name, '--records', JSON.stringify([data('order: two'), data('order: three')])),
      firehose('describe-delivery-stream', '--delivery-stream-name', 'other').catch(({ stderr }) => stderr),
    ]);
    expect(one).toMatchObject({ RecordId: expect.any(String) });
    expect(batch).toMatchObject({ FailedPutCount: 0 });
    expect(missing).toContain('ResourceNotFoundException');
    expect((await desk.lines()).map(({ raw }) => raw).sort()).toEqual(['order: one é', 'order: three', 'order: two']);
  });

  test.skipIf(python === undefined)(titled('boto3', python, 'python3 with boto3'), async () => {
    const desk = await startDesk({ auth: [TOKEN] });
    const script = join(tempFolder(), 'put.py');
    writeFileSync(script, BOTO3);
    const { stdout } = await run(python ?? '', [script, desk.url], { env: AWS_ENV });
    expect(JSON.parse(stdout)).toEqual({
      one: expect.any(String),
      failed: 0,
      ids: 500,
      list: ['nightdesk'],
      status: 'ACTIVE',
      missing: 'ResourceNotFoundException',
      large: 'ValidationException',
    });
    const lines = await desk.lines();
    expect(lines).toHaveLength(501);
    expect(lines.find(({ raw }) => raw === 'order: one é')).toBeDefined();
  });
});

const BOTO3 = `
import boto3, json, sys
client = boto3.client('firehose', endpoint_url=sys.argv[1])
one = client.put_record(DeliveryStreamName='nightdesk', Record={'Data': 'order: one é\\n'.encode()})
batch = client.put_record_batch(DeliveryStreamName='nightdesk', Records=[{'Data': b'order: %d' % n} for n in range(500)])
def error(**call):
    try:
        client.put_record(**call)
    except client.exceptions.ClientError as e:
        return e.response['Error']['Code']
print(json.dumps({
    'one': one['RecordId'],
    'failed': batch['FailedPutCount'],
    'ids': len({answer['RecordId'] for answer in batch['RequestResponses']}),
    'list': client.list_delivery_streams()['DeliveryStreamNames'],
    'status': client.describe_delivery_stream(DeliveryStreamName='nightdesk')['DeliveryStreamDescription']['DeliveryStreamStatus'],
    'missing': error(DeliveryStreamName='other', Record={'Data': b'x'}),
    'large': error(DeliveryStreamName='nightdesk', Record={'Data': b'x' * 1024001}),
}))
`;
