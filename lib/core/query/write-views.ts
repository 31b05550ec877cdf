import { messageOf, NightdeskError } from '../errors.ts';
import type { QueryEngine } from '../ports/index.ts';
import { type LakeView, viewStatement } from './lake-views.ts';

/** Statements at a time: an account has twenty of DDL in all (Athena, Service Quotas), and others use it too. */
const AT_ONCE = 4;

/**
 * Writes views, those first that others use; where one cannot be written, those that use it stay as they were.
 * @throws QUERY_FAILED names each view that was not written, and why
 */
export async function writeViews(engine: Pick<QueryEngine, 'run'>, views: readonly LakeView[]): Promise<void> {
  const failed = new Map<string, unknown>();
  const written = new Map<string, Promise<void>>();
  const turns: Promise<void>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  for (const [i, view] of views.entries()) {
    const before = [turns[i % AT_ONCE], ...view.uses.map((used) => written.get(used))];
    const own = Promise.all(before).then(() => write(engine, view, failed));
    written.set(view.name, own);
    turns[i % AT_ONCE] = own;
  }
  await Promise.all(written.values());
  if (failed.size === 0) return;
  const lines = [...failed].map(([name, error]) => `${name}: ${messageOf(error)}`);
  throw new NightdeskError('QUERY_FAILED', `${failed.size} of ${views.length} views not written\n${lines.join('\n')}`, {
    cause: failed.values().next().value,
  });
}

async function write(engine: Pick<QueryEngine, 'run'>, view: LakeView, failed: Map<string, unknown>): Promise<void> {
  const missing = view.uses.find((used) => failed.has(used));
  try {
    if (missing !== undefined) throw new Error(`view ${missing} that it uses was not written`);
    await engine.run(viewStatement(view));
  } catch (error) {
    failed.set(view.name, error);
  }
}
