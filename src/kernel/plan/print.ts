import { ACTS, type Act } from "./act.ts";
import { attachedName, slotName, subject } from "./describe.ts";
import type { Slot } from "./field.ts";
import { definition, type Op } from "./operations.ts";
import type { Plan } from "./plan.ts";
import type { OpRecord } from "./record.ts";

/** One line of a printed plan. */
interface Row {
  readonly act: Act;
  readonly number: string;
  readonly kind: string;
  readonly text: string;
  readonly time: string;
  readonly because: string;
}

/** The container's root keeps this name wherever it is attached. */
const ROOT = "rootfs";

/** The longest text that keeps its column; a longer one pushes the rest of its line aside. */
const TEXT_WIDTH = 84;

/**
 * The list that people read: act, number, operation, what it does, the measured time when there are records, and why.
 * `surveyed`: operations of batches before the plan, for the names of their slots.
 */
export function printPlan(
  plan: Plan,
  records: readonly OpRecord[] = [],
  surveyed: readonly Op[] = [],
): string {
  const rows = rowsOf(plan, records, surveyed);
  const width = (of: (row: Row) => string, limit = 40): number =>
    Math.min(
      limit,
      rows.reduce((most, row) => Math.max(most, of(row).length), 0),
    );
  const kind = width((row) => row.kind);
  const text = width((row) => row.text, TEXT_WIDTH);
  const time = width((row) => row.time);
  const lines = rows.map((row) =>
    [
      row.act.padEnd(7),
      row.number.padStart(3),
      row.kind.padEnd(kind),
      row.text.padEnd(text),
      ...(time > 0 ? [row.time.padStart(time)] : []),
      row.because,
    ]
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

function rowsOf(plan: Plan, records: readonly OpRecord[], surveyed: readonly Op[]): Row[] {
  const names = sourceNames(plan);
  const name = (slot: Slot): string => names.get(slot) ?? `slot ${slot}`;
  for (const op of surveyed) remember(names, op, name);
  const measured = new Map(records.map((record) => [`${record.act} ${record.index}`, record]));
  let number = 0;
  return ACTS.flatMap((act) =>
    plan[act].map((op, index) => {
      const record = measured.get(`${act} ${index}`);
      const row: Row = {
        act,
        number: String(++number),
        kind: op.kind,
        text: withOutcome(subject(op, name), record),
        time: record === undefined || record.ns === 0 ? "" : milliseconds(record.ns),
        because: op.because,
      };
      remember(names, op, name);
      return row;
    }),
  );
}

/** Trees that the survey cloned are called by where they go. */
function sourceNames(plan: Plan): Map<Slot, string> {
  const attached = plan.build.flatMap((op): [Slot, string][] =>
    op.kind === "attach" ? [[op.tree, `the source of /${op.path}`]] : [],
  );
  return new Map(attached);
}

function remember(names: Map<Slot, string>, op: Op, name: (slot: Slot) => string): void {
  const attached = attachedName(op, name);
  if (op.kind === "attach" && attached !== undefined && name(op.tree) !== ROOT) names.set(op.tree, attached);
  for (const [field, { type }] of Object.entries(definition(op.kind).fields)) {
    if (type !== "defines") continue;
    const slot = (op as unknown as Readonly<Record<string, Slot>>)[field];
    if (slot !== undefined) names.set(slot, slotName(op, name));
  }
}

function withOutcome(text: string, record: OpRecord | undefined): string {
  if (record === undefined || record.detail === "") return text;
  return `${text} [${record.detail}]`;
}

const milliseconds = (ns: number): string => `${(ns / 1e6).toFixed(3)} ms`;
