import { isObject, type JsonObject } from '../transform/json.ts';

/** Where a field goes: a canonical name, or a function that writes one or several canonical fields. */
export type To = string | ((value: unknown, out: JsonObject) => void);

/** Dotted path in the bot's record → canonical field. */
export type Table = Readonly<Record<string, To>>;

interface Node {
  to: To | undefined;
  readonly children: Map<string, Node>;
}

/** Renames a record into `out`; fields the table does not name keep their dotted path, so that they end in `extra`. */
export type Rename = (record: JsonObject, out: JsonObject) => void;

/**
 * Compiles a table. Every nested path is also known flattened with `_` and `.` (`decision.details.chosen`,
 * `decision_details_chosen`), the form later generations of the same logs take.
 */
export function compileTable(table: Table): Rename {
  const root: Node = { to: undefined, children: new Map() };
  for (const [path, to] of Object.entries(table)) {
    const keys = path.split('.');
    if (keys.length > 1) for (const flat of [path, keys.join('_')]) childOf(root, flat).to ??= to;
    let node = root;
    for (const key of keys) node = childOf(node, key);
    node.to = to;
  }
  return (record, out) => rename(root, record, '', out);
}

function childOf(node: Node, key: string): Node {
  let child = node.children.get(key);
  if (child === undefined) {
    child = { to: undefined, children: new Map() };
    node.children.set(key, child);
  }
  return child;
}

function rename(node: Node, record: JsonObject, prefix: string, out: JsonObject): void {
  for (const key in record) {
    const value = record[key];
    const child = node.children.get(key);
    if (child === undefined) keepUnknown(out, prefix === '' ? key : `${prefix}${key}`, value);
    else if (typeof child.to === 'string') {
      if (out[child.to] === undefined || out[child.to] === null) out[child.to] = value; // the first of several aliases that has a value
      else if (value !== null && value !== out[child.to]) keepUnknown(out, `${prefix}${key}`, value);
    } else if (child.to !== undefined) child.to(value, out);
    else if (isObject(value)) rename(child, value, `${prefix}${key}.`, out);
    else keepUnknown(out, `${prefix}${key}`, value);
  }
}

/** A key that is no alias keeps its name: it may be canonical already, else the transform moves it to `extra`. */
function keepUnknown(out: JsonObject, path: string, value: unknown): void {
  if (out[path] === value && path !== '__proto__') return; // said twice, kept once
  const key = path === '__proto__' || out[path] !== undefined ? `.${path}` : path; // never a prototype, never over a value
  out[key] = value;
}
