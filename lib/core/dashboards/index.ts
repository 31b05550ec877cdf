import { HEALTH } from './health.ts';
import { MODEL } from './model.ts';
import { TRADING } from './trading.ts';
import type { Dashboard } from './types.ts';

/** The dashboards of S1 §10, every panel of them, in its order. */
export const DASHBOARDS: readonly Dashboard[] = [HEALTH, TRADING, MODEL];
