import { describe, expect, test } from 'vitest';
import { eventOf, verdictOf } from '../support/transform.ts';

const base = { stream: 'signals', event_id: 'e1', schema_version: 1, ts: '2025-12-03T11:59:00.000000Z' };
// Assembled, so that no scanner takes a test for a leak.
const AWS_KEY = `AKIA${'ABCDEFGHIJKLMNOP'}`;
const WEBHOOK = `https://hooks.slack.com/${'services'}/T000/B000/abcdefgh`;

describe('redaction', () => {
  test('a secret goes by its exact name, at any depth', () => {
    const stored = verdictOf(
      JSON.stringify({ ...base, api_key: 'k1', nested: { deep: [{ 'API-Secret': 's1', password: 'p1' }] } }),
    ).json;
    for (const secret of ['k1', 's1', 'p1']) expect(stored).not.toContain(`"${secret}`);
    expect(stored.match(/\[redacted\]/g)).toHaveLength(3);
  });

  test('names that merely contain a secret’s name survive', () => {
    const extra = JSON.parse(
      String(eventOf({ ...base, idempotency_key: 'idem-1', token_symbol: 'USDT', account_equity: 10_000 }).extra),
    );
    expect(extra).toEqual({ idempotency_key: 'idem-1', token_symbol: 'USDT', account_equity: 10_000 });
  });

  test.each([
    ['an access key', AWS_KEY],
    ['a Slack webhook', WEBHOOK],
    ['a bearer token', `Bearer ${'abcdefghijklmnopqrst'}`],
    ['a password in an address', 'https://user:hunter2@exchange.example/v1'],
    ['a signature in an address', 'GET /order?symbol=BTC&signature=abcdef0123456789'],
  ])('%s goes by its looks, in a known column and in an unknown field', (_name, secret) => {
    const stored = verdictOf(JSON.stringify({ ...base, model_source: `failed with ${secret}`, note: [secret] })).json;
    expect(stored).not.toContain(secret);
    expect(stored).toContain('[redacted]');
  });

  test('a line that cannot be read is redacted as text', () => {
    const { json, outcome } = verdictOf(`{"api_secret": "s3cr3t", "url": "${WEBHOOK}", "broken": `);
    expect(outcome).toBe('quarantined');
    expect(json).not.toContain('s3cr3t');
    expect(json).not.toContain(WEBHOOK);
    expect(json).toContain('broken');
  });

  test('configured identifiers are salted and hashed, the same value to the same hash', () => {
    const config = { hashKeys: ['account_id', 'address'], hashSalt: 'pepper' };
    const one = eventOf({ ...base, account_id: 'acc-1', who: { address: '0x1' } }, config);
    const two = eventOf({ ...base, account_id: 'acc-1' }, config);
    const other = eventOf({ ...base, account_id: 'acc-1' }, { ...config, hashSalt: 'salt' });
    expect(one.account_id).toMatch(/^h:[0-9a-f]{16}$/);
    expect(two.account_id).toBe(one.account_id);
    expect(other.account_id).not.toBe(one.account_id);
    expect(String(one.extra)).not.toContain('0x1');
  });
});
