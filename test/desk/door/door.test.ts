import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { base64, call, startDesk } from '../support/desk.ts';

const PUT = { DeliveryStreamName: 'nightdesk', Record: { Data: base64('order: 1') } };
const post = (
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> => fetch(`${url}/v1/events`, { method: 'POST', body, headers });

/** Sends bytes as they are and reads until the desk closes or falls silent. */
function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

describe('the plain door', () => {
  test('takes JSON Lines and answers how many once they are on disk', async () => {
    const desk = await startDesk();
    const response = await post(desk.url, 'order: 1\n\norder: 2\r\n   \ngate: 3');
    expect([response.status, await response.json()]).toEqual([200, { accepted: 3 }]);
    expect((await desk.lines()).map(({ raw }) => raw).sort()).toEqual(['gate: 3', 'order: 1', 'order: 2']);
  });

  test('takes nothing from an empty body, and more than 500 lines in one', async () => {
    const desk = await startDesk();
    expect(await (await post(desk.url, '')).json()).toEqual({ accepted: 0 });
    expect(await (await post(desk.url, '\n \n')).json()).toEqual({ accepted: 0 });
    expect(await (await post(desk.url, 'order: x\n'.repeat(20_000))).json()).toEqual({ accepted: 20_000 });
    expect(await desk.lines()).toHaveLength(20_000);
  });

  test('refuses bodies over 4 MiB, encoded ones and other methods', async () => {
    const desk = await startDesk();
    expect((await post(desk.url, 'x'.repeat(4 * 1024 * 1024))).status).toBe(200);
    expect((await post(desk.url, 'x'.repeat(4 * 1024 * 1024 + 1))).status).toBe(413);
    expect((await post(desk.url, 'x'.repeat(20 * 1024 * 1024))).status).toBe(413);
    expect((await post(desk.url, 'a\n'.repeat(50_001))).status).toBe(413);
    expect((await post(desk.url, 'x', { 'content-encoding': 'gzip' })).status).toBe(415);
    const get = await fetch(`${desk.url}/v1/events`);
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await fetch(`${desk.url}/v1/other`)).status).toBe(404);
  });
});

describe('the door', () => {
  test('says how the desk is, and why it takes nothing', async () => {
    const desk = await startDesk();
    await post(desk.url, 'order: 1');
    const ok = await fetch(`${desk.url}/healthz`);
    expect([ok.status, await ok.json()]).toEqual([
      200,
      expect.objectContaining({
        status: 'ok',
        intake: { calls: 1, records: 1, bytes: expect.any(Number), refused: 0 },
      }),
    ]);
    const full = await startDesk({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    const refusing = await fetch(`${full.url}/healthz`);
    expect([refusing.status, await refusing.json()]).toEqual([
      503,
      expect.objectContaining({ status: 'refusing', reason: 'the disk is nearly full' }),
    ]);
  });

  test('refuses the names of others, by which a web page could reach it', async () => {
    const desk = await startDesk({ allowHosts: ['desk.lan'] });
    const { port } = new URL(desk.url);
    const status = async (host: string): Promise<string> =>
      (await raw(desk.url, `GET /healthz HTTP/1.1\r\n${host}\r\n\r\n`)).slice(9, 12);
    for (const host of [
      '127.0.0.1',
      `127.0.0.1:${port}`,
      'localhost',
      `LOCALHOST:${port}`,
      '[::1]:80',
      'desk.lan',
      'desk.lan.:4573',
    ])
      expect(await status(`Host: ${host}`), host).toBe('200');
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1.evil.example',
      'localhost.evil',
      '127.0.0.1@evil',
      '',
      '[::1',
      '128.0.0.1',
    ])
      expect(['421', '400'], host).toContain(await status(`Host: ${host}`));
    expect(await status('X: y')).toBe('400');
    expect(await status('Host: localhost\r\nhost: evil.example')).toBe('400');
  });

  test('refuses web pages of other origins, and those of this machine’s other ports', async () => {
    const desk = await startDesk();
    for (const origin of ['http://evil.example', 'null', 'http://localhost:3000', 'http://127.0.0.1', 'file://'])
      expect((await call(desk.url, 'PutRecord', PUT, { origin })).status, origin).toBe(403);
    expect((await post(desk.url, 'order: 1', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await call(desk.url, 'PutRecord', PUT, { origin: desk.url })).status).toBe(200);
    expect(await desk.lines()).toHaveLength(1);
  });

  test('survives what is no HTTP, bodies that end early and clients that go away', async () => {
    const desk = await startDesk();
    expect(await raw(desk.url, 'hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400/);
    const { host } = new URL(desk.url);
    const socket = connect(Number(host.split(':')[1]), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`POST /v1/events HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 100\r\n\r\norder: half`);
    await sleep(50);
    socket.destroy();
    expect(
      await raw(
        desk.url,
        `POST /v1/events HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\norder\r\n0\r\n\r\n`,
      ),
    ).toMatch(/accepted":1/);
    expect(await raw(desk.url, `POST /v1/events HTTP/1.1\r\nHost: ${host}\r\nContent-Length: -5\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 400/,
    );
    expect((await call(desk.url, 'PutRecord', PUT)).status).toBe(200);
    expect((await desk.lines()).map(({ raw }) => raw)).toEqual(['order', 'order: 1']);
    expect(desk.said.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('lets the calls under way end when it stops, and takes no new ones', async () => {
    const desk = await startDesk();
    const calls = Array.from({ length: 20 }, () => call(desk.url, 'PutRecord', PUT).catch(() => undefined));
    await calls[0];
    const stopped = desk.stop();
    const answered = (await Promise.all(calls)).filter((answer) => answer?.status === 200).length;
    await stopped;
    await expect(call(desk.url, 'PutRecord', PUT)).rejects.toThrow();
    expect(await desk.lines()).toHaveLength(answered);
  });
});
