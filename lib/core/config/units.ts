const SIZES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};
const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1e3,
  m: 6e4,
  h: 3.6e6,
  d: 8.64e7,
  w: 6.048e8,
  y: 365 * 8.64e7,
};

/** A size such as `500MB`, `1.5GiB` or `0` in bytes; undefined where the text is none. */
export const readSize = (text: string): number | undefined => inUnits(text, SIZES);

/** A duration such as `90s`, `12h`, `7d` or `7y` (of 365 days) in ms; undefined where the text is none. */
export const readDuration = (text: string): number | undefined => inUnits(text, DURATIONS);

function inUnits(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const name = unit.toLowerCase();
  if (number === undefined || !Object.hasOwn(units, name)) return undefined;
  const result = Math.round(Number(number) * (units[name] ?? Number.NaN));
  return Number.isSafeInteger(result) ? result : undefined;
}
