import type { Field } from "../../kernel/plan/field.ts";
import { FRAME_HEADER, type FrameName, frames } from "../../kernel/plan/frames.ts";

type Value = number | bigint | boolean | string | Buffer;

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
