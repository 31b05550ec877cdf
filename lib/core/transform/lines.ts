/** One line of a record as text; `valid` is false where its bytes were not UTF-8 and U+FFFD stands for them. */
export interface TextLine {
  readonly text: string;
  readonly valid: boolean;
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const LF = 10;
const BRACE = 123;

/** Splits the bytes of a record at newlines; a CR before the newline and a BOM at the start do not belong to a line. */
export function splitLines(data: Uint8Array): TextLine[] {
  const text = decode(data);
  if (text === undefined) return splitBytes(data);
  if (!text.includes('\n')) return [{ text: trimEnds(text, true), valid: true }];
  return splitText(text).map((line) => ({ text: line, valid: true }));
}

/** Line by line, so that bytes that are no UTF-8 cost their neighbours nothing. */
function splitBytes(data: Uint8Array): TextLine[] {
  const lines: TextLine[] = [];
  for (let start = 0; start <= data.length; ) {
    const found = data.indexOf(LF, start);
    const end = found === -1 ? data.length : found;
    const bytes = data.subarray(start, end);
    const good = decode(bytes);
    lines.push({ text: trimEnds(good ?? lenient.decode(bytes), start === 0), valid: good !== undefined });
    start = end + 1;
  }
  return lines;
}

/** The same for text that is known to be valid. */
export function splitText(text: string): string[] {
  if (!text.includes('\n')) return [trimEnds(text, true)];
  return text.split('\n').map((line, index) => trimEnds(line, index === 0));
}

/** Whether a line holds no event at all. */
export const isBlank = (line: string): boolean => line.charCodeAt(0) !== BRACE && line.trim().length === 0;

function decode(data: Uint8Array): string | undefined {
  try {
    return strict.decode(data);
  } catch {
    return undefined;
  }
}

function trimEnds(line: string, first: boolean): string {
  const start = first && line.charCodeAt(0) === 0xfeff ? 1 : 0;
  const end = line.charCodeAt(line.length - 1) === 13 ? line.length - 1 : line.length;
  return start === 0 && end === line.length ? line : line.slice(start, end);
}

/** Bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}
