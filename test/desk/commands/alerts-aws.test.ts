import { expect, test } from 'vitest';
import { createS3ObjectStore } from '../../../lib/adapters/aws/object-store.ts';
import { s3Client } from '../../../lib/adapters/aws/s3.ts';
import { createS3StateStore } from '../../../lib/adapters/aws/state-store.ts';
import { gunzip, gzip } from '../../../lib/adapters/local/gzip.ts';
import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createAlerts } from '../../../lib/core/alerts/runtime.ts';
import { type CommandResult, nightdesk } from '../../support/command.ts';
import { startStack } from '../../support/stack.ts';

const RULES = {
  own_late: { unit: 'ms', condition: { kind: 'threshold', of: { stream: 'market' }, field: 'price', above: 100 } },
};

const aws = (...args: readonly string[]): Promise<CommandResult> => nightdesk('alerts', ...args, '--aws');

test('the alerts of a stack are listed, decided about and looked up as those of a desk', async () => {
  const { settings } = await startStack({ config: { alerts: { rules: RULES } } });
  const bucket = { client: s3Client({ region: 'eu-west-1' }), bucket: 'lake' };
  const nowMs = Date.now() - 600_000;
  const alerts = createAlerts(
    {
      store: createS3ObjectStore(bucket),
      state: createS3StateStore(bucket),
      clock: { nowMs: () => nowMs },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      gzip,
      gunzip,
      sha256,
    },
    settings.alerts,
  );
  await alerts.observe([
    {
      stream: 'market',
      mode: 'live',
      strategyId: 'momo',
      sessionId: 'run',
      symbol: null,
      eventId: 'e-1',
      tsMs: nowMs,
      arrivedMs: nowMs,
      fields: { price: 150 },
    },
  ]);

  const listed = await aws('list', '--exit-code');
  expect([listed.code, listed.err]).toEqual([1, '']);
  expect(listed.out).toMatch(/warning +firing +own_late +live +momo +10m.* +150 ms +100 ms/);

  expect(await aws('ack', 'own_late', '--ttl', '1h', '--operator', 'ann')).toMatchObject({ code: 0, err: '' });
  expect(await aws('snooze', 'own_late', '--ttl', '1h')).toMatchObject({ code: 0, err: '' });
  const { acks, snoozes } = JSON.parse((await aws('list', '--json')).out);
  expect(acks).toMatchObject([{ operator: 'ann' }]);
  expect(snoozes).toMatchObject([{ of: 'own_late' }]);
  expect((await aws('unsnooze', 'own_lat')).code).toBe(1);
  expect((await aws('unsnooze', 'own_late')).code).toBe(0);

  const history = await aws('history');
  expect(history.code).toBe(0);
  expect(history.out).toMatch(/opened +warning +own_late +live +momo/);
  expect(history.err).toContain('scanned in Athena');
  expect(JSON.parse((await aws('stats', '--json')).out)).toMatchObject({ opened: 1, open: 1 });
});

test('a stack is not a folder: both at once are refused', async () => {
  expect((await aws('list', '--data', '.')).code).toBe(2);
  expect((await aws('backtest', 'dead_bot', '--data', '.')).code).toBe(2);
});
