import type { AlertRule, Condition } from '../alerts/types.ts';
import type { Limit } from './types.ts';

/** A line of a chart: beyond it the rule fires. */
export interface LimitLine {
  readonly rule: string;
  readonly title: string;
  readonly value: number;
  /** On which side of the value it is bad. */
  readonly beyond: 'above' | 'below';
  readonly severity: AlertRule['severity'];
  /** Whether the rule tells anybody; the line of one that is off is drawn all the same. */
  readonly enabled: boolean;
  readonly right: boolean;
}

/** Lines of the rules given. Nothing of a rule that compares with no figure, or that is not there. */
export const linesOf = (limits: readonly Limit[], rules: readonly AlertRule[]): LimitLine[] =>
  limits.flatMap(({ rule: id, axis }) => {
    const rule = rules.find((one) => one.id === id);
    const bound = rule && boundOf(rule.condition);
    if (rule === undefined || bound === undefined) return [];
    const { title, severity, enabled } = rule;
    return [{ rule: id, title, severity, enabled, right: axis === 'right', ...bound }];
  });

/** What stands beside a line. */
export const labelOf = ({ rule, beyond, enabled }: LimitLine): string =>
  `${rule}: ${beyond} is an alert${enabled ? '' : ', once the rule is on'}`;

type Bound = Pick<LimitLine, 'value' | 'beyond'>;

/** The figure that a condition compares with; a drawdown's is a fraction, or equity where it is absolute. */
export function boundOf(condition: Condition): Bound | undefined {
  if (condition.kind === 'drawdown')
    return condition.basis === 'absolute' ? below(condition.below) : above(condition.share);
  if (condition.kind === 'threshold' && condition.equals !== undefined)
    return condition.equals === true ? { value: 1, beyond: 'above' } : undefined;
  const figure = (name: string): number | undefined => {
    const value: unknown = Object.entries(condition).find(([key]) => key === name)?.[1];
    return typeof value === 'number' ? value : undefined;
  };
  return above(figure('above') ?? figure('atLeast')) ?? below(figure('below') ?? figure('atMost'));
}

const above = (value: number | undefined): Bound | undefined =>
  value === undefined ? undefined : { value, beyond: 'above' };
const below = (value: number | undefined): Bound | undefined =>
  value === undefined ? undefined : { value, beyond: 'below' };
