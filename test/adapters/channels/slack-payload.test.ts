import type { KnownBlock } from '@slack/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escaped } from '../../../lib/adapters/channels/mrkdwn.ts';
import { type SlackPayload, slackPayload } from '../../../lib/adapters/channels/slack-payload.ts';
import { webhookPayload } from '../../../lib/adapters/channels/webhook-payload.ts';
import { type AlertMessage, planMessages } from '../../../lib/core/alerts/messages.ts';
import type { AlertChange } from '../../../lib/core/alerts/types.ts';
import { aChange, aNotice, anEvidence, hostile, hostileChange } from '../../support/alert-changes.ts';

const plan = (changes: readonly AlertChange[], burst = 2, consoleUrl = 'https://desk.example'): AlertMessage[] =>
  planMessages(
    changes.map((change, i) => aNotice(change, ['ops'], i % 2 === 1 ? ['ops'] : [])),
    'ops',
    { burst, consoleUrl },
  );

/** What Slack would refuse, or would make more of than text. */
function problems(payload: SlackPayload, links: readonly string[]): string[] {
  const found: string[] = [];
  const atMost = (what: string, n: number, most: number) => n > most && found.push(`${what}: ${n}, at most ${most}`);
  const atLeast = (what: string, n: number) => n < 1 && found.push(`${what} is empty`);
  const text = (what: string, value: string, most: number) => {
    atMost(what, value.length, most);
    atLeast(what, value.trim().length);
    let rest = value;
    for (const link of links)
      rest = rest.replaceAll(new RegExp(`<${link.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\|[^<>|]+>`, 'g'), '');
    if (/[<>]/.test(rest)) found.push(`${what}: markup that is not ours: ${rest}`);
    if (/&(?!(?:amp|lt|gt);)/.test(rest)) found.push(`${what}: an & that is not escaped: ${rest}`);
    if (/[^\P{Cc}\n]|\p{Bidi_Control}|\p{Surrogate}/u.test(rest)) found.push(`${what}: hidden or broken characters`);
  };
  const block = (one: KnownBlock) => {
    if (one.type === 'header') text('header', one.text.text, 150);
    else if (one.type === 'section') {
      if (one.text === undefined && one.fields === undefined) found.push('a section needs text or fields');
      if (one.text !== undefined) text('section', one.text.text, 3_000);
      if (one.fields !== undefined) {
        atMost('fields', one.fields.length, 10);
        atLeast('fields', one.fields.length);
        for (const field of one.fields) text('field', field.text, 2_000);
      }
      for (const of of [one.text, ...(one.fields ?? [])])
        if (of?.type === 'mrkdwn' && of.verbatim !== true) found.push('a text that Slack would make links of');
    } else if (one.type === 'context') {
      atMost('context', one.elements.length, 10);
      for (const element of one.elements) if ('text' in element) text('context', String(element.text), 2_000);
    } else found.push(`a block of type ${one.type}`);
  };
  text('text', payload.text, 40_000);
  const inside = payload.attachments.flatMap(({ blocks }) => (blocks ?? []) as KnownBlock[]);
  atMost('blocks', payload.blocks.length + inside.length, 50);
  atMost('attachments', payload.attachments.length, 1);
  for (const { fallback } of payload.attachments) text('fallback', fallback ?? '', 300);
  for (const one of [...payload.blocks, ...inside]) block(one);
  return found;
}

/** What a reader of Slack sees, block by block. */
function sketch({ text, blocks, attachments }: SlackPayload): string[] {
  const [attachment] = attachments;
  const texts = [...blocks, ...((attachment?.blocks ?? []) as KnownBlock[])].map((block) => {
    if (block.type === 'header') return `header ${block.text.text}`;
    if (block.type === 'section')
      return `section ${block.text?.text ?? block.fields?.map((field) => field.text.replace('\n', ' ')).join(' | ')}`;
    return block.type === 'context' ? `context ${JSON.stringify(block.elements)}` : block.type;
  });
  return [`text ${text.split('\n', 1)[0]}`, `colour ${attachment?.color}`, ...texts];
}

describe('the payload for Slack', () => {
  test('of one alert', () => {
    const [message] = plan([
      aChange('opened', {
        strategyId: 'a<b>&c',
        runbook: 'https://wiki.example/late?a=1&b=2',
        evidence: [anEvidence({ tradeId: 't-1', text: '<!channel> said `x`' })],
      }),
    ]);
    expect(message && sketch(slackPayload(message))).toMatchInlineSnapshot(`
      [
        "text Alert: Market data is late · a&lt;b&gt;&amp;c (live) BTCUSDT",
        "colour danger",
        "header 🚨 Alert: Market data is late · a&lt;b&gt;&amp;c (live) BTCUSDT",
        "section the newest health event says 31,200 ms",
        "section *Severity* critical | *Strategy* a&lt;b&gt;&amp;c | *Mode* live | *Symbol* BTCUSDT | *Session* s-1 | *Since* 2026-01-05 02:59:00 UTC (for 1m) | *Value* 31,200 ms, limit 30,000 ms",
        "section *Newest evidence*
      • 2026-01-05 02:59:55 UTC · health · BTCUSDT · &lt;!channel&gt; said ˋxˋ",
        "section *What to do*
      Look at the connection to the venue.",
        "section Acknowledge: \`nightdesk alerts ack 'ws_staleness:live:alpha:BTCUSDT'\`",
        "section <https://desk.example/live/execution/s-1|Timeline of the session>  ·  <https://desk.example/trades/t-1|Trade t-1>  ·  <https://wiki.example/late?a=1&amp;b=2|Runbook>",
        "context [{"type":"mrkdwn","text":"Nightdesk · 2026-01-05 03:00:00 UTC · rule ws_staleness","verbatim":true}]",
      ]
    `);
  });

  test('of a roll-up that may repeat', () => {
    const changes = [1, 2, 3].map((i) =>
      aChange('opened', { alertId: `a-${i}`, severity: i === 1 ? 'critical' : 'warning', symbol: null }),
    );
    const [message] = plan(changes, 0);
    expect(message && sketch(slackPayload(message))).toMatchInlineSnapshot(`
      [
        "text 3 alerts at once: 3 open alerts, 1 critical",
        "colour danger",
        "header 🚨 3 alerts at once: 3 open alerts, 1 critical",
        "section _Possible repeat: the answer to an earlier try was lost._
      More alerts than this channel takes one by one; 3 changes of them in this message.",
        "section *Critical* 1 change | *Warning* 2 changes | *Possibly told before* 1 alert",
        "section *Critical*
      • Market data is late · alpha (live) · 31,200 ms, limit 30,000 ms · since 2026-01-05 02:59:00 UTC",
        "section *By rule*
      • 3 × ws_staleness",
        "section *By strategy*
      • 3 × alpha (live)",
        "section All that is open: \`nightdesk alerts list\`",
        "context [{"type":"mrkdwn","text":"Nightdesk · 2026-01-05 03:00:00 UTC","verbatim":true}]",
      ]
    `);
  });

  test('commands are code that can be copied: those of the advice, and the one that acknowledges, whatever its key', () => {
    const [message] = plan([
      aChange('opened', { dedupeKey: 'errors:live:`a`:*b*', advice: '`nightdesk query errors` shows <how> often.' }),
    ]);
    expect(message && sketch(slackPayload(message))).toEqual(
      expect.arrayContaining([
        'section *What to do*\n`nightdesk query errors` shows &lt;how&gt; often.',
        "section Acknowledge: `nightdesk alerts ack $'errors:live:\\x60a\\x60:*b*'`",
      ]),
    );
  });

  test.each([
    ['a critical alert is danger', aChange('opened'), 'danger'],
    ['a warning is warning', aChange('reminded', { severity: 'warning' }), 'warning'],
    ['what is over is good', aChange('resolved'), 'good'],
  ])('%s', (_, change, colour) => {
    expect(plan([change]).map((message) => slackPayload(message).attachments[0]?.color)).toEqual([colour]);
  });

  test('is within every limit, and holds no markup but ours, whatever a log says', () => {
    const changes = fc.array(hostileChange, { minLength: 1, maxLength: 8 });
    const consoles = fc.constantFrom('https://desk.example', 'https://desk.example/a?b=1&c=<2>', '');
    fc.assert(
      fc.property(changes, fc.integer({ min: 0, max: 4 }), consoles, (all, burst, consoleUrl) => {
        for (const message of plan(all, burst, consoleUrl)) {
          const links = message.links.map(({ url }) => url.replaceAll('&', '&amp;'));
          expect(problems(slackPayload(message), links)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a text of 10 MB in every place is cut', () => {
    const huge = '<&>🚨'.repeat(2_000_000);
    const alert = {
      title: huge,
      reason: huge,
      strategyId: huge,
      mode: huge,
      symbol: huge,
      sessionId: huge,
      group: huge,
      advice: huge,
    };
    const more = { dedupeKey: huge, ruleId: huge, value: huge, limit: huge, unit: huge, runbook: huge };
    for (const message of plan([
      aChange('opened', { ...alert, ...more, evidence: [anEvidence({ text: huge, tradeId: huge })] }),
    ])) {
      expect(problems(slackPayload(message), [])).toEqual([]);
      expect(JSON.stringify(slackPayload(message)).length).toBeLessThan(40_000);
      expect(JSON.stringify(webhookPayload(message)).length).toBeLessThan(40_000);
    }
  });

  test('escaping is undone by reading the entities, and cuts none in two', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 60 }), (text, most) => {
        const short = escaped(text, most);
        expect(short.length).toBeLessThanOrEqual(most);
        const read = short.replace(/&(amp|lt|gt);/g, (_, name: string) => ({ amp: '&', lt: '<', gt: '>' })[name] ?? '');
        expect(text.startsWith(read) || text.startsWith(read.replace(/…$/, ''))).toBe(true);
      }),
    );
  });
});

describe('the payload for webhooks', () => {
  test('of one alert', () => {
    const change = aChange('opened', { worst: 45_000 }, { id: 'a-1:1' });
    expect(
      plan([change]).map((message) => ({ ...webhookPayload(message), body: '(its plain text)' })),
    ).toMatchInlineSnapshot(`
      [
        {
          "alerts": [
            {
              "advice": "Look at the connection to the venue.",
              "alert_id": "a-1",
              "change": "opened",
              "dedupe_key": "ws_staleness:live:alpha:BTCUSDT",
              "evidence": [
                {
                  "event_id": "e-1",
                  "stream": "health",
                  "text": "ws_staleness_ms 31200",
                  "timestamp_utc": "2026-01-05T02:59:55.000Z",
                  "trade_id": null,
                },
              ],
              "group": null,
              "limit": 30000,
              "mode": "live",
              "opened_utc": "2026-01-05T03:00:00.000Z",
              "reason": "the newest health event says 31,200 ms",
              "resolved_utc": null,
              "rule_id": "ws_staleness",
              "runbook": null,
              "session_id": "s-1",
              "severity": "critical",
              "since_utc": "2026-01-05T02:59:00.000Z",
              "status": "firing",
              "strategy_id": "alpha",
              "symbol": "BTCUSDT",
              "title": "Market data is late",
              "unit": "ms",
              "value": 31200,
              "worst": 45000,
            },
          ],
          "body": "(its plain text)",
          "commands": [
            "nightdesk alerts ack 'ws_staleness:live:alpha:BTCUSDT'",
          ],
          "counts": {
            "alerts": 1,
            "by_rule": {
              "ws_staleness": 1,
            },
            "by_severity": {
              "critical": 1,
              "info": 0,
              "warning": 0,
            },
            "by_strategy": {
              "alpha (live)": 1,
            },
            "changes": 1,
          },
          "dedupe_key": "ws_staleness:live:alpha:BTCUSDT",
          "format": 1,
          "id": "a-1:1",
          "kind": "alert",
          "labels": {
            "mode": "live",
            "rule_id": "ws_staleness",
            "session_id": "s-1",
            "strategy_id": "alpha",
            "symbol": "BTCUSDT",
          },
          "links": [
            {
              "text": "Timeline of the session",
              "url": "https://desk.example/live/execution/s-1",
            },
          ],
          "possible_repeat": false,
          "resolved": false,
          "severity": "critical",
          "source": "rule:ws_staleness",
          "timestamp_utc": "2026-01-05T03:00:00.000Z",
          "title": "Alert: Market data is late · alpha (live) BTCUSDT",
        },
      ]
    `);
  });

  test('is bounded, and its counts add up, whatever a log says', () => {
    const changes = Array.from({ length: 3_000 }, (_, i) =>
      aChange('opened', {
        alertId: `a-${i}`,
        ruleId: `r-${i}`,
        strategyId: `s-${i}`,
        reason: '&'.repeat(5_000),
        dedupeKey: '🚨'.repeat(5_000),
      }),
    );
    for (const message of plan(changes, 0)) {
      const payload = webhookPayload(message);
      expect(Buffer.byteLength(JSON.stringify(payload))).toBeLessThan(256 * 1024);
      for (const counts of [payload.counts.by_rule, payload.counts.by_severity, payload.counts.by_strategy])
        expect(Object.values(counts).reduce((a, b) => a + b, 0)).toBe(3_000);
    }
  });
});
