import { ACTS, type Act } from "../../../src/kernel/plan/act.ts";
import type { Field } from "../../../src/kernel/plan/field.ts";
import { definition, type Kind, type Op, operations } from "../../../src/kernel/plan/operations.ts";
import type { Plan } from "../../../src/kernel/plan/plan.ts";

/** A value for a field; `seed` picks among them. */
function sampleValue(field: Field, seed: number): unknown {
  switch (field.type) {
    case "u8":
    case "u16":
    case "u32":
      return [0, 1, 200, 255][seed % 4];
    case "i32":
      return [0, -1, 2_147_483_647, -2_147_483_648][seed % 4];
    case "u64":
      return [0n, 1n, (1n << 64n) - 1n, 1n << 40n][seed % 4];
    case "flag":
      return seed % 2 === 0;
    case "text":
      return ["", "a", "/etc/passwd", "ünïcode ☃".repeat(40)][seed % 4];
    case "texts":
      return [[], [""], ["sh", "-c", "echo hi"], Array.from({ length: 50 }, (_, i) => `A=${i}`)][seed % 4];
    case "u32s":
      return [[], [0], [1, 2, 3], [4294967294]][seed % 4];
    case "bytes":
      return new Uint8Array(seed % 4 === 0 ? 0 : seed * 16).fill(seed);
    case "choice": {
      const names = Object.keys(field.of);
      return names[seed % names.length];
    }
    case "defines":
    case "uses":
      return seed % 4096;
    default:
      return "a note";
  }
}

/** An operation with every field filled; those that may be absent are so for odd seeds. */
export function sampleOp(kind: Kind, seed: number): Op {
  const fields = Object.entries(definition(kind).fields).flatMap(([name, field], i) =>
    "optional" in field && seed % 2 === 1 ? [] : [[name, sampleValue(field, seed + i)]],
  );
  return { kind, because: "sample", ...Object.fromEntries(fields) } as unknown as Op;
}

/** Every operation in every act in which it may stand. It obeys the wire, not the laws. */
export function samplePlan(seed: number): Plan {
  const kinds = Object.keys(operations) as Kind[];
  const act = (name: Act): Op[] =>
    kinds.filter((kind) => definition(kind).acts.includes(name)).map((kind, i) => sampleOp(kind, seed + i));
  return Object.fromEntries(ACTS.map((name) => [name, act(name)])) as unknown as Plan;
}
