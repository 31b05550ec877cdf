import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DASHBOARDS } from '../../../lib/core/dashboards/index.ts';
import { nightdesk } from '../../support/command.ts';
import { tempFolder } from '../../support/temp.ts';

test('every panel is listed with what answers it', async () => {
  const { code, out } = await nightdesk('dashboards');

  expect(code).toBe(0);
  for (const { panels } of DASHBOARDS)
    for (const { id, reference, question } of panels)
      expect(out).toMatch(new RegExp(`^ *\\w+ +${id} +${reference.replaceAll('.', '\\.')} .*${question.query}`, 'm'));
});

test('one dashboard is listed alone, and a wrong name is told with the nearest', async () => {
  const one = await nightdesk('dashboards', 'trading');
  const none = await nightdesk('dashboards', 'tradin');

  expect(one.out).toContain('win-rate-by-source');
  expect(one.out).not.toContain('ws-staleness');
  expect(none).toMatchObject({ code: 1, out: '' });
  expect(none.err).toContain('there is no dashboard "tradin"; did you mean trading? there are health, trading, model');
});

test('the data comes as JSON, with the limits that the settings of the folder set', async () => {
  const data = tempFolder();
  const settings = { alerts: { rules: { ws_staleness: { condition: { above: 5_000 } } } } };
  writeFileSync(join(data, 'nightdesk.json'), JSON.stringify(settings));

  const { out } = await nightdesk('dashboards', 'health', '--json', '--data', data);
  const [{ panels }] = JSON.parse(out);

  expect(panels.map(({ id }: { id: string }) => id)).toEqual(DASHBOARDS[0]?.panels.map(({ id }) => id));
  expect(panels[1].limits).toMatchObject([{ rule: 'ws_staleness', value: 5_000, beyond: 'above' }]);
});

test('the SQL of a panel is printed as its query runs it', async () => {
  const { code, out } = await nightdesk('dashboards', '--sql', 'prediction-error');
  const wrong = await nightdesk('dashboards', 'health', '--sql', 'prediction-error');

  expect(code).toBe(0);
  expect(out).toContain('floor(prediction_error_bps / 10)');
  expect(out).not.toContain(':from');
  expect(wrong).toMatchObject({ code: 1, out: '' });
  expect(wrong.err).toContain('there is no panel "prediction-error"');
});

test('Grafana’s JSON is printed for one dashboard, and written for all', async () => {
  const folder = join(tempFolder(), 'grafana', 'new');
  const data = tempFolder();
  const printed = await nightdesk('dashboards', 'health', '--grafana', '--data', data);
  const several = await nightdesk('dashboards', '--grafana', '--data', data);
  const written = await nightdesk('dashboards', '--out', folder, '--data', data);

  expect(JSON.parse(printed.out)).toMatchObject({ uid: 'nightdesk-health', schemaVersion: 39 });
  expect(several).toMatchObject({ code: 2, out: '' });
  expect(several.err).toContain('--grafana prints one dashboard: name it (health, trading, model)');
  expect(written).toMatchObject({ code: 0, out: '' });
  expect(readdirSync(folder).sort()).toEqual([
    'nightdesk-health.json',
    'nightdesk-model.json',
    'nightdesk-trading.json',
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'nightdesk-health.json'), 'utf8'))).toEqual(JSON.parse(printed.out));
});

test('a folder that cannot be written is named', async () => {
  const file = join(tempFolder(), 'file');
  writeFileSync(file, '');
  const { code, err } = await nightdesk('dashboards', '--out', join(file, 'x'), '--data', tempFolder());

  expect(code).toBe(2);
  expect(err).toContain(`--out ${join(file, 'x')} cannot be written`);
});
