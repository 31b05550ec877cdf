// How identities are spelt. Imports nothing: the emitter uses this file too.

/** Identity of a line of a file: file identity (with its generation) and line number. */
export const lineId = (file: string, line: number): string => `${file}-${line}`;

/** Identity of a line of a record: the record's id and the index of the line in it. */
export const recordLineId = (recordId: string, index: number): string =>
  index === 0 ? recordId : `${recordId}-${index}`;
