import type { AlertRule } from '../types.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Reminders: each hour, of critical ones each half hour. */
const COOLDOWN = HOUR;
const CRITICAL_COOLDOWN = 30 * MINUTE;

type Given = Pick<AlertRule, 'id' | 'title' | 'advice' | 'severity' | 'condition'> & Partial<AlertRule>;

/** A rule with what most have in common. It ships switched off. */
export const rule = (given: Given): AlertRule => ({
  enabled: false,
  for: 0,
  clear: 0,
  cooldown: given.severity === 'critical' ? CRITICAL_COOLDOWN : COOLDOWN,
  ...given,
});
