import { PREFIXES } from '../lake/keys.ts';
import type { LedgerKey, LedgerTools } from './types.ts';

// Where the state of a ledger lies. Mode and strategy are texts that anybody may choose.

/** Prefix of all states of ledgers. */
export const LEDGER_STATES = `${PREFIXES.state}ledger/`;

/** Prefix of their checkpoints; apart, so that a listing of states holds nothing else. */
const LEDGER_CHECKPOINTS = `${PREFIXES.state}ledger-checkpoints/`;

/** Bytes of an encoded name up to which it is kept readable; a folder of the local store may have 255. */
const LONGEST = 120;
const READABLE = 40;

const utf8 = new TextEncoder();
// Lower case only: some file systems do not tell cases apart.
const PLAIN = /^[a-z0-9_.-]$/;

/** `state/ledger/<mode>/<strategy>.json`; no two keys share one, and null is told from every text. */
export const ledgerStateKey = (key: LedgerKey, tools: LedgerTools): string =>
  `${LEDGER_STATES}${keyPath(key, tools)}.json`;

/** `state/ledger-checkpoints/<mode>/<strategy>/` */
export const checkpointPrefix = (key: LedgerKey, tools: LedgerTools): string =>
  `${LEDGER_CHECKPOINTS}${keyPath(key, tools)}/`;

/** `<mode>/<strategy>`: safe in any object store, whatever the texts are. */
export const keyPath = ({ mode, strategyId }: LedgerKey, tools: LedgerTools): string =>
  `${segment(mode, tools)}/${segment(strategyId, tools)}`;

// An encoded text has two hex digits after each percent sign, or `u` and four: these names are free.
const NULL = '%null';
const EMPTY = '%empty';

function segment(text: string | null, tools: LedgerTools): string {
  if (text === null) return NULL;
  if (text === '') return EMPTY;
  // Hashed as it stands: `encoded` is longer where it must be cut.
  const encoded = encode(text);
  return encoded.length <= LONGEST ? encoded : `${cut(encoded)}%sha256-${tools.sha256(encoded)}`;
}

/** The beginning, without a cut escape at its end. */
const cut = (encoded: string): string => encoded.slice(0, READABLE).replace(/%[0-9a-fu]{0,4}$/, '');

function encode(text: string): string {
  let out = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (PLAIN.test(character) && !(character === '.' && out === '')) out += character;
    else if (code >= 0xd800 && code <= 0xdfff)
      out += `%u${code.toString(16)}`; // a lone surrogate has no UTF-8
    else for (const byte of utf8.encode(character)) out += `%${byte.toString(16).padStart(2, '0')}`;
  }
  return out;
}
