import type { AlertFacts } from './alert-checks.ts';
import type { DeskFacts, DiskFacts } from './desk-probe.ts';
import type { Survey } from './survey.ts';

export type CheckStatus = 'ok' | 'warn' | 'critical';

export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  /** One sentence, with what to do where something is wrong. */
  readonly message: string;
  readonly value: unknown;
}

export interface DoctorFacts {
  readonly data: string;
  readonly nowMs: number;
  readonly desk: DeskFacts;
  readonly disk: DiskFacts | undefined;
  readonly survey: Survey;
  /** @default - the alerts were not looked at */
  readonly alerts?: AlertFacts;
}

const MIB = 1024 * 1024;
export const LIMITS = {
  /** The desk takes nothing in below this much free space. */
  freeBytes: 1e9,
  freeSoonBytes: 5e9,
  /** Intake slows down above this backlog, and ends above the other. */
  slowBytes: 4 * MIB,
  mostBytes: 64 * MIB,
  /** What is older notifies nobody; a bot that was heard today and is silent for longer may be dead. */
  silentMs: 15 * 60_000,
  heardMs: 86_400_000,
  quarantineWarn: 0.01,
  quarantineCritical: 0.05,
  clockMs: 2_000,
} as const;

export const check = (name: string, status: CheckStatus, message: string, value: unknown = null): Check => ({
  name,
  status,
  message,
  value,
});

/** A time for people, to two digits or so. */
export function span(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} days`;
}
