import { COMPILED, place, type Target } from '../transform/columns.ts';
import type { Findings } from '../transform/findings.ts';
import { isObject, type JsonObject } from '../transform/json.ts';

/** Writes a canonical field. */
export type Put = (field: string, value: unknown) => void;

/** Where a field goes: a canonical name, or a function that puts one or several; `out` holds what is there already. */
export type To = string | ((value: unknown, put: Put, out: JsonObject) => void);

/** Dotted path in the bot's record → canonical field. */
export type Table = Readonly<Record<string, To>>;

interface Node {
  to: To | undefined;
  /** The column of a canonical name. */
  target: Target | undefined;
  /** Several paths may lead to the same field: the first that has a value counts. */
  shared: boolean;
  readonly children: Map<string, Node>;
}

/** Puts a record's fields into their columns of `out`; fields the table does not name are kept under their dotted path. */
export type Rename = (record: JsonObject, out: JsonObject, findings: Findings) => void;

/** What the record around a payload says too. */
const ENVELOPE = new Set(['ts', 'session_id', 'symbol', 'mode']);

/**
 * Compiles a table for a stream. Every nested path is also known flattened with `_` and `.` (`decision.details.chosen`,
 * `decision_details_chosen`), the form later generations of the same logs take; a column's own name is known by itself.
 */
export function compileTable(stream: string, table: Table): Rename {
  const targets = COMPILED.get(stream)?.targets ?? new Map<string, Target>();
  const root = newNode();
  for (const [path, to] of Object.entries(table)) {
    const keys = path.split('.');
    if (keys.length > 1) for (const flat of [path, keys.join('_')]) childOf(root, flat).to ??= to;
    keys.reduce(childOf, root).to = to;
  }
  for (const name of targets.keys()) addOwn(childOf(root, name), name);
  compileNodes(root, targets);
  const put =
    (out: JsonObject, findings: Findings): Put =>
    (field, value) => {
      const target = targets.get(field);
      if (target === undefined) findings.keep(field, value);
      else place(target, field, value, out, findings);
    };
  return (record, out, findings) => rename(root, record, { prefix: '', out, findings, put });
}

/** The same table for whichever stream a record turns out to belong to. */
export function tablePerStream(table: Table): (stream: string) => Rename {
  const compiled = new Map<string, Rename>();
  return (stream) => {
    const rename = compiled.get(stream) ?? compileTable(stream, table);
    compiled.set(stream, rename);
    return rename;
  };
}

/** A column's own name; a wrapper of the same name stays a wrapper. */
function addOwn(node: Node, name: string): void {
  if (node.children.size === 0) node.to ??= name;
}

const newNode = (): Node => ({ to: undefined, target: undefined, shared: false, children: new Map() });

function childOf(node: Node, key: string): Node {
  let child = node.children.get(key);
  if (child === undefined) {
    child = newNode();
    node.children.set(key, child);
  }
  return child;
}

function compileNodes(root: Node, targets: ReadonlyMap<string, Target>): void {
  const leading = new Map<string, Node[]>();
  const walk = (node: Node): void => {
    if (typeof node.to === 'string') {
      node.target = targets.get(node.to);
      leading.set(node.to, [...(leading.get(node.to) ?? []), node]);
    }
    for (const child of node.children.values()) walk(child);
  };
  walk(root);
  for (const [name, nodes] of leading) for (const node of nodes) node.shared = nodes.length > 1 || ENVELOPE.has(name);
}

interface Way {
  readonly prefix: string;
  readonly out: JsonObject;
  readonly findings: Findings;
  readonly put: (out: JsonObject, findings: Findings) => Put;
}

function rename(node: Node, record: JsonObject, way: Way): void {
  const { prefix, out, findings } = way;
  for (const key in record) {
    const value = record[key];
    const child = node.children.get(key);
    if (child === undefined) findings.keep(`${prefix}${key}`, value);
    else if (typeof child.to === 'string') {
      const { target, to } = child;
      if (target === undefined) findings.keep(to, value);
      else if (!child.shared || out[to] === undefined || out[to] === null) place(target, to, value, out, findings);
      else if (value !== null && value !== out[to]) findings.keep(`${prefix}${key}`, value);
    } else if (child.to !== undefined) child.to(value, way.put(out, findings), out);
    else if (isObject(value)) rename(child, value, { ...way, prefix: `${prefix}${key}.` });
    else findings.keep(`${prefix}${key}`, value);
  }
}
