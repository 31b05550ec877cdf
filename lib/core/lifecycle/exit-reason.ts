/** Words that bots put values into, such as `stop_loss_35.5bps`, and the reason they mean (S1 H3, real exit reasons). */
const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/liquidat/, 'liquidation'],
  [/^adl\b|auto.?delever/, 'adl'],
  [/trailing/, 'trailing_stop'],
  [/^(?:stop|sl\b)|stop_?loss/, 'stop_loss'],
  [/^tp\b|take_?profit|^roi\b/, 'take_profit'],
  [/reversal|signal_?flip|^flip/, 'signal_flip'],
  [/max_?duration|time_?(?:limit|out|stop)|expir/, 'time_limit'],
  [/exit_?signal|signal_?exit/, 'signal_exit'],
];
const LONGEST = 100;

export interface ExitReason {
  readonly reason: string;
  /** The bot's own words, where they say more. */
  readonly detail: string | null;
  readonly source: 'given' | 'inferred';
}

/** A reason the bot gave, in one word where it is a known one. */
export function givenReason(text: string): ExitReason {
  const own = text.slice(0, LONGEST);
  const word = own
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');
  const reason = KNOWN.find(([pattern]) => pattern.test(word))?.[1] ?? word;
  return { reason, detail: reason === own ? null : own, source: 'given' };
}
