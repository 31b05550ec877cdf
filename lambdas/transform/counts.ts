import type { Log } from '../../lib/core/ports/index.ts';
import type { Verdict } from '../../lib/core/transform/types.ts';

interface Told {
  readonly records: number;
  readonly again: number;
  readonly failed: number;
}

/** Counts the verdicts of an invocation, and says what is not as it should be: a line per invocation would cost more than it tells. */
export function verdictCounts() {
  let stored = 0;
  const quarantined: Record<string, number> = {};
  return {
    add({ reason }: Verdict): void {
      if (reason === undefined) stored++;
      else quarantined[reason] = (quarantined[reason] ?? 0) + 1;
    },
    tell(log: Log, { records, again, failed }: Told): void {
      const facts = { records, stored, quarantined, again, failed };
      if (failed > 0) log.error('some events go to the error prefix', facts);
      else if (again > 0) log.warn('the reply was full: some events were put again', facts);
      else if (Object.keys(quarantined).length > 0) log.info('some events went to quarantine', facts);
    },
  };
}
