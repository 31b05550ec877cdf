const EQUALS = 61;

/** Bytes that padded base64 text stands for, or undefined where its length is no base64's. The decoder shows the rest. */
export function base64Bytes(text: string): number | undefined {
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  if (length === 0) return 0;
  const padding = text.charCodeAt(length - 1) !== EQUALS ? 0 : text.charCodeAt(length - 2) !== EQUALS ? 1 : 2;
  return (length / 4) * 3 - padding;
}

const LF = 10;

/** Whether data holds more lines than `most`; the end of the last line may be missing. */
export function hasMoreLinesThan(data: Buffer, most: number): boolean {
  if (data.length <= most) return false; // a line has at least its line end
  let lines = 0;
  for (let at = 0; at < data.length; lines++) {
    if (lines === most) return true;
    const end = data.indexOf(LF, at);
    if (end === -1) return false;
    at = end + 1;
  }
  return false;
}
