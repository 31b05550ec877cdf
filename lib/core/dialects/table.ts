import { CATALOG } from '../catalog/index.ts';
import { isObject, type JsonObject } from '../transform/json.ts';

/** Where a field goes: a canonical name, or a function that writes one or several canonical fields. */
export type To = string | ((value: unknown, out: JsonObject) => void);

/** Dotted path in the bot's record → canonical field. */
export type Table = Readonly<Record<string, To>>;

interface Node {
  to: To | undefined;
  /** Several paths lead to the same field: the first that has a value counts. */
  shared: boolean;
  readonly children: Map<string, Node>;
}

/** Renames a record into `out`; fields the table does not name keep their dotted path, so that they end in `extra`. */
export type Rename = (record: JsonObject, out: JsonObject) => void;

/**
 * Compiles a table for a stream. Every nested path is also known flattened with `_` and `.` (`decision.details.chosen`,
 * `decision_details_chosen`), the form later generations of the same logs take; a column's own name is known by itself.
 */
export function compileTable(stream: string, table: Table): Rename {
  const root = newNode();
  for (const [path, to] of Object.entries(table)) {
    const keys = path.split('.');
    if (keys.length > 1) for (const flat of [path, keys.join('_')]) childOf(root, flat).to ??= to;
    childAt(root, keys).to = to;
  }
  for (const name of Object.keys(CATALOG[stream]?.columns ?? {})) addOwn(childOf(root, name), name);
  markShared(root);
  return (record, out) => rename(root, record, '', out);
}

/** A column's own name; a wrapper of the same name stays a wrapper. */
function addOwn(node: Node, name: string): void {
  if (node.children.size === 0) node.to ??= name;
}

const newNode = (): Node => ({ to: undefined, shared: false, children: new Map() });

function childOf(node: Node, key: string): Node {
  let child = node.children.get(key);
  if (child === undefined) {
    child = newNode();
    node.children.set(key, child);
  }
  return child;
}

const childAt = (root: Node, keys: readonly string[]): Node => keys.reduce(childOf, root);

function markShared(root: Node): void {
  const leading = new Map<string, Node[]>();
  const walk = (node: Node): void => {
    if (typeof node.to === 'string') leading.set(node.to, [...(leading.get(node.to) ?? []), node]);
    for (const child of node.children.values()) walk(child);
  };
  walk(root);
  for (const nodes of leading.values()) for (const node of nodes) node.shared = nodes.length > 1;
}

function rename(node: Node, record: JsonObject, prefix: string, out: JsonObject): void {
  for (const key in record) {
    const value = record[key];
    const child = node.children.get(key);
    if (child === undefined) keep(out, prefix === '' ? key : `${prefix}${key}`, value);
    else if (typeof child.to === 'string') {
      if (!child.shared) out[child.to] = value;
      else if (out[child.to] === undefined || out[child.to] === null) out[child.to] = value;
      else if (value !== null && value !== out[child.to]) keep(out, `${prefix}${key}`, value);
    } else if (child.to !== undefined) child.to(value, out);
    else if (isObject(value)) rename(child, value, `${prefix}${key}.`, out);
    else keep(out, `${prefix}${key}`, value);
  }
}

/** A field the table does not know keeps its path: the transform moves it to `extra`. */
function keep(out: JsonObject, path: string, value: unknown): void {
  // Never a prototype, and never over the value of a column.
  out[path === '__proto__' || out[path] !== undefined ? `.${path}` : path] = value;
}
