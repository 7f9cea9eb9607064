import { InroError } from "../../oci/error.ts";
import { ACTS } from "./act.ts";
import type { Field } from "./field.ts";
import { definition, type Kind, type Op, operations } from "./operations.ts";
import type { Plan } from "./plan.ts";

/** A plan as JSON holds it: 64-bit numbers are decimal texts, bytes are base64. */
export type PlanJson = { readonly [act: string]: readonly Readonly<Record<string, unknown>>[] };

export function planToJson(plan: Plan): PlanJson {
  return Object.fromEntries(ACTS.map((act) => [act, opsToJson(plan[act])]));
}

export const opsToJson = (ops: readonly Op[]): PlanJson[string] => ops.map(opToJson);

function opToJson(op: Op): Readonly<Record<string, unknown>> {
  const entries = Object.entries(op).map(([name, value]) => {
    if (typeof value === "bigint") return [name, String(value)];
    return [name, value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value];
  });
  return Object.fromEntries(entries);
}

/** The plan that planToJson wrote. Throws PLAN_INVALID for what is none. */
export function planFromJson(json: unknown): Plan {
  const acts = json as PlanJson;
  return Object.fromEntries(
    ACTS.map((act) => {
      const list: unknown = acts?.[act];
      if (!Array.isArray(list)) throw invalid(`its act "${act}" is missing`);
      return [act, opsFromJson(list)];
    }),
  ) as unknown as Plan;
}

export const opsFromJson = (list: PlanJson[string]): readonly Op[] => list.map(opFromJson);

function opFromJson(json: Readonly<Record<string, unknown>>): Op {
  const kind = json["kind"];
  if (typeof kind !== "string" || !Object.hasOwn(operations, kind)) {
    throw invalid(`there is no operation "${String(kind)}"`);
  }
  const op: Record<string, unknown> = { kind, because: json["because"] };
  for (const [name, field] of Object.entries(definition(kind as Kind).fields)) {
    if (json[name] !== undefined) op[name] = valueFromJson(field, json[name]);
    else if (!("optional" in field)) throw invalid(`${kind} has no "${name}"`);
  }
  return op as unknown as Op;
}

function valueFromJson(field: Field, value: unknown): unknown {
  if (field.type === "u64") return BigInt(value as string);
  return field.type === "bytes" ? new Uint8Array(Buffer.from(value as string, "base64")) : value;
}

function invalid(why: string): InroError {
  return new InroError("PLAN_INVALID", { what: "cannot read the plan", why });
}
