import { isBlank } from '../../core/transform/lines.ts';
import type { TransformLine } from '../../core/transform/types.ts';
import type { Deliver } from '../delivery-client.ts';
import { Forecast } from './forecast.ts';
import type { Outgoing } from './outgoing.ts';
import { Packer } from './packing.ts';
import type { PlannedLog } from './plan.ts';
import { isRead, readLogLines, untilGone } from './read.ts';
import { SendReport } from './send-report.ts';
import { Sender } from './sender.ts';

export interface SendRun {
  readonly deliver: Deliver;
  readonly outgoing: Outgoing;
  readonly transform: TransformLine;
  /** Told after each batch of lines: bytes of files read so far. */
  readonly onProgress?: (bytes: number, report: SendReport) => void;
  /** Told of each line that is sent and what it should become. */
  readonly onExpected?: Expectation;
}

export type Expectation = (
  line: { readonly log: PlannedLog; readonly number: number },
  verdict: NonNullable<ReturnType<Forecast['add']>>,
) => void;

/** Sends every line of the logs, in order, and reports what became of each. @throws what the delivery throws */
export async function sendLogs(logs: readonly PlannedLog[], run: SendRun): Promise<SendReport> {
  const forecast = new Forecast(run.transform);
  const report = new SendReport(forecast);
  const sender = new Sender<PlannedLog>(run.deliver, {
    onSettled: (record, outcome) => report.settle(record, outcome),
  });
  let bytesBefore = 0;
  for (const planned of logs) {
    await sendLog(planned, {
      run,
      sender,
      report,
      forecast,
      onRead: (bytes) => run.onProgress?.(bytesBefore + bytes, report),
    });
    bytesBefore += planned.file.bytes;
    run.onProgress?.(bytesBefore, report);
  }
  await sender.flush();
  return report;
}

interface Parts {
  readonly run: SendRun;
  readonly sender: Sender<PlannedLog>;
  readonly report: SendReport;
  readonly forecast: Forecast;
  readonly onRead: (bytes: number) => void;
}

async function sendLog(planned: PlannedLog, { run, sender, report, forecast, onRead }: Parts): Promise<void> {
  const { file, place, log } = planned;
  const reader = readLogLines(file.path, { expect: { ...file, first: log?.first } });
  const outgoing = run.outgoing({ ...place, file: log?.file ?? '' });
  for await (const batch of untilGone(reader)) {
    const nowMs = Date.now();
    for (const line of batch.lines) {
      report.lines++;
      if (isBlank(line.text) && line.flaw !== 'too_large') {
        report.blank++;
        continue;
      }
      const text = line.flaw === 'too_large' ? undefined : outgoing(line);
      if (text === undefined || !Packer.fits(text)) {
        report.tooLarge(file.path, line);
        continue;
      }
      const verdict = forecast.add(text, nowMs);
      if (verdict !== undefined) run.onExpected?.({ log: planned, number: line.number }, verdict);
      await sender.add(text, { log: planned, line: line.number });
    }
    if (log !== undefined) log.known = batch.point;
    onRead(batch.readBytes);
  }
  if (log !== undefined && isRead(reader.report)) {
    log.bytes = reader.report.fileBytes;
    log.mtimeMs = reader.report.mtimeMs;
    log.heldBytes = reader.report.heldBytes;
  }
  report.read(file.path, reader.report);
}
