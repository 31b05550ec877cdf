import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { foldObservations, newState } from '../../lib/core/alerts/fold.ts';
import { observationOfVerdict } from '../../lib/core/alerts/observe.ts';
import { emptyOperator } from '../../lib/core/alerts/operator.ts';
import type { Observation } from '../../lib/core/alerts/types.ts';
import { alertsOf, parseConfig } from '../../lib/core/config/index.ts';
import { createTransform } from '../../lib/core/transform/transform.ts';
import { createDelivery, firehoseClient } from '../../lib/desk/delivery-client.ts';
import { startDesk } from './desk-process.ts';
import { tradingLines } from './records.ts';
import { type BenchOptions, cpuUs, interleave, noiseOf, type Row, row } from './support.ts';

const LOAD_PER_SECOND = 2_000;
const LOAD_EVERY_MS = 100;
/** A channel takes one message a second: alerts come a little more rarely. */
const PROBE_EVERY_MS = 1_200;
const GIVE_UP_MS = 20_000;
const FOLDED = 20_000;

/** From an event at the door of a desk under load to the webhook, by the wall clock; and what the rules cost an event. */
export async function alerts(options: BenchOptions): Promise<Row[]> {
  return [...(await untilTold(options)), rulesPerEvent(options)];
}

async function untilTold({ quick, say }: BenchOptions): Promise<Row[]> {
  const probes = quick ? 5 : 50;
  const arrived = new Map<string, number>();
  const slack = await listen((body) => {
    for (const [, probe] of body.matchAll(/probe-(\d+)/g))
      if (!arrived.has(probe ?? '')) arrived.set(probe ?? '', performance.now());
  });
  const desk = await startDesk({ SLACK_WEBHOOK_URL: urlOf(slack) });
  const stopping = new AbortController();
  const load = keepLoaded(desk.url, stopping.signal);
  try {
    await sleep(quick ? 500 : 3_000);
    const sent = new Map<string, number>();
    for (let probe = 0; probe < probes; probe++) {
      sent.set(String(probe), performance.now());
      await fetch(`${desk.url}/v1/events`, { method: 'POST', body: sickEvent(probe) });
      await sleep(PROBE_EVERY_MS);
    }
    const untilMs = performance.now() + GIVE_UP_MS;
    while (arrived.size < probes && performance.now() < untilMs) await sleep(50);
    stopping.abort();
    const events = await load;
    const waits = [...sent].map(([probe, atMs]) => (arrived.get(probe) ?? Number.POSITIVE_INFINITY) - atMs);
    const sorted = waits.sort((a, b) => a - b);
    say(`alerts: ${arrived.size} of ${probes} told, beside ${events} events`);
    const quantile = (q: number): number =>
      sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
    const rowOf = (name: string, figure: number): Row => ({
      name,
      figure,
      unit: 'ms',
      bar: { atMost: 1_000 },
      ok: figure <= 1_000,
      noise: noiseOf(sorted),
    });
    return [
      rowOf(`alerts: event in to webhook out at ${LOAD_PER_SECOND} events/s, p50`, quantile(0.5)),
      rowOf(`alerts: event in to webhook out at ${LOAD_PER_SECOND} events/s, p95`, quantile(0.95)),
    ];
  } finally {
    stopping.abort();
    await load.catch(() => undefined);
    await desk.stop();
    slack.close();
    slack.closeAllConnections();
  }
}

const sickEvent = (probe: number): string =>
  JSON.stringify({
    stream: 'health',
    event_id: `sick-${probe}`,
    ts: new Date().toISOString(),
    strategy_id: `probe-${probe}`,
    session_id: 'bench',
    mode: 'paper',
    ws_staleness_ms: 45_000,
  });

/** @returns how many events were sent until the signal */
async function keepLoaded(endpoint: string, signal: AbortSignal): Promise<number> {
  const target = { endpoint, deliveryStream: 'nightdesk' };
  const client = firehoseClient(target);
  const deliver = createDelivery(client, target, { deadlineMs: 30_000 });
  const each = (LOAD_PER_SECOND * LOAD_EVERY_MS) / 1_000;
  const startMs = performance.now();
  let sent = 0;
  while (!signal.aborted) {
    await deliver([Buffer.from(`${tradingLines(each).join('\n')}\n`)]);
    sent += each;
    const nextMs = startMs + (sent / LOAD_PER_SECOND) * 1_000;
    await sleep(Math.max(0, nextMs - performance.now()));
  }
  client.destroy();
  return sent;
}

async function listen(onBody: (body: string) => void): Promise<Server> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    onBody(Buffer.concat(parts).toString());
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/services/bench`;

/** All rules that are on, over what bots write while they trade, held against reading the same lines. */
function rulesPerEvent({ quick }: BenchOptions): Row {
  const lines = tradingLines(quick ? 2_000 : FOLDED);
  const transform = createTransform({}, { sha256 });
  const observations = lines
    .map((line, index) => transform(line, { recordId: 'bench', index, arrivedMs: Date.now() }))
    .map((verdict) => (verdict === undefined ? undefined : observationOfVerdict(verdict)))
    .filter((observation): observation is Observation => observation !== undefined);
  const settings = alertsOf(parseConfig({}, 'bench'));
  const context = { settings, operator: emptyOperator, nowMs: Date.now(), sha256 };
  const key = { mode: observations[0]?.mode ?? null, strategyId: observations[0]?.strategyId ?? null };
  const subject = (): number =>
    cpuUs(() => {
      let state = newState(key);
      for (let at = 0; at < observations.length; at += 200)
        state = foldObservations(state, observations.slice(at, at + 200), context).state;
    }) / observations.length;
  const reference = (): number =>
    cpuUs(() => {
      for (const line of lines) JSON.parse(line);
    }) / lines.length;
  const { figures, references } = interleave(quick ? 3 : 11, { subject, reference });
  return row('alert rules: CPU per event, all rules that are on', 'µs', { figures, references }, { atMost: 4 });
}
