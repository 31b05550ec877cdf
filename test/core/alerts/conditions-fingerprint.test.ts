import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fingerprintOf, normalised } from '../../../lib/core/alerts/fingerprint.ts';

const python = (line: number, what: string, folder = '/app') =>
  `Traceback (most recent call last):\n  File "${folder}/main.py", line ${line}, in run\n    loop()\n  File "${folder}/bot/pipeline.py", line ${line + 7}, in submit_order\n    raise OrderError(x)\n${what}`;

const javascript = (line: number, what: string, folder = 'file:///srv/bot') =>
  `${what}\n    at submitOrder (${folder}/dist/pipeline-8f3a21c9.js:${line}:11)\n    at async Promise.all (index 0)\n    at async ${folder}/dist/main.js:3:1`;

describe('errors from one place are one', () => {
  test.each([
    [
      'python',
      { stacktrace: python(118, 'OrderError: order 17 rejected') },
      { stacktrace: python(119, 'OrderError: order 18 rejected', '/home/bot/v2') },
    ],
    [
      'javascript',
      { stacktrace: javascript(118, 'OrderError: order 17') },
      { stacktrace: javascript(9, 'OrderError: order 18', 'C:\\bots\\v2') },
    ],
    [
      'javascript, other builds',
      { stacktrace: javascript(1, 'TypeError: x') },
      { stacktrace: javascript(1, 'TypeError: x').replace('8f3a21c9', 'aa00bb11') },
    ],
    [
      'no stack, other figures',
      { message: 'order 17 rejected: need 120.5 USDT, have -3e-7' },
      { message: 'order 98231 rejected: need 7 USDT, have 0.5' },
    ],
    [
      'no stack, other ids',
      { message: 'fill 0x1f9c of 3bc82e52-170f-4a8c-ac86-e665caedf8b2' },
      { message: 'fill 0xabc of 11111111-2222-3333-4444-555555555555' },
    ],
    ['no stack, other quotes', { message: `unknown symbol 'BTC-USD'` }, { message: `unknown symbol 'ETH USD'` }],
    [
      'no stack, other paths',
      { message: 'cannot open /var/log/bot/a.jsonl' },
      { message: 'cannot open /srv/x/logs/b.jsonl' },
    ],
  ])('%s', (_, one, other) => {
    expect(fingerprintOf(one)).toBe(fingerprintOf(other));
  });
});

describe('errors from two places are two', () => {
  test.each([
    [
      'functions',
      { stacktrace: python(1, 'E: x') },
      { stacktrace: python(1, 'E: x').replace('submit_order', 'cancel_order') },
    ],
    ['types', { stacktrace: python(1, 'OrderError: x') }, { stacktrace: python(1, 'NetworkError: x') }],
    ['types that are named', { error_type: 'A', message: 'x' }, { error_type: 'B', message: 'x' }],
    ['codes', { code: '51008', message: 'rejected' }, { code: '51009', message: 'rejected' }],
    ['components', { component: 'feed', message: 'lost' }, { component: 'orders', message: 'lost' }],
    ['messages', { message: 'order rejected' }, { message: 'connection lost' }],
  ])('%s', (_, one, other) => {
    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
  });
});

test('a message keeps its words', () => {
  expect(normalised(`order "o-17" of 3 at 0xff: see https://x.example/a?b=1 in /var/log/bot.log`)).toBe(
    'order <text> of <n> at <n>: see <url> in <path>',
  );
});

test('whatever an event holds, its fingerprint is a short text', () => {
  fc.assert(
    fc.property(
      fc.anything(),
      fc.anything(),
      fc.string({ unit: 'binary', maxLength: 500 }),
      (message, error_type, stacktrace) => {
        const made = fingerprintOf({ message, error_type, stacktrace });
        expect(typeof made).toBe('string');
        expect(made.length).toBeLessThanOrEqual(3_000);
      },
    ),
  );
});

test('a hostile text of a megabyte costs no more than its beginning', () => {
  for (const part of [
    '(',
    'at a (',
    '  File "',
    '"',
    "'a",
    '/a',
    '0x',
    '1-',
    ' ',
    '\n',
    ' at a:1',
    '\n at a:1:',
    '\n  File "',
  ])
    expect(fingerprintOf({ message: part.repeat(1_000_000), stacktrace: part.repeat(1_000_000) }).length).toBeLessThan(
      4_000,
    );
});
