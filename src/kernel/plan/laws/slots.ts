import type { Field, Slot, SlotKind } from "../field.ts";
import { definition, type Kind, type Op } from "../operations.ts";
import type { Plan } from "../plan.ts";
import { childSide, type Law, type Placed, parentSide, type Surveyed, type Violation } from "./law.ts";

interface Defined {
  readonly kind: SlotKind;
  /** Which side opened it: a mount's descriptor from before the clone is useless in the new namespace. */
  readonly owner: "host" | "detached" | "new";
}

type Table = Map<Slot, Defined>;

/** openPath and openBeneath: what the slot holds follows from how it is opened. */
const KIND_BY_USE: Readonly<Record<string, SlotKind>> = {
  any: "path",
  directory: "path",
  read: "file",
  append: "writable",
  fifo: "fifo",
};

type SlotField = Extract<Field, { readonly type: "defines" | "uses" }>;
type SlotFields = readonly (readonly [name: string, field: SlotField])[];

const isSlotField = (entry: [string, Field]): entry is [string, SlotField] =>
  entry[1].type === "uses" || entry[1].type === "defines";

const known = new Map<Kind, SlotFields>();

/** Of an operation, the fields that are slots. */
function slotFields(kind: Kind): SlotFields {
  const before = known.get(kind);
  if (before !== undefined) return before;
  const fields = Object.entries(definition(kind).fields).filter(isSlotField);
  known.set(kind, fields);
  return fields;
}

/** What a child may use of the parent's: detached mounts, namespaces (or who has them) and cgroups to join, the FIFO that starts it. */
const HANDED_OVER: readonly SlotKind[] = ["tree", "file", "pidfd", "fifo", "cgroup"];

function walk(side: readonly Placed[], table: Table, isChild: boolean): Violation[] {
  return side.flatMap(({ act, op }) => {
    const wrong: Violation[] = [];
    if (!definition(op.kind).acts.includes(act)) wrong.push({ op, why: `it cannot stand in act ${act}` });
    for (const [name, field] of slotFields(op.kind)) {
      const slot = (op as unknown as Readonly<Record<string, Slot | undefined>>)[name];
      if (slot === undefined) continue;
      if (field.type === "uses") wrong.push(...useOf(op, name, field.kinds, slot, table, isChild));
      else wrong.push(...define(op, field.kind, slot, table, isChild));
    }
    // R14: a child lets go of a cgroup's folder as it joins it.
    if (isChild && op.kind === "joinCgroup") table.delete(op.cgroup);
    return wrong;
  });
}

function useOf(
  op: Op,
  name: string,
  kinds: readonly SlotKind[],
  slot: Slot,
  table: Table,
  isChild: boolean,
): Violation[] {
  const defined = table.get(slot);
  if (defined === undefined) return [{ op, why: `its ${name}, slot ${slot}, is not defined before it` }];
  if (!kinds.includes(defined.kind)) {
    return [{ op, why: `its ${name}, slot ${slot}, is a ${defined.kind}, not a ${kinds.join(" or ")}` }];
  }
  if (isChild && defined.owner !== "new" && !HANDED_OVER.includes(defined.kind)) {
    return [{ op, why: `its ${name}, slot ${slot}, was opened before the clone` }];
  }
  return [];
}

function define(op: Op, kind: SlotKind, slot: Slot, table: Table, isChild: boolean): Violation[] {
  const before = table.get(slot);
  const opened = "use" in op ? (KIND_BY_USE[op.use] ?? kind) : kind;
  const owner = isChild ? "new" : opened === "tree" ? "detached" : "host";
  table.set(slot, { kind: opened, owner });
  return before === undefined ? [] : [{ op, why: `slot ${slot} is defined already` }];
}

function check(plan: Plan, { firstSlot }: Surveyed): Violation[] {
  const parent: Table = new Map();
  for (let slot = 0; slot < firstSlot; slot++) parent.set(slot, { kind: "tree", owner: "detached" });
  const host = parentSide(plan).filter(({ act }) => act === "host");
  const rest = parentSide(plan).filter(({ act }) => act !== "host");
  const wrong = walk(host, parent, false);
  const child: Table = new Map(parent);
  return [
    ...wrong,
    ...walk(rest, parent, false),
    ...walk(childSide(plan), child, true),
    // A fresh executor may have to run it: nothing is there but what it opens itself.
    ...walk(
      plan.undo.map((op) => ({ act: "undo", op })),
      new Map(),
      false,
    ),
  ];
}

export const slotLaw: Law = {
  name: "every slot is defined before use, on its own side, and of the right kind",
  check,
};
