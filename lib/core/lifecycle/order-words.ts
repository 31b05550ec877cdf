// What bots and venues call the states of an order, in the words of the catalog.

/** A state of an order as some log names it. `closed` is ccxt's: filled, or ended with what was filled. */
export type OrderWord =
  | 'intended'
  | 'submitted'
  | 'acked'
  | 'partial'
  | 'filled'
  | 'closed'
  | 'cancelled'
  | 'rejected'
  | 'expired'
  | 'noop';

const WORDS: Readonly<Record<OrderWord, string>> = {
  intended: 'intended created validated planned prepared blocked vetoed intent_accepted order_planned risk_approved',
  submitted: 'submitted submitting pending pending_new pending_submit sent routed placed queued inflight',
  acked:
    'acked ack acknowledged accepted new open active live working resting received confirmed triggered untriggered ' +
    'replaced amended modified updated pending_cancel canceling cancelling started',
  partial: 'partial partially_filled partial_fill partially_fill partial_filled',
  filled: 'filled fill fully_filled complete completed executed traded',
  closed: 'closed done',
  cancelled:
    'cancelled canceled cancel user_canceled user_cancelled partially_canceled partially_cancelled ' +
    'margin_canceled revoked deleted aborted killed',
  rejected: 'rejected reject refused denied failed failure error order_error invalid submit_failed',
  expired: 'expired expire expired_in_match timeout timed_out lapsed done_for_day',
  noop: 'noop no_op none skipped skip hold ignored',
};

const BY_NAME: ReadonlyMap<string, OrderWord> = new Map(
  Object.entries(WORDS).flatMap(([word, names]) => names.split(' ').map((name) => [name, word as OrderWord])),
);

/** The state a word of a log means: any case, with or without `order_` or an enumeration's name before it. */
export function orderWord(text: unknown): OrderWord | undefined {
  if (typeof text !== 'string') return undefined;
  const plain = BY_NAME.get(text);
  if (plain !== undefined) return plain;
  const name = text
    .slice(0, 64)
    .trim()
    .replace(/^.*\./, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');
  return BY_NAME.get(name) ?? BY_NAME.get(name.replace(/^order_/, ''));
}

/** How far an order has come that has not ended. */
export const PROGRESS: Readonly<Partial<Record<OrderWord, number>>> = {
  intended: 0,
  submitted: 1,
  acked: 2,
  partial: 3,
};

/** Whether nothing more is to come of an order in that state, save for fills on their way. */
export const isEnd = (word: OrderWord): word is 'filled' | 'closed' | 'cancelled' | 'rejected' | 'expired' =>
  PROGRESS[word] === undefined && word !== 'noop';
