import { isBlank, splitLines } from '../../core/transform/lines.ts';
import type { Clock } from '../../core/ports/index.ts';
import { FrameBuilder } from './frame.ts';
import type { Intake } from './intake.ts';

/** Takes JSON Lines, one event a line. @returns how many lines were taken: they are safe on disk. @throws Refused */
export async function takeLines(body: Buffer, { intake, clock }: { readonly intake: Intake; readonly clock: Clock }): Promise<number> {
  const lines = splitLines(body).reduce((count, { text }) => (isBlank(text) ? count : count + 1), 0);
  if (lines === 0) return 0;
  const builder = new FrameBuilder({ records: 1, dataBytes: body.length, arrivedMs: clock.nowMs() });
  builder.add(body);
  await intake.take(builder.frame);
  return lines;
}
