import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { tempFolder } from './temp.ts';

/** Why there is no Prometheus to test with, or undefined where there is one. */
export const noPrometheus: string | undefined =
  spawnSync('prometheus', ['--version']).error === undefined
    ? undefined
    : 'no prometheus on PATH: bash test/support/prometheus.sh npx vitest run test/desk/metrics';

/** One value of an instant query. */
export interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  readonly url: string;
  /** Values of an expression now, without the labels that every series of a scrape has. */
  query(expression: string): Promise<Value[]>;
  /** Resolves once a scrape that began after this call is stored. @throws where it failed, with Prometheus's own reason */
  scraped(): Promise<void>;
}

/** Starts a real Prometheus that scrapes a page each second; it ends with the test. */
export async function startPrometheus(
  target: string,
  { token }: { readonly token?: string } = {},
): Promise<Prometheus> {
  const { host, pathname, protocol } = new URL(target);
  const folder = tempFolder();
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      {
        job_name: 'nightdesk',
        scheme: protocol.slice(0, -1),
        metrics_path: pathname,
        ...(token === undefined ? {} : { authorization: { credentials: token } }),
        static_configs: [{ targets: [host] }],
      },
    ],
  };
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config)); // JSON is YAML
  const { child, url } = await start(folder);
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });

  const ask = async (path: string): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}${path}`);
    const answer = (await response.json()) as { data?: Record<string, unknown>; error?: string };
    if (answer.data === undefined) throw new Error(`Prometheus: ${answer.error ?? response.status}`);
    return answer.data;
  };
  return {
    url,
    async query(expression) {
      const { result } = (await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`)) as {
        result: { metric: Record<string, string>; value: [number, string] }[];
      };
      return result.map(({ metric: { __name__, instance, job, ...labels }, value }) => ({
        labels,
        value: Number(value[1]),
      }));
    },
    async scraped() {
      const fromMs = Date.now();
      for (;;) {
        const { activeTargets } = (await ask('/api/v1/targets')) as {
          activeTargets: { health: string; lastError: string; lastScrape: string }[];
        };
        const [found] = activeTargets;
        if (found?.health === 'down') throw new Error(`Prometheus cannot scrape: ${found.lastError}`);
        if (found?.health === 'up' && Date.parse(found.lastScrape) >= fromMs) return;
        await sleep(100);
      }
    },
  };
}

/** A port that nothing listens on just now; another is tried where somebody else was faster. */
async function start(folder: string): Promise<{ child: ChildProcess; url: string }> {
  for (let tries = 0; tries < 5; tries++) {
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, `data-${tries}`)}`,
        `--web.listen-address=${address}`,
        '--log.level=error',
      ],
      { stdio: 'ignore' },
    );
    while (child.exitCode === null) {
      const ready = await fetch(`http://${address}/-/ready`).catch(() => undefined);
      if (ready?.ok === true) return { child, url: `http://${address}` };
      await sleep(50);
    }
  }
  throw new Error('Prometheus does not start');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
