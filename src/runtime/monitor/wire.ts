import type { Field } from "../../kernel/plan/field.ts";
import { FRAME_HEADER, type FrameName, frames } from "../../kernel/plan/frames.ts";

type Value = number | bigint | boolean | string | Uint8Array;

function encodeField(field: Field, value: Value): Uint8Array {
  if (field.type === "flag") return Uint8Array.of(value === true ? 1 : 0);
  if (field.type === "text") {
    const bytes = Buffer.from(value as string);
    const text = Buffer.alloc(4 + bytes.length + 1);
    text.writeUInt32LE(bytes.length);
    bytes.copy(text, 4);
    return text;
  }
  if (field.type === "u32") {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(value as number);
    return number;
  }
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`no frame of the monitor's requests has a field of type ${field.type}`);
}

/** A frame from its fields; `acts` are already encoded. */
export function encodeRequest(
  name: FrameName,
  request: number,
  values: Readonly<Record<string, Value>>,
): Uint8Array {
  const { type, fields } = frames[name];
  const payload = Buffer.concat(
    Object.entries(fields as Readonly<Record<string, Field>>).map(([key, field]) => {
      const value = values[key];
      if (value === undefined) throw new TypeError(`frame ${name} wants "${key}"`);
      return encodeField(field, value);
    }),
  );
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUInt32LE(FRAME_HEADER - 4 + payload.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt32LE(request, 8);
  return Buffer.concat([header, payload]);
}

const names = new Map(Object.entries(frames).map(([name, { type }]) => [type, name as FrameName]));

/** What the monitor answered. Lists of records stay as they came. */
export interface Answer {
  readonly name: FrameName | undefined;
  readonly values: Readonly<Record<string, Value>>;
}

/** Decodes a whole frame; RangeError when it is shorter than its table says. */
export function decodeAnswer(frame: Buffer): Answer {
  const name = names.get(frame.readUInt16LE(4));
  const values: Record<string, Value> = {};
  let at = FRAME_HEADER;
  for (const [key, field] of Object.entries(
    name === undefined ? {} : (frames[name].fields as Readonly<Record<string, Field>>),
  )) {
    const { value, size } = decodeField(field, frame, at);
    values[key] = value;
    at += size;
  }
  return { name, values };
}

function decodeField(field: Field, frame: Buffer, at: number): { value: Value; size: number } {
  switch (field.type) {
    case "flag":
      return { value: frame.readUInt8(at) !== 0, size: 1 };
    case "u32":
      return { value: frame.readUInt32LE(at), size: 4 };
    case "i32":
      return { value: frame.readInt32LE(at), size: 4 };
    case "u64":
      return { value: frame.readBigUInt64LE(at), size: 8 };
    case "text": {
      const length = frame.readUInt32LE(at);
      return { value: frame.toString("utf8", at + 4, at + 4 + length), size: 4 + length + 1 };
    }
    default:
      return { value: frame.subarray(at), size: frame.length - at };
  }
}
