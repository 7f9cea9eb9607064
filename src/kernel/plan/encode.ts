import { InroError } from "../../oci/error.ts";
import { ACTS } from "./act.ts";
import { ABSENT, type Field } from "./field.ts";
import { FRAME_HEADER, FRAME_LIMIT, type FrameName, type FrameOf, frames } from "./frames.ts";
import { definition, type Op } from "./operations.ts";
import type { Plan } from "./plan.ts";

/** Grows; refuses to become longer than a frame may be, and any number that its field cannot hold (R23). */
class Outbox {
  #bytes = Buffer.allocUnsafe(16 * 1024);
  length = 0;

  #room(size: number): number {
    const at = this.length;
    if (at + size > FRAME_LIMIT) throw unencodable(`more than ${FRAME_LIMIT} bytes`);
    if (at + size > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(at + size, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, at);
      this.#bytes = larger;
    }
    this.length = at + size;
    return at;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#bytes.writeUInt8(value, at);
  }
  u16(value: number): void {
    const at = this.#room(2);
    this.#bytes.writeUInt16LE(value, at);
  }
  u32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeUInt32LE(value, at);
  }
  i32(value: number): void {
    const at = this.#room(4);
    this.#bytes.writeInt32LE(value, at);
  }
  u64(value: bigint): void {
    const at = this.#room(8);
    this.#bytes.writeBigUInt64LE(value, at);
  }
  raw(value: Uint8Array): void {
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
  }
  text(value: string): void {
    if (value.includes("\0")) throw unencodable("a text with a NUL");
    const size = Buffer.byteLength(value);
    this.u32(size);
    const at = this.#room(size + 1);
    this.#bytes.write(value, at);
    this.#bytes[at + size] = 0;
  }
  /** Fills in a u32 that was left open. */
  patch(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }
  finish(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }
}

function unencodable(why: string): InroError {
  return new InroError("PLAN_INVALID", { what: "cannot encode for the native program", why });
}

type Put = (to: Outbox, value: unknown, field: Field) => void;

const put: { readonly [T in Field["type"]]: Put } = {
  u8: (to, value) => to.u8(value as number),
  u16: (to, value) => to.u16(value as number),
  u32: (to, value) => to.u32(value as number),
  i32: (to, value) => to.i32(value as number),
  u64: (to, value) => to.u64(value as bigint),
  flag: (to, value) => to.u8(value === true ? 1 : 0),
  text: (to, value) => to.text(value as string),
  note: () => {},
  texts: (to, value) => list(to, value as readonly string[], (text) => to.text(text)),
  u32s: (to, value) => list(to, value as readonly number[], (number) => to.u32(number)),
  bytes: (to, value) => {
    to.u32((value as Uint8Array).length);
    to.raw(value as Uint8Array);
  },
  choice: (to, value, field) => {
    const number = field.type === "choice" ? field.of[value as string] : undefined;
    if (number === undefined) throw unencodable(`"${String(value)}" is none of a field's choices`);
    to.u8(number);
  },
  defines: (to, value) => to.u16(value as number),
  uses: (to, value) => to.u16(value as number),
  ops: (to, value) => ops(to, value as readonly Op[]),
  acts: (to, value) => {
    for (const act of ACTS) ops(to, (value as Plan)[act]);
  },
  records: (to, value) => to.raw(value as Uint8Array),
};

const absent: { readonly [T in Field["type"]]?: Put } = {
  u32: (to) => to.u32(ABSENT.u32),
  uses: (to) => to.u16(ABSENT.u16),
  text: (to) => to.text(""),
  flag: (to) => to.u8(0),
};

function list<T>(to: Outbox, values: readonly T[], each: (value: T) => void): void {
  to.u32(values.length);
  for (const value of values) each(value);
}

function putFields(
  to: Outbox,
  fields: Readonly<Record<string, Field>>,
  from: Readonly<Record<string, unknown>>,
): void {
  for (const name in fields) {
    const field = fields[name] as Field;
    const value = from[name];
    const write = value === undefined ? absent[field.type] : put[field.type];
    if (write === undefined || (value === undefined && !("optional" in field))) {
      if (field.type === "note") continue;
      throw unencodable(`the field "${name}" is missing`);
    }
    try {
      write(to, value, field);
    } catch (cause) {
      if (cause instanceof InroError) throw cause;
      throw unencodable(`the field "${name}": ${String(cause)}`);
    }
  }
}

/** u32 count, then for each: u16 code, u32 length of what follows, its fields. */
function ops(to: Outbox, from: readonly Op[]): void {
  to.u32(from.length);
  for (const op of from) {
    const { code, fields } = definition(op.kind);
    to.u16(code);
    const at = to.length;
    to.u32(0);
    putFields(to, fields, op as unknown as Readonly<Record<string, unknown>>);
    to.patch(at, to.length - at - 4);
  }
}

/** What a frame's `acts` field holds. */
export function encodeActs(plan: Plan): Uint8Array {
  const to = new Outbox();
  for (const act of ACTS) ops(to, plan[act]);
  return to.finish();
}

/** The values of a frame's fields; those of `ops` and `acts` are operations and plans. */
export type FrameValues<N extends FrameName> = Omit<FrameOf<N>, "ops" | "acts" | "records"> & {
  readonly ops?: readonly Op[];
  readonly acts?: Plan;
  readonly records?: Uint8Array;
};

/** A whole frame. Throws PLAN_INVALID for what the wire cannot carry. */
export function encodeFrame<N extends FrameName>(
  name: N,
  request: number,
  values: FrameValues<N>,
): Uint8Array {
  const to = new Outbox();
  const { type, fields } = frames[name];
  to.u32(0);
  to.u16(type);
  to.u16(0);
  to.u32(request);
  putFields(to, fields, values);
  to.patch(0, to.length - 4);
  if (to.length < FRAME_HEADER) throw unencodable("a frame without its header");
  return to.finish();
}
