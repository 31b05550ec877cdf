/** A setting of the emitter is wrong. Thrown only while an emitter or a sink is made, never by `emit`. */
export class EmitterError extends Error {
  override readonly name = 'EmitterError';
  readonly code = 'CONFIG_INVALID';
}

/** Refuses settings that do not exist: a mistyped one would be ignored in silence. @throws EmitterError */
export function onlyKnown(what: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new EmitterError(`${what}: there is no setting ${unknown.join(', ')}; there are ${known.join(', ')}`);
}

/** A number in a range, or its default where it is absent. @throws EmitterError */
export function numberIn(
  name: string,
  value: number | undefined,
  { from, to, otherwise }: { readonly from: number; readonly to: number; readonly otherwise: number },
): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number' || !(value >= from && value <= to))
    throw new EmitterError(`${name} must be a number from ${from} to ${to}, got ${String(value)}`);
  return value;
}

/** Text that is not empty. @throws EmitterError */
export function textOf(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '')
    throw new EmitterError(
      `${name} must be a text that is not empty, got ${typeof value === 'string' ? '""' : typeof value}`,
    );
  return value;
}

/** An error in one line, whatever was thrown. Never throws. */
export function textOfError(error: unknown): string {
  try {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const text = typeof message === 'string' ? message : String(error);
    return (typeof code === 'string' ? `${code}: ${text}` : text).split('\n')[0]?.slice(0, 300) ?? '';
  } catch {
    return 'an error that cannot be read';
  }
}
