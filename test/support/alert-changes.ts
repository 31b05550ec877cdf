import fc from 'fast-check';
import type {
  AlertChange,
  AlertRule,
  AlertView,
  ChangeKind,
  Condition,
  Evidence,
  Notice,
} from '../../lib/core/alerts/types.ts';

export const AT = Date.UTC(2026, 0, 5, 3, 0, 0);

export function anEvidence(over: Partial<Evidence> = {}): Evidence {
  return {
    stream: 'health',
    eventId: 'e-1',
    tsMs: AT - 5_000,
    sessionId: 's-1',
    symbol: 'BTCUSDT',
    text: 'ws_staleness_ms 31200',
    ...over,
  };
}

export function anAlert(over: Partial<AlertView> = {}): AlertView {
  return {
    alertId: 'a-1',
    dedupeKey: 'ws_staleness:live:alpha:BTCUSDT',
    ruleId: 'ws_staleness',
    title: 'Market data is late',
    advice: 'Look at the connection to the venue.',
    severity: 'critical',
    status: 'firing',
    mode: 'live',
    strategyId: 'alpha',
    group: '',
    symbol: 'BTCUSDT',
    sessionId: 's-1',
    value: 31_200,
    limit: 30_000,
    unit: 'ms',
    reason: 'the newest health event says 31,200 ms',
    sinceMs: AT - 60_000,
    openedMs: AT,
    resolvedMs: null,
    opens: 1,
    flapping: false,
    evidence: [anEvidence()],
    ...over,
  };
}

/** A rule that is on and waits for nothing. */
export const aRule = (id: string, condition: Condition, own: Partial<AlertRule> = {}): AlertRule => ({
  id,
  title: id,
  advice: '',
  severity: 'warning',
  enabled: true,
  condition,
  for: 0,
  clear: 0,
  cooldown: 0,
  ...own,
});

let made = 0;

export function aChange(
  kind: ChangeKind,
  alert: Partial<AlertView> = {},
  over: Partial<AlertChange> = {},
): AlertChange {
  const view = anAlert(alert);
  return { id: `${view.alertId}:${++made}`, kind, atMs: AT, notify: true, alert: view, ...over };
}

export const aNotice = (
  change: AlertChange,
  to: readonly string[] = ['ops'],
  unsure: readonly string[] = [],
): Notice => ({
  change,
  to,
  unsure,
});

/** What a log may hold as a name or a message. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '<!channel> all lost',
      '<!here|here> <@U123> <#C123>',
      '<https://evil.example|click>',
      'https://evil.example/x?a=1&b=2',
      '`code` ```fence``` *bold* _it_ ~no~',
      '&lt;!channel&gt; &amp;',
      '\u202eevil\u202c \u200bhid\ufeffden\u2066x\u2069',
      'a\nb\r\nc\u2028d\u0000e\u001b[31mred\u0007',
      '\ud800 lone \udc00',
      "it's; rm -rf / $(reboot) `reboot` \\",
      '🚨'.repeat(200),
      '&'.repeat(3_000),
      '<'.repeat(3_000),
      '>&<'.repeat(20_000),
      '',
      ' ',
      '..',
      '__proto__',
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 400 }) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 })
      .map((units) => String.fromCharCode(...units)),
  },
);

const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const moment = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: AT - 1e9, max: AT + 1e9 }) },
  fc.constantFrom(0, Number.NaN, 1e18),
);
const cell = orNull(fc.oneof(fc.double(), fc.integer(), hostile));

const evidence: fc.Arbitrary<Evidence> = fc.record({
  stream: hostile,
  eventId: hostile,
  tsMs: moment,
  sessionId: orNull(hostile),
  symbol: orNull(hostile),
  text: hostile,
  tradeId: hostile,
});

/** Changes whose every text and figure is anything. */
export const hostileChange: fc.Arbitrary<AlertChange> = fc
  .record({
    kind: fc.constantFrom<ChangeKind>(
      'opened',
      'reminded',
      'acknowledged',
      'snoozed',
      'unsnoozed',
      'resolved',
      'digest',
      'test',
      'platform',
    ),
    id: fc.uuid(),
    atMs: moment,
    note: hostile,
    operator: hostile,
    withFigures: fc.boolean(),
    blind: fc.array(
      fc.record({ ruleId: hostile, mode: orNull(hostile), strategyId: orNull(hostile), reason: hostile }),
      { maxLength: 30 },
    ),
    rules: fc.array(
      fc.record({
        ruleId: hostile,
        title: hostile,
        severity: fc.constantFrom('info' as const, 'warning' as const, 'critical' as const),
        opened: fc.nat(),
        resolved: fc.nat(),
      }),
      { maxLength: 30 },
    ),
    alert: fc.record({
      alertId: fc.oneof(fc.uuid(), hostile),
      dedupeKey: hostile,
      ruleId: hostile,
      title: hostile,
      advice: hostile,
      severity: fc.constantFrom('info' as const, 'warning' as const, 'critical' as const),
      status: fc.constantFrom('firing' as const, 'acknowledged' as const, 'resolved' as const),
      mode: orNull(hostile),
      strategyId: orNull(hostile),
      group: hostile,
      symbol: orNull(hostile),
      sessionId: orNull(hostile),
      value: cell,
      limit: cell,
      worst: cell,
      unit: hostile,
      runbook: hostile,
      reason: hostile,
      sinceMs: moment,
      openedMs: moment,
      resolvedMs: orNull(moment),
      opens: fc.nat(),
      flapping: fc.boolean(),
      evidence: fc.array(evidence, { maxLength: 5 }),
    }),
  })
  .map(({ withFigures, blind, rules, ...change }) => ({
    ...change,
    notify: true,
    ...(withFigures && change.kind === 'digest'
      ? {
          digest: {
            fromMs: change.atMs,
            toMs: change.atMs,
            rules,
            open: [change.alert, change.alert],
            blind,
            history: 3,
          },
        }
      : {}),
    ...(withFigures && change.kind === 'platform'
      ? {
          platform: {
            alarm: change.note,
            state: change.operator,
            reason: change.alert.reason,
            region: change.alert.group,
            atMs: change.atMs,
          },
        }
      : {}),
  }));
