import { describe, expect, test } from 'vitest';
import { DEFAULT_RULES } from '../../../lib/core/alerts/rules.ts';
import type { AlertSettings } from '../../../lib/core/alerts/types.ts';
import { alertsOf, parseConfig } from '../../../lib/core/config/index.ts';

const settingsOf = (alerts: unknown): AlertSettings => alertsOf(parseConfig({ alerts }, 'nightdesk.json'));
const ruleOf = (settings: AlertSettings, id: string) => settings.rules.find((rule) => rule.id === id);

describe('the section alerts of nightdesk.json', () => {
  test('without a word about alerts every rule is as it ships, and Slack is told where its address is set', () => {
    const settings = settingsOf({});

    expect(settings.rules).toEqual(DEFAULT_RULES);
    expect(settings.channels).toEqual([
      {
        name: 'slack',
        kind: 'slack',
        env: 'SLACK_WEBHOOK_URL',
        severities: ['info', 'warning', 'critical'],
        resolved: true,
        digest: true,
      },
    ]);
    expect(settings).toMatchObject({ maxAge: 900_000, silentModes: ['backtest'], digestAt: 480, zone: 'UTC' });
  });

  test('every rule that ships can be written down as a rule of one’s own', () => {
    for (const rule of DEFAULT_RULES) {
      const settings = settingsOf({ rules: { [rule.id]: { condition: {} } } });
      expect(ruleOf(settings, rule.id)?.condition, rule.id).toEqual(rule.condition);
    }
  });

  test('a change of one key leaves the others as they ship', () => {
    const settings = settingsOf({
      rules: { ws_staleness: { severity: 'critical', cooldown: '2h', condition: { above: 45_000 } } },
    });
    const shipped = DEFAULT_RULES.find(({ id }) => id === 'ws_staleness');

    expect(ruleOf(settings, 'ws_staleness')).toEqual({
      ...shipped,
      severity: 'critical',
      cooldown: 7_200_000,
      condition: { ...shipped?.condition, above: 45_000 },
    });
  });

  test('durations of a condition are written as durations', () => {
    const settings = settingsOf({ rules: { rejections: { condition: { window: '30m' } } } });

    expect(ruleOf(settings, 'rejections')?.condition).toMatchObject({ kind: 'count', window: 1_800_000 });
  });

  test('a rule of one’s own has a condition, and sensible defaults for the rest', () => {
    const condition = { kind: 'threshold', of: { stream: 'risk' }, field: 'leverage_x', above: 3 };
    const settings = settingsOf({ rules: { too_much_leverage: { condition } } });

    expect(ruleOf(settings, 'too_much_leverage')).toEqual({
      id: 'too_much_leverage',
      title: 'too much leverage',
      advice: '',
      severity: 'warning',
      enabled: true,
      for: 0,
      clear: 0,
      cooldown: 3_600_000,
      condition,
    });
  });

  test('a strategy has limits of its own', () => {
    const settings = settingsOf({
      strategies: { fast: { ws_staleness: { condition: { above: 5_000 } }, dead_bot: { enabled: false } } },
    });

    expect(settings.strategies).toEqual({
      fast: { ws_staleness: { condition: { above: 5_000 } }, dead_bot: { enabled: false } },
    });
  });

  test.each([
    [{ rules: { my_rule: {} } }, 'alerts.rules.my_rule: no such rule ships, so it needs a condition'],
    [
      { rules: { ws_staleness: { condition: { abov: 1 } } } },
      'alerts.rules.ws_staleness.condition: Unrecognized key: "abov"',
    ],
    [
      { rules: { ws_staleness: { condition: { above: '1' } } } },
      'rules.ws_staleness.condition.above: must be a number',
    ],
    [{ rules: { x: { condition: { kind: 'eval', code: '1' } } } }, 'alerts.rules.x.condition.kind: must have a kind'],
    [
      { rules: { x: { condition: { kind: 'threshold', of: { stream: 'helth' }, field: 'f', above: 1 } } } },
      'alerts.rules.x.condition.of.stream: must be the name of a stream, got "helth"',
    ],
    [
      { rules: { x: { condition: { kind: 'threshold', of: { stream: 'health' }, field: 'f' } } } },
      'alerts.rules.x.condition: must have a limit: above, atLeast, below, atMost, equals',
    ],
    [{ rules: { rejections: { condition: { window: 3 } } } }, 'must be a duration'],
    [{ rules: { 'Bad Name': {} } }, 'must be the id of a rule'],
    [{ strategies: { fast: { nothing: {} } } }, 'alerts.strategies.fast.nothing: there is no such rule'],
    [{ strategies: { fast: { ws_staleness: { condition: { above: null } } } } }, 'must be a number'],
    [{ channels: { slack: { kind: 'pager' } } }, 'must be slack, webhook or email'],
    [{ channels: { slack: { kind: 'slack', url: 'https://hooks.slack.com/x' } } }, 'Unrecognized key: "url"'],
    [{ digest: '25:00' }, 'alerts.digest'],
    [{ consoleUrl: 'javascript:alert(1)' }, 'must be an address'],
    [{ burst: 0 }, 'must be a whole number from 1 to 100'],
  ])('%j is refused, and the message says where and why', (alerts, message) => {
    expect(() => settingsOf(alerts)).toThrow(message);
  });

  test('what is resolved is plain JSON, for functions read it from a file', () => {
    const settings = settingsOf({ rules: { rejections: { condition: { window: '30m' } } } });

    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
  });
});
