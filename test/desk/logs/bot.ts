import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** What a bot, and the rotation of its host, may do to a log between two looks of a watch. */
export type Deed =
  | { readonly do: 'append'; readonly lines: number }
  | { readonly do: 'half-line' }
  | { readonly do: 'rename' }
  | { readonly do: 'rename-dated' }
  | { readonly do: 'copy' }
  | { readonly do: 'half-copy' }
  | { readonly do: 'truncate-after-copy' }
  | { readonly do: 'half-gzip'; readonly which: number }
  | { readonly do: 'gzip'; readonly which: number }
  | { readonly do: 'append-member'; readonly torn: boolean };

/** Writes a plain log with rotation and a gzip log with a member per record, and remembers every whole line it wrote. */
export class Bot {
  readonly written: string[] = [];
  readonly #folder: string;
  #number = 0;
  #dated = 0;
  #half = '';
  #copying = false;
  #copied = false;
  #torn: Buffer | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  act(deed: Deed): void {
    if (deed.do === 'append') {
      this.#append(deed.lines);
      return;
    }
    if (deed.do === 'append-member') {
      this.#appendMember(deed.torn);
      return;
    }
    if (deed.do === 'half-line') {
      if (this.#half !== '' || this.#copied) return;
      this.#half = `{"half":${this.#number++}`;
      appendFileSync(this.#live, this.#half);
      return;
    }
    if (deed.do === 'gzip' || deed.do === 'half-gzip') {
      this.#gzip(deed.which, deed.do === 'half-gzip');
      return;
    }
    if (deed.do === 'truncate-after-copy') {
      this.#truncate();
      return;
    }
    if (this.#half !== '' || !existsSync(this.#live) || readFileSync(this.#live).length === 0) return;
    if (this.#copied) return;
    if (deed.do === 'half-copy' || deed.do === 'copy') {
      if (!this.#copying) this.#shift();
      this.#copying = deed.do === 'half-copy';
      this.#copied = deed.do === 'copy';
      writeFileSync(this.#rotated(1), readFileSync(this.#live).subarray(0, this.#copied ? undefined : -5));
    } else if (this.#copying) return;
    else if (deed.do === 'rename') {
      this.#shift();
      renameSync(this.#live, this.#rotated(1));
    } else renameSync(this.#live, join(this.#folder, `x.jsonl_202512${10 + this.#dated}_${100000 + this.#dated++}`));
  }

  /** Ends every half-done deed. */
  finish(): void {
    if (this.#copying) this.act({ do: 'copy' });
    this.#truncate();
    this.#append(1);
    this.#appendMember(false);
  }

  get #live(): string {
    return join(this.#folder, 'x.jsonl');
  }

  #rotated(number: number): string {
    return join(this.#folder, `x.jsonl.${number}`);
  }

  /** Every file begins with the same line, and many lines look like others: only the position tells them apart. */
  #append(lines: number): void {
    if (this.#copied) return; // what a bot writes between copy and truncation is lost by the rotation itself
    const fresh = !existsSync(this.#live) || readFileSync(this.#live).length === 0;
    const all: string[] = [];
    if (this.#half !== '') {
      this.written.push(`${this.#half}}`);
      all.push('}');
      this.#half = '';
    }
    if (fresh && all.length === 0) all.push('{"event":"started"}', `{"run":${this.#number++}}`);
    for (let i = 0; i < lines; i++) all.push(i % 3 === 0 ? `{"n":${this.#number++}}` : '{"side":"HOLD"}');
    appendFileSync(this.#live, all.map((line) => `${line}\n`).join(''));
    this.written.push(...all.filter((line) => line !== '}'));
  }

  #appendMember(torn: boolean): void {
    const path = join(this.#folder, 'y.jsonl.gz');
    if (this.#torn !== undefined) {
      appendFileSync(path, this.#torn);
      this.#torn = undefined;
    }
    const line = this.#number % 2 === 0 ? `{"member":${this.#number}}` : '{"member":"same"}';
    this.#number++;
    const member = gzipSync(`${line}\n`);
    this.written.push(line);
    appendFileSync(path, torn ? member.subarray(0, 15) : member);
    if (torn) this.#torn = member.subarray(15);
  }

  #truncate(): void {
    if (!this.#copied) return;
    truncateSync(this.#live, 0);
    this.#copied = false;
  }

  /** x.2 → x.3, x.1 → x.2, compressed or not. */
  #shift(): void {
    for (let n = 30; n >= 1; n--)
      for (const end of ['', '.gz'])
        if (existsSync(`${this.#rotated(n)}${end}`))
          renameSync(`${this.#rotated(n)}${end}`, `${this.#rotated(n + 1)}${end}`);
  }

  #gzip(which: number, half: boolean): void {
    const path = this.#rotated(which);
    if (!existsSync(path) || (which === 1 && (this.#copied || this.#copying))) return;
    const packed = gzipSync(readFileSync(path));
    if (half) {
      writeFileSync(`${path}.gz`, packed.subarray(0, packed.length >> 1));
      return;
    }
    rmSync(`${path}.gz`, { force: true });
    writeFileSync(`${path}.gz`, packed);
    rmSync(path);
  }
}
