import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { startDesk } from '../support/desk.ts';

const SECRET = 'correct-horse-battery-staple';

/** Asks with headers that `fetch` does not let through. */
const ask = (url: string, headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    request(`${url}/metrics`, { headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

describe('GET /metrics', () => {
  test('is the page of Prometheus, in its own type, and never kept by a cache', async () => {
    const desk = await startDesk();
    const response = await fetch(`${desk.url}/metrics`);

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toContain('# TYPE bot_health_equity_value gauge');
  });

  test('answers HEAD, and nothing that changes anything', async () => {
    const desk = await startDesk();

    expect((await fetch(`${desk.url}/metrics`, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(`${desk.url}/metrics`, { method: 'POST', body: '{}' })).status).toBe(405);
  });

  test('is shown only to who shows a token where tokens are asked for', async () => {
    const desk = await startDesk({ auth: [{ name: 'scraper', secret: SECRET }] });
    const status = async (authorization?: string): Promise<number> =>
      (await fetch(`${desk.url}/metrics`, authorization === undefined ? {} : { headers: { authorization } })).status;

    expect([await status(), await status('Bearer wrong'), await status(`Bearer ${SECRET}`)]).toEqual([401, 401, 200]);
  });

  test('is shown neither to pages of other origins nor under a foreign name', async () => {
    const desk = await startDesk();

    expect(await ask(desk.url, { origin: 'https://evil.example' })).toBe(403);
    expect(await ask(desk.url, { host: 'evil.example' })).toBe(421);
  });
});
