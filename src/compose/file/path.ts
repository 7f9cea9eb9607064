/** Tables by path (`services.*.ports`): `*` is any key, or any item of a list. */
export interface Branch<Value> {
  readonly value?: Value;
  readonly children: ReadonlyMap<string, Branch<Value>>;
}

interface Growing<Value> {
  value?: Value;
  readonly children: Map<string, Growing<Value>>;
}

export function branches<Value>(table: Readonly<Record<string, Value>>): Branch<Value> {
  const root: Growing<Value> = { children: new Map() };
  for (const [path, value] of Object.entries(table)) {
    let branch = root;
    for (const key of path.split(".")) {
      const next = branch.children.get(key) ?? { children: new Map() };
      branch.children.set(key, next);
      branch = next;
    }
    branch.value = value;
  }
  return root;
}

/** What the table says of a member; of an item of a list with `*`. */
export const below = <Value>(branch: Branch<Value> | undefined, key: string): Branch<Value> | undefined =>
  branch?.children.get(key) ?? branch?.children.get("*");
