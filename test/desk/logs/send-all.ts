import { sha256 } from '../../../lib/adapters/local/sha256.ts';
import { createTransform } from '../../../lib/core/transform/transform.ts';
import type { WireLine } from '../../../lib/core/transform/wire.ts';
import { dataFolder } from '../../../lib/desk/data-folder.ts';
import type { Deliver } from '../../../lib/desk/delivery-client.ts';
import { entriesOf } from '../../../lib/desk/import/outgoing.ts';
import type { Facts } from '../../../lib/desk/logs/outgoing.ts';
import { type Plan, planLogs } from '../../../lib/desk/logs/plan.ts';
import type { SendReport } from '../../../lib/desk/logs/send-report.ts';
import { sendLogs } from '../../../lib/desk/logs/send-run.ts';

export interface Sent {
  readonly lines: string[];
  readonly wire: WireLine[];
  readonly plan: Plan;
  readonly report: SendReport;
}

/** What `send` does, with a receiver in memory that takes everything, or what `deliver` does; `planned` runs before anything is read. */
export async function sendAll(
  paths: readonly string[],
  {
    data,
    source,
    facts = {},
    deliver,
    planned,
  }: { data: string; source?: string; facts?: Facts; deliver?: Deliver; planned?: () => void },
): Promise<Sent> {
  const lines: string[] = [];
  const take: Deliver = async (records) =>
    records.map((record) => {
      lines.push(...Buffer.from(record).toString().split('\n').slice(0, -1));
      return { kind: 'accepted' };
    });
  const plan = await planLogs(paths, { folder: dataFolder(data), source, save: true });
  planned?.();
  const report = await sendLogs(plan.logs, {
    deliver: deliver ?? take,
    outgoing: (log) => entriesOf({ log, facts, map: undefined, filePath: log.path }).line,
    transform: createTransform({}, { sha256 }),
  });
  for (const ledger of plan.ledgers.values()) await ledger.save();
  return { lines, wire: lines.map((line) => JSON.parse(line) as WireLine), plan, report };
}
