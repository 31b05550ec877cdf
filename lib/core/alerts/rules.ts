import { healthRules } from './rules/health.ts';
import { modelRules } from './rules/model.ts';
import { moneyRules } from './rules/money.ts';
import { pipelineRules } from './rules/pipeline.ts';
import { tradingRules } from './rules/trading.ts';
import type { AlertRule } from './types.ts';

/** The rules as they ship, those that are on first; `nightdesk.json` changes parts of them, and adds others. */
export const DEFAULT_RULES: readonly AlertRule[] = [
  ...healthRules,
  ...moneyRules,
  ...tradingRules,
  ...modelRules,
  ...pipelineRules,
].sort((a, b) => Number(b.enabled) - Number(a.enabled));
