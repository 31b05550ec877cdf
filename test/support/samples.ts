import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The real logs of two bots; they lie beside the checkout on the project's own machines and are never committed. */
export const SAMPLES = fileURLToPath(new URL('../../../shared/samples', import.meta.url));

export const samplesPresent = existsSync(SAMPLES);

/** The title of a test that needs them: says so where they are absent. */
export const needsSamples = (title: string): string =>
  samplesPresent ? title : `${title} (skipped: ${SAMPLES} is absent)`;
