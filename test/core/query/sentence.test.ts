import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CATALOG } from '../../../lib/core/catalog/index.ts';
import { sentenceOf } from '../../../lib/core/query/sentence.ts';

test.each([
  [{ stream: 'execution', qty: 1, price: 100020, fee: 10 }, 'Fill: 1.000000 @ $100,020.00 (fee: $10.0000)'],
  [{ stream: 'order', side: 'buy', qty: 1, order_type: 'market' }, 'Order: BUY 1.000000 (market)'],
  [{ stream: 'order_intent', side: 'buy', qty: 1, current_price: 100000 }, 'Intent: BUY 1.000000 @ $100,000.00'],
])('intent, order and fill read as the telemetry bridge prints them: %o', (event, sentence) => {
  expect(sentenceOf(event)).toBe(sentence);
});

test('a hold names the guards that failed', () => {
  const guards = [
    { name: 'band', passed: false },
    { name: 'risk_ok', passed: true },
    { name: 'spread', passed: false },
  ];

  expect(sentenceOf({ stream: 'order_intent', side: 'hold', guards })).toBe('Intent: HOLD: band, spread failed');
});

test.each(Object.values(CATALOG).map((stream) => [stream.name, stream.example] as const))(
  'the example of %s has a sentence without gaps',
  (_, example) => {
    const sentence = sentenceOf(example);

    expect(sentence).toMatch(/^\S.*\S$/);
    expect(sentence).not.toMatch(/undefined|null|NaN|\[object/);
  },
);

test('an event of any shape has a sentence', () => {
  const names = fc.constantFrom(
    'side',
    'qty',
    'price',
    'guards',
    'fee',
    'reason',
    'direction',
    'equity',
    'name',
    'passed',
  );
  const streams = fc.constantFrom(...Object.keys(CATALOG), 'unknown', undefined);
  fc.assert(
    fc.property(streams, fc.dictionary(names, fc.jsonValue()), (stream, event) => {
      expect(sentenceOf({ ...event, stream }).length).toBeLessThanOrEqual(200);
    }),
  );
});
