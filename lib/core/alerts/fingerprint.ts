// What makes two errors the same: where they come from, not what figures their message holds.

const MOST_TEXT = 8000;
const MOST_FRAMES = 5;

/** What an error event says. */
export interface ErrorFields {
  readonly message?: unknown;
  readonly error_type?: unknown;
  readonly code?: unknown;
  readonly component?: unknown;
  readonly stacktrace?: unknown;
}

/**
 * Text by which errors are grouped: type, code and innermost frames of the stack, without line numbers; where there is
 * no stack, component and message without figures, ids, quoted parts and paths. Reads Python's and JavaScript's stacks. Not
 * hashed, at most some hundred characters of each part.
 */
export function fingerprintOf({ message, error_type, code, component, stacktrace }: ErrorFields): string {
  const stack = text(stacktrace).slice(-MOST_TEXT);
  const frames = framesOf(stack);
  const type = text(error_type) || typeOf(stack, text(message));
  const from = frames.length > 0 ? frames : [text(component), normalised(text(message))];
  return [type, text(code), ...from].map((part) => part.slice(0, 300)).join('\n');
}

/** A message without what differs from one time to the next. */
export function normalised(message: string): string {
  return message
    .slice(0, MOST_TEXT)
    .split('\n', 1)
    .join('')
    .replaceAll(/https?:\/\/\S+/g, '<url>')
    .replaceAll(/(["'`])(?:(?!\1).){0,400}\1/g, '<text>')
    .replaceAll(/(?:[A-Za-z]:)?(?:[\\/][\w.@~-]+){2,}/g, '<path>')
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi, '<id>')
    .replaceAll(/\b0x[0-9a-f]+\b/gi, '<n>')
    .replaceAll(/\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b/gi, '<id>')
    .replaceAll(/[-+]?\d[\d,_]*(?:\.\d+)?(?:e[-+]?\d+)?/gi, '<n>')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

/** `  File "/app/bot/pipeline.py", line 118, in submit_order`: the last one is where it happened. */
const PYTHON = /^[ \t]{0,40}File "([^"\n]{1,500})", line \d+(?:, in ([^\n]{1,200}))?/gm;
/** `    at submitOrder (file:///app/dist/pipeline.js:118:9)`, `    at /app/x.js:1:2`: the first one is where it happened. */
const JAVASCRIPT = /^[ \t]{0,40}at (?:async )?(?:([^\n(]{1,200}?) \()?([^\n()]{1,500}?)(?::\d+){1,2}\)?[ \t]{0,9}$/gm;

/** The innermost frames, innermost first, as `file function`. */
function framesOf(stack: string): string[] {
  const python = [...stack.matchAll(PYTHON)].map(([, file = '', name = '']) => frame(file, name));
  if (python.length > 0) return python.reverse().slice(0, MOST_FRAMES);
  return [...stack.matchAll(JAVASCRIPT)].slice(0, MOST_FRAMES).map(([, name = '', file = '']) => frame(file, name));
}

/** Folders differ from machine to machine; the hash of a bundle's name from build to build. */
const frame = (file: string, name: string): string =>
  `${(file.split(/[\\/]/).at(-1) ?? '').replace(/[.-][0-9a-f]{6,}(?=\.)/i, '')} ${name.trim()}`.trim();

const TYPE = /^(?:Uncaught )?([A-Za-z_][\w.]{0,100}(?:Error|Exception|Warning|Timeout|Interrupt))\b/;

/** Python names the type in the stack's last line, JavaScript in its first. */
function typeOf(stack: string, message: string): string {
  const lines = stack.split('\n').filter((line) => line.trim() !== '');
  const [first = '', last = ''] = [lines[0], lines.at(-1)];
  return TYPE.exec(last)?.[1] ?? TYPE.exec(first)?.[1] ?? TYPE.exec(message)?.[1] ?? '';
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : typeof value === 'number' ? `${value}` : '';
