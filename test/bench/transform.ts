import { pathToFileURL } from 'node:url';
import { bundleLambda } from './bundle.ts';
import type * as Lambda from './lambda.ts';
import { canonicalLines, dialectLines } from './records.ts';
import { type BenchOptions, cpuUs, interleave, type Row, row } from './support.ts';

type Records = Parameters<typeof Lambda.answer>[0];

const INVOCATION = 200; // records
const WARM_UPS = 6;

/** Processor time per event, from the base64 that comes in to the base64 that goes out. */
export async function transform({ quick, say }: BenchOptions): Promise<Row[]> {
  const { answer }: typeof Lambda = await import(pathToFileURL(await bundleLambda()).href);
  const dialects = dialectLines();
  const mixes = [
    { name: 'transform: canonical', lines: canonicalLines(6_000), bar: { atMost: 1.6 } },
    { name: `transform: dialects, ${dialects.from}`, lines: dialects.lines, bar: { atMost: 2.8 } },
  ];
  return mixes.map(({ name, lines, bar }) => {
    say(`${name}: ${lines.length} records`);
    const invocations = invocationsOf(lines);
    const subject = perEvent(lines.length, () => {
      for (const records of invocations) answer(records);
    });
    const reference = perEvent(lines.length, () => {
      for (const records of invocations) passThrough(records);
    });
    for (let i = 0; i < WARM_UPS; i++) interleave(1, { subject, reference });
    return row(name, 'µs', interleave(quick ? 3 : 31, { subject, reference }), bar);
  });
}

const perEvent = (events: number, work: () => void) => (): number => cpuUs(work) / events;

/** The least that any function does that looks at its records: base64, parse, stringify, base64. */
const passThrough = (records: Records) =>
  records.map(({ recordId, data }) => {
    const record: unknown = JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
    return { recordId, result: 'Ok', data: Buffer.from(`${JSON.stringify(record)}\n`, 'utf8').toString('base64') };
  });

/** One record per line, as Firehose hands them over after it has split packed records. */
function invocationsOf(lines: readonly string[]): Records[] {
  const arrivedMs = Date.now();
  const records = lines.map((line, index) => ({
    recordId: `49590338271490256608559692538361571095921575989136588898000000${String(index).padStart(8, '0')}`,
    approximateArrivalTimestamp: arrivedMs,
    data: Buffer.from(line, 'utf8').toString('base64'),
  }));
  return Array.from({ length: Math.ceil(records.length / INVOCATION) }, (_, i) =>
    records.slice(i * INVOCATION, (i + 1) * INVOCATION),
  );
}
