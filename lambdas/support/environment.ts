import { NightdeskError } from '../../lib/core/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that the stack sets. @throws CONFIG_INVALID names it where it is not there or empty */
export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value.trim() === '')
    throw new NightdeskError(
      'CONFIG_INVALID',
      `the environment of the function holds no ${name}; deploy the stack again`,
    );
  return value;
}
