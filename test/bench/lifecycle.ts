import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sha256 } from '../../lib/adapters/local/sha256.ts';
import { openFold } from '../../lib/core/lifecycle/fold.ts';
import { inputOf } from '../../lib/core/lifecycle/input.ts';
import { type Fold, LEDGER_DEFAULTS } from '../../lib/core/lifecycle/types.ts';
import { LINES_PER_FILL, ledgerLines, usOfFill } from './ledger-lines.ts';
import { type BenchOptions, cpuUs, median, type Row, row } from './support.ts';

const PER_CALL = 400; // lines that a ledger takes in at once
const SLICE = 4_000; // lines that are measured at once
const FEW = 1_000;
const WARM_UP = 60_000;
const EVENTS = 1_000_000;
const FULL_EVENTS = 10_000_000;
const MB = 1e6;

const PARSE_BAR = { atMost: 4 };
const FLAT_BAR = { atMost: 1.3 };

/** Processor time per event of the fold, from the line to the rows, against `JSON.parse` of the same lines. */
export async function lifecycle({ quick, full, say }: BenchOptions): Promise<Row[]> {
  const events = quick ? 40_000 : full ? FULL_EVENTS : EVENTS;
  run({ events: quick ? SLICE : WARM_UP, books: 10 });

  say(`lifecycle: ${FEW} events, again and again`);
  const few = repeated(quick ? 5 : 40);
  say(`lifecycle: ${events} events`);
  const long = run({ events, books: 10, heap: true });
  const rows = [row(nameOf(FEW, 10), 'µs', few, PARSE_BAR)];
  for (let size = FEW * 10; size <= events; size *= 10)
    rows.push(row(nameOf(size, 10), 'µs', between(long, { from: size / 2, to: size }), PARSE_BAR));
  const most = between(long, { from: events / 2, to: events });
  rows.push(flat(`lifecycle: ${events} events against ${FEW}`, most, few));

  const byBooks = [1, 100, 10_000].slice(0, quick ? 2 : 3).map((books) => {
    const measured = quick ? 20_000 : 100_000;
    const opening = books * LINES_PER_FILL;
    say(`lifecycle: ${books} open books`);
    const slices = run({ events: opening + measured, books });
    return { books, taken: between(slices, { from: opening, to: opening + measured }) };
  });
  for (const { books, taken } of byBooks)
    rows.push(row(nameOf(quick ? 20_000 : 100_000, books), 'µs', taken, PARSE_BAR));
  const [one, many] = [byBooks[0], byBooks.at(-1)];
  if (one !== undefined && many !== undefined)
    rows.push(flat(`lifecycle: ${many.books} open books against ${one.books}`, many.taken, one.taken));

  rows.push(memoryRow(long, events));
  return rows;
}

interface Slice {
  /** Events before it. */
  readonly at: number;
  readonly us: number;
  readonly parseUs: number;
  readonly heapBytes?: number;
}

interface Taken {
  readonly figures: number[];
  readonly references: number[];
}

const nameOf = (events: number, books: number): string =>
  `lifecycle: ${events.toLocaleString('en-US')} events, ${books.toLocaleString('en-US')} open ${books === 1 ? 'book' : 'books'}`;

/** Folds so many events and measures slice by slice, each beside its own parsing. */
function run({ events, books, heap = false }: { events: number; books: number; heap?: boolean }): Slice[] {
  const fold = open();
  const slices: Slice[] = [];
  const every = Math.max(SLICE, Math.floor(events / 200 / SLICE) * SLICE);
  for (let at = 0; at < events; at += SLICE) {
    const calls = callsOf({ from: at / LINES_PER_FILL, fills: SLICE / LINES_PER_FILL, books });
    slices.push({
      ...measure(fold, calls, SLICE),
      at,
      ...(heap && at % every === 0 ? { heapBytes: heapBytes() } : {}),
    });
  }
  return slices;
}

/** The first events of a ledger, so often that it can be measured. */
function repeated(repeats: number): Taken {
  const calls = callsOf({ from: 0, fills: FEW / LINES_PER_FILL, books: 10 });
  const slices = Array.from({ length: repeats }, () => measure(open(), calls, FEW));
  return { figures: slices.map(({ us }) => us), references: slices.map(({ parseUs }) => parseUs) };
}

const open = (): Fold => openFold({ mode: 'live', strategyId: 'ensemble_1_0' }, LEDGER_DEFAULTS, { sha256 });

interface Call {
  readonly lines: readonly string[];
  /** Up to when all is there, µs. */
  readonly uptoUs: number;
}

function callsOf(what: { from: number; fills: number; books: number }): Call[] {
  const lines = ledgerLines(what);
  return Array.from({ length: Math.ceil(lines.length / PER_CALL) }, (_, i) => ({
    lines: lines.slice(i * PER_CALL, (i + 1) * PER_CALL),
    uptoUs: usOfFill(what.from + ((i + 1) * PER_CALL) / LINES_PER_FILL) - 1_000_000,
  }));
}

/** µs per event of the fold and of parsing alone. */
function measure(fold: Fold, calls: readonly Call[], events: number): { us: number; parseUs: number } {
  const parseUs = cpuUs(() => {
    for (const { lines } of calls) for (const line of lines) JSON.parse(line);
  });
  const us = cpuUs(() => {
    for (const call of calls) take(fold, call);
  });
  return { us: us / events, parseUs: parseUs / events };
}

function take(fold: Fold, { lines, uptoUs }: Call): void {
  const inputs = lines.map((line) => inputOf(JSON.parse(line))).filter((input) => input !== undefined);
  fold.announce(inputs);
  fold.apply(inputs, uptoUs);
  fold.rows(uptoUs / 1000);
}

function between(slices: readonly Slice[], { from, to }: { from: number; to: number }): Taken {
  const own = slices.filter(({ at }) => at >= from && at < to);
  return { figures: own.map(({ us }) => us), references: own.map(({ parseUs }) => parseUs) };
}

/** What an event costs there against here, each in parsings of its own time, so that the machine's moods cancel out. */
function flat(name: string, there: Taken, here: Taken): Row {
  const [figure, reference] = [there, here].map(({ figures, references }) =>
    median(figures.map((us, i) => us / (references[i] ?? Number.NaN))),
  );
  return row(name, 'parsings', { figures: [figure ?? 0], references: [reference ?? 0] }, FLAT_BAR);
}

/** What is held once the window of what is remembered is full: the most of the last quarter against the most of the second. */
function memoryRow(slices: readonly Slice[], events: number): Row {
  const most = (quarter: number): number =>
    Math.max(
      ...slices
        .filter(({ at }) => Math.floor((at * 4) / events) === quarter)
        .map(({ heapBytes = 0 }) => heapBytes / MB),
    );
  return row(
    `lifecycle: heap after ${events.toLocaleString('en-US')} events`,
    'MB',
    { figures: [most(3)], references: [most(1)] },
    { atMost: 1.1 },
  );
}

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');
