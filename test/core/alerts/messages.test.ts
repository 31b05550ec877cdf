import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelsFor, planMessages } from '../../../lib/core/alerts/messages.ts';
import { plainText } from '../../../lib/core/alerts/plain-text.ts';
import type { AlertChange, ChannelSettings } from '../../../lib/core/alerts/types.ts';
import { cut, shellQuoted, shown } from '../../../lib/core/alerts/wording.ts';
import { AT, aChange, aNotice, anAlert, anEvidence, hostile, hostileChange } from '../../support/alert-changes.ts';

const SETTINGS = { burst: 5, consoleUrl: 'https://desk.example/nd/' };

const only = (changes: readonly AlertChange[], settings: { burst: number; consoleUrl?: string } = SETTINGS) => {
  const messages = planMessages(
    changes.map((change) => aNotice(change)),
    'ops',
    settings,
  );
  expect(messages).toHaveLength(1);
  const [message] = messages;
  if (message === undefined) throw new Error('no message');
  return message;
};

const many = (n: number, over: (i: number) => Parameters<typeof anAlert>[0] = () => ({})) =>
  Array.from({ length: n }, (_, i) =>
    aChange('opened', { alertId: `a-${i}`, severity: 'warning', ...over(i) }, { atMs: AT + i }),
  );

const bash = spawnSync('bash', ['--version']).status === 0;
const quoted = 'a shell reads the quoted key as it was';

describe('the message of one alert', () => {
  test('says what, since when, value against limit, who, why, evidence, what to do and how to acknowledge', () => {
    const message = only([
      aChange('opened', {
        runbook: 'https://wiki.example/late',
        evidence: [1, 2, 3, 4].map((i) => anEvidence({ eventId: `e-${i}`, text: `late ${i}`, tradeId: `t/${i}` })),
      }),
    ]);
    expect(plainText(message, 10_000)).toMatchInlineSnapshot(`
      "Alert: Market data is late · alpha (live) BTCUSDT

      the newest health event says 31,200 ms

      Severity: critical
      Strategy: alpha
      Mode:     live
      Symbol:   BTCUSDT
      Session:  s-1
      Since:    2026-01-05 02:59:00 UTC (for 1m)
      Value:    31,200 ms, limit 30,000 ms

      Newest evidence:
        2026-01-05 02:59:55 UTC · health · BTCUSDT · late 4
        2026-01-05 02:59:55 UTC · health · BTCUSDT · late 3
        2026-01-05 02:59:55 UTC · health · BTCUSDT · late 2

      Look at the connection to the venue.

      Acknowledge: nightdesk alerts ack 'ws_staleness:live:alpha:BTCUSDT'

      Timeline of the session: https://desk.example/nd/live/execution/s-1
      Trade t/4: https://desk.example/nd/trades/t%2F4
      Runbook: https://wiki.example/late"
    `);
  });

  test('names commands where there is no console', () => {
    const message = only([aChange('opened', { evidence: [anEvidence({ tradeId: 't-1' })] })], { burst: 5 });
    expect(message.links).toEqual([]);
    expect(message.todos.map(({ command }) => command)).toEqual([
      "nightdesk alerts ack 'ws_staleness:live:alpha:BTCUSDT'",
      "nightdesk trades 't-1'",
    ]);
  });

  test.each([
    'javascript:alert(1)',
    'ftp://x.example',
    'https://user:pass@x.example',
    'https://x.example/a b',
    'https://x.example/>',
    '',
  ])('an address that is not plain http or https makes no link: %s', (address) => {
    expect(only([aChange('opened', { runbook: address })], { burst: 5, consoleUrl: address }).links).toEqual([]);
  });

  test('a session or trade of any name stays one step of the link’s path, or has no link', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const { links } = only([aChange('opened', { sessionId: name, evidence: [anEvidence({ tradeId: name })] })]);
        for (const { url } of links) {
          const { origin, pathname, search, hash } = new URL(url);
          expect([origin, search, hash]).toEqual(['https://desk.example', '', '']);
          expect(pathname).toMatch(/^\/nd\/(live\/execution|trades)\/[^/]+$/);
          expect(decodeURIComponent(pathname.split('/').at(-1) ?? '')).toBe(name);
        }
      }),
    );
  });

  test('a resolve says how long it lasted and the worst value, and no longer how to acknowledge', () => {
    const message = only([
      aChange(
        'resolved',
        { status: 'resolved', resolvedMs: AT + 3_725_000, worst: 98_000, value: 12 },
        { atMs: AT + 3_725_000 },
      ),
    ]);
    expect(message.title).toBe('Resolved: Market data is late · alpha (live) BTCUSDT');
    expect(message.ended).toBe(true);
    expect(message.facts).toContainEqual({ name: 'Lasted', value: '1h 2m, until 2026-01-05 04:02:05 UTC' });
    expect(message.facts).toContainEqual({ name: 'Worst value', value: '98,000 ms' });
    expect(message.todos).toEqual([]);
  });

  test('an open and its resolve that both wait are one message, which says both', () => {
    const message = only([
      aChange('opened'),
      aChange('resolved', { status: 'resolved', resolvedMs: AT + 9_000 }, { atMs: AT + 9_000 }),
    ]);
    expect(message.title).toMatch(/^Opened and resolved: /);
    expect(message.facts).toContainEqual({
      name: 'Told together',
      value: 'opened 2026-01-05 03:00:00 UTC, resolved 2026-01-05 03:00:09 UTC',
    });
  });

  test('a value that is not known is said to be so', () => {
    expect(only([aChange('opened', { value: null, limit: null })]).facts).toContainEqual({
      name: 'Value',
      value: 'not known',
    });
  });

  test('is marked as a possible repeat where an earlier answer of this channel was lost, of another not', () => {
    const change = aChange('opened');
    const plan = (unsure: string[]) => planMessages([aNotice(change, ['ops', 'mail'], unsure)], 'ops', SETTINGS);
    expect(plan(['ops']).map(({ possibleRepeat }) => possibleRepeat)).toEqual([true]);
    expect(plan(['mail']).map(({ possibleRepeat }) => possibleRepeat)).toEqual([false]);
  });
});

describe('other messages', () => {
  test('a CloudWatch alarm says name, state, reason, time and region', () => {
    const message = only([
      aChange(
        'platform',
        { severity: 'critical', alertId: 'platform' },
        {
          platform: {
            alarm: 'nightdesk-platform',
            state: 'ALARM',
            reason: 'lag > 300 s',
            region: 'eu-central-1',
            atMs: AT,
          },
        },
      ),
    ]);
    expect(message).toMatchObject({
      kind: 'platform',
      ended: false,
      title: 'Platform ALARM: nightdesk-platform',
      reason: 'lag > 300 s',
    });
    expect(message.facts).toContainEqual({ name: 'Region', value: 'eu-central-1' });
    expect(message.facts).toContainEqual({ name: 'At', value: '2026-01-05 03:00:00 UTC' });
  });

  test('the digest counts per rule, and lists what is open, blind rules and history; of several the newest is told', () => {
    const digest = {
      fromMs: AT - 86_400_000,
      toMs: AT,
      rules: [{ ruleId: 'dead_bot', title: 'Bot is silent', severity: 'critical' as const, opened: 2, resolved: 1 }],
      open: [anAlert()],
      blind: [
        { ruleId: 'equity_drop', mode: 'live', strategyId: 'alpha', reason: 'equity_value is null in every event' },
      ],
      history: 1_200,
    };
    const view = { alertId: 'd', severity: 'info' as const, title: 'Daily digest', reason: '1 alert is open.' };
    const message = only([aChange('digest', view, { atMs: AT - 1, digest }), aChange('digest', view, { digest })]);
    expect(plainText(message, 10_000)).toMatchInlineSnapshot(`
      "Daily digest

      1 alert is open.

      From:             2026-01-04 03:00:00 UTC
      To:               2026-01-05 03:00:00 UTC
      Opened:           2
      Resolved:         1
      Still open:       1
      Blind rules:      1
      Too old to alert: 1,200 events
      Digests before:   1

      By rule:
        Bot is silent (critical): 2 opened, 1 resolved

      Still open:
        Market data is late · alpha (live) BTCUSDT · 31,200 ms, limit 30,000 ms · since 2026-01-05 02:59:00 UTC

      Blind: no data for 24 h:
        equity_drop · alpha (live) · equity_value is null in every event

      All that is open: nightdesk alerts list"
    `);
  });

  test('a test message says that nothing is wrong', () => {
    expect(only([aChange('test', { title: '', reason: '' })])).toMatchObject({
      kind: 'test',
      ended: true,
      title: 'Test message',
      reason: 'This channel works. Nothing is wrong.',
    });
  });
});

describe('many at once', () => {
  test('up to the burst each alert has its message, critical ones first, then the oldest', () => {
    const changes = many(5, (i) => ({ severity: i === 3 ? 'critical' : 'warning' })).reverse();
    const messages = planMessages(
      changes.map((change) => aNotice(change)),
      'ops',
      SETTINGS,
    );
    expect(messages.map(({ changes: [change] }) => change?.alert.alertId)).toEqual(['a-3', 'a-0', 'a-1', 'a-2', 'a-4']);
  });

  test('beyond the burst critical alerts are told one by one, and the others in one message', () => {
    const changes = many(40, (i) => ({ severity: i % 20 === 7 ? 'critical' : 'warning' }));
    const messages = planMessages(
      changes.map((change) => aNotice(change)),
      'ops',
      SETTINGS,
    );
    expect(messages.map(({ kind, counts }) => [kind, counts.changes])).toEqual([
      ['alert', 1],
      ['alert', 1],
      ['rollup', 38],
    ]);
  });

  test('a roll-up names critical alerts and counts by severity, rule and strategy', () => {
    const changes = many(1_000, (i) => ({
      severity: i < 60 ? 'critical' : 'warning',
      ruleId: `rule_${i % 40}`,
      strategyId: `bot_${i % 3}`,
      symbol: null,
    }));
    const [message] = planMessages(
      changes.map((change) => aNotice(change)),
      'ops',
      { burst: 0 },
    );
    expect(message?.lists.map(({ title, lines }) => [title, lines.length])).toEqual([
      ['Critical', 21],
      ['By rule', 16],
      ['By strategy', 3],
    ]);
    expect(message?.lists[0]?.lines.at(-1)).toBe('and 40 more');
    expect(message?.lists[1]?.lines.at(-1)).toBe('625 × 25 others');
    expect(message?.lists[2]?.lines).toEqual(['334 × bot_0 (live)', '333 × bot_1 (live)', '333 × bot_2 (live)']);
  });

  test('every change is in exactly one message, whatever waits; no more single messages than the burst', () => {
    const changes = fc.uniqueArray(hostileChange, { maxLength: 30, selector: ({ id }) => id });
    fc.assert(
      fc.property(
        changes,
        fc.integer({ min: 0, max: 8 }),
        fc.array(fc.boolean(), { maxLength: 30 }),
        (all, burst, other) => {
          const notices = all.map((change, i) => aNotice(change, other[i] ? ['mail'] : ['ops', 'mail']));
          const messages = planMessages(notices, 'ops', { burst });
          const expected = notices.filter(({ to }) => to.includes('ops')).map(({ change }) => change.id);
          expect(messages.flatMap((message) => message.changes.map(({ id }) => id)).sort()).toEqual(
            [...expected].sort(),
          );
          const sum = (of: (message: (typeof messages)[number]) => number) =>
            messages.reduce((total, one) => total + of(one), 0);
          for (const counted of [
            sum(({ counts }) => counts.changes),
            sum(({ counts }) => counts.bySeverity.info + counts.bySeverity.warning + counts.bySeverity.critical),
            sum(({ counts }) => [...counts.byRule.values()].reduce((a, b) => a + b, 0)),
            sum(({ counts }) => [...counts.byStrategy.values()].reduce((a, b) => a + b, 0)),
          ])
            expect(counted).toBe(expected.length);
          const singles = messages.filter(({ kind }) => kind === 'alert' || kind === 'platform').length;
          if (messages.some(({ kind }) => kind === 'rollup')) expect(singles).toBeLessThanOrEqual(burst);
          expect(messages.filter(({ kind }) => kind === 'rollup').length).toBeLessThanOrEqual(1);
          expect(messages.length).toBeLessThanOrEqual(Math.max(burst, singles) + 3);
        },
      ),
    );
  });

  test('a roll-up of 100,000 changes is as short as any', () => {
    const changes = many(100_000, (i) => ({ ruleId: `r${i}`, strategyId: `s${i}`, severity: 'critical' }));
    const [message] = planMessages(
      changes.map((change) => aNotice(change)),
      'ops',
      { burst: 0 },
    );
    expect(message?.counts.changes).toBe(100_000);
    expect(plainText(message ?? only([]), 1e9).length).toBeLessThan(10_000);
  });
});

describe('texts', () => {
  test('whatever a log holds, every text of a message is one line of well-formed, visible characters, not too long', () => {
    fc.assert(
      fc.property(fc.array(hostileChange, { minLength: 1, maxLength: 8 }), (changes) => {
        for (const message of planMessages(
          changes.map((change) => aNotice(change)),
          'ops',
          { burst: 2 },
        )) {
          const { title, reason, facts, lists, advice = '' } = message;
          const texts = [title, reason, advice, ...facts.flatMap(({ name, value }) => [name, value])];
          for (const text of [...texts, ...lists.flatMap((list) => [list.title, ...list.lines])]) {
            expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u200b\u2028\u2029\ufeff]/u);
            expect(text.length).toBeLessThanOrEqual(1_000);
          }
        }
      }),
    );
  });

  test('a text of 10 MB is cut, with … at its end', () => {
    expect(shown('x'.repeat(10_000_000), 20)).toBe(`${'x'.repeat(19)}…`);
  });

  test('a cut never leaves half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-composite' }), fc.nat({ max: 40 }), (text, most) => {
        const short = cut(text, most);
        expect(short.length).toBeLessThanOrEqual(most);
        expect(short).not.toMatch(/\p{Surrogate}/u);
        expect(text.startsWith(short.replace(/…$/, ''))).toBe(true);
      }),
    );
  });

  test.skipIf(!bash)(bash ? quoted : `${quoted} (skipped: bash is absent)`, () => {
    const keys = [
      "it's",
      'a b',
      '$(reboot) `id` \\ "x" !',
      "`a` isn't \\x60",
      "'; rm -rf /; '",
      '-rf',
      'tab\there',
      'line\nend',
      'back\\slash\n',
      '\u202e turned',
      'zero\u200bwidth \x85\ufeff',
      'ünï🚨',
    ];
    for (const key of keys) {
      expect(shellQuoted(key)).not.toMatch(/[`\n\r\t]/); // in a code span of Slack it is copied as it stands
      expect(
        execFileSync('bash', ['--norc', '-c', `printf %s ${shellQuoted(key)}`], {
          env: { LC_ALL: 'C.UTF-8' },
        }).toString(),
      ).toBe(key);
    }
  });
});

describe('who is told', () => {
  const channel = (name: string, over: Partial<ChannelSettings> = {}): ChannelSettings => ({
    name,
    kind: 'slack',
    severities: ['info', 'warning', 'critical'],
    resolved: true,
    digest: true,
    ...over,
  });
  const channels = [
    channel('all'),
    channel('pager', { severities: ['critical'], resolved: false, digest: false }),
    channel('quiet', { severities: [] }),
  ];

  test.each<[string, AlertChange, string[]]>([
    ['a critical alert', aChange('opened'), ['all', 'pager']],
    ['a warning', aChange('opened', { severity: 'warning' }), ['all']],
    ['a reminder', aChange('reminded'), ['all', 'pager']],
    ['a resolve, only where resolves are wanted', aChange('resolved'), ['all']],
    ['a digest, only where it is wanted', aChange('digest', { severity: 'info' }), ['all', 'quiet']],
    ['a test, every channel', aChange('test', { severity: 'info' }), ['all', 'pager', 'quiet']],
    ['what stays quiet, nobody', aChange('reminded', {}, { notify: false, quiet: 'acknowledged' }), []],
    [
      'an alarm that is over, as a resolve',
      aChange('platform', {}, { platform: { alarm: 'x', state: 'OK', reason: '', region: 'r', atMs: AT } }),
      ['all'],
    ],
  ])('%s', (_, change, told) => {
    expect(channelsFor(change, { channels })).toEqual(told);
  });
});
