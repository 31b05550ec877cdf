import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Folder with Trino's libraries, as trino.sh sets it; undefined where there is none. */
export const TRINO = process.env.NIGHTDESK_TRINO;

export interface TrinoResult {
  readonly columns: readonly string[];
  readonly types: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const SOURCE = fileURLToPath(new URL('Trino.java', import.meta.url));
const HEADERS = {
  'x-trino-user': 'test',
  'x-trino-catalog': 'memory',
  'x-trino-schema': 'default',
  'x-trino-time-zone': 'UTC',
};

/** A Trino of one node in a process of its own, over tables in memory. */
export class Trino {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #address: string;

  private constructor(process: ChildProcessWithoutNullStreams, address: string) {
    this.#process = process;
    this.#address = address;
  }

  static async start(libraries: string): Promise<Trino> {
    const child = spawn('java', ['-Xmx2g', '-cp', `${libraries}/*`, SOURCE]);
    let said = '';
    child.stderr.on('data', (text: Buffer) => {
      said = `${said}${text}`.slice(-2000);
    });
    const address = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line'),
      once(child, 'exit').then(() => [undefined]),
    ]);
    if (typeof address[0] !== 'string') throw new Error(`Trino does not start: ${said}`);
    return new Trino(child, address[0]);
  }

  /** Runs one statement. @throws with Trino's own message */
  async run(sql: string): Promise<TrinoResult> {
    let page = await this.#ask(`${this.#address}/v1/statement`, sql);
    const columns = () => page.columns ?? [];
    let known = columns();
    const rows: (readonly unknown[])[] = [];
    for (;;) {
      if (page.error !== undefined) throw new Error(`${page.error.errorName}: ${page.error.message}`);
      if (known.length === 0) known = columns();
      for (const row of page.data ?? [])
        rows.push(row.map((cell, i) => plain(known[i]?.typeSignature ?? { rawType: 'varchar' }, cell)));
      if (page.nextUri === undefined) break;
      page = await this.#ask(page.nextUri);
    }
    return { columns: known.map(({ name }) => name), types: known.map(({ type }) => type), rows };
  }

  async close(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.stdin.end();
    await gone;
  }

  async #ask(url: string, sql?: string): Promise<Page> {
    const response = await fetch(url, {
      headers: HEADERS,
      ...(sql === undefined ? {} : { method: 'POST', body: sql }),
    });
    if (!response.ok) throw new Error(`Trino answers ${response.status}: ${await response.text()}`);
    return (await response.json()) as Page;
  }
}

/** An answer of Trino's client protocol. */
interface Page {
  readonly columns?: readonly { readonly name: string; readonly type: string; readonly typeSignature: Signature }[];
  readonly data?: readonly (readonly unknown[])[];
  readonly nextUri?: string;
  readonly error?: { readonly errorName: string; readonly message: string };
}

interface Signature {
  readonly rawType: string;
  readonly arguments?: readonly { readonly kind: string; readonly value: unknown }[];
}

/** A value with the names of its fields, which the protocol gives with the types only. */
function plain({ rawType, arguments: given = [] }: Signature, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (rawType === 'row' && Array.isArray(value))
    return Object.fromEntries(
      given.map(({ value: field }, i) => {
        const { fieldName, typeSignature } = field as { fieldName: { name: string }; typeSignature: Signature };
        return [fieldName.name, plain(typeSignature, value[i])];
      }),
    );
  if (rawType === 'array' && Array.isArray(value))
    return value.map((item) => plain(given[0]?.value as Signature, item));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, plain(given[1]?.value as Signature, item)]),
  );
}
