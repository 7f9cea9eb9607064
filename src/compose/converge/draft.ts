import type { Action, Step } from "./step.ts";

/** Steps while they are found. */
export interface Draft {
  /** Answers the step's id. A second one of the same id adds to what the first comes after. */
  add(action: Action, why: string, after?: readonly string[]): string;
  has(id: string): boolean;
  /** `ids` that nobody added in the end are no condition: what they would have done is so already. */
  follow(id: string, after: readonly string[]): void;
  /** Each after all that it comes after. CYCLE: a defect of whoever drafted them. */
  steps(): readonly Step[];
}

/** What an action is about, as people name it. */
export function subject(action: Action): string {
  if ("container" in action) return action.container;
  if (action.kind === "wait") return `${action.service} ${action.condition}`;
  if ("image" in action) return action.service;
  return action.name;
}

export const idOf = (action: Action): string => `${action.kind} ${subject(action)}`;

export function draft(): Draft {
  const found = new Map<
    string,
    { readonly action: Action; readonly why: string; readonly after: Set<string> }
  >();
  const follow = (id: string, after: readonly string[]) => {
    for (const each of after) if (each !== id) found.get(id)?.after.add(each);
  };
  return {
    add(action, why, after = []) {
      const id = idOf(action);
      if (!found.has(id)) found.set(id, { action, why, after: new Set() });
      follow(id, after);
      return id;
    },
    has: (id) => found.has(id),
    follow,
    steps() {
      const order: Step[] = [];
      const done = new Set<string>();
      const visit = (id: string, path: readonly string[]) => {
        const step = found.get(id);
        if (step === undefined || done.has(id)) return;
        if (path.includes(id)) throw new Error(`steps wait for each other: ${[...path, id].join(" → ")}`);
        const after = [...step.after].filter((each) => found.has(each));
        for (const each of after) visit(each, [...path, id]);
        done.add(id);
        order.push({ id, action: step.action, after, why: step.why });
      };
      for (const id of found.keys()) visit(id, []);
      return order;
    },
  };
}
