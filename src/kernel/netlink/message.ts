import { InroError } from "../../oci/error.ts";
import { type Attribute, sizeOfAll, writeAttributes } from "./attribute.ts";

/** linux/netlink.h, NLM_F_*. */
export const NLM_F = {
  REQUEST: 0x1,
  MULTI: 0x2,
  ACK: 0x4,
  /** With a GET request it changes nothing for the kernel; it tells the executor that an answer is wanted. */
  ECHO: 0x8,
  DUMP: 0x300,
  REPLACE: 0x100,
  EXCL: 0x200,
  CREATE: 0x400,
  APPEND: 0x800,
} as const;

/** What makes something that is not there yet: EEXIST where it is. */
export const MADE = NLM_F.ACK | NLM_F.CREATE | NLM_F.EXCL;

/** A request: a family's fixed structure, then attributes. */
export interface Message {
  readonly type: number;
  /** REQUEST is always set. */
  readonly flags: number;
  readonly body: Uint8Array;
  readonly attributes: readonly Attribute[];
}

const headerLength = 16;
const aligned = (length: number) => (length + 3) & ~3;

/** Several messages in one buffer, numbered from 1; the kernel obeys them in order, each on its own. */
export function encodeMessages(messages: readonly Message[]): Uint8Array {
  const sizes = messages.map((m) => headerLength + aligned(m.body.length) + sizeOfAll(m.attributes));
  const out = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  messages.forEach((message, index) => {
    view.setUint32(at, sizes[index] ?? 0, true);
    view.setUint16(at + 4, message.type, true);
    view.setUint16(at + 6, message.flags | NLM_F.REQUEST, true);
    view.setUint32(at + 8, index + 1, true);
    out.set(message.body, at + headerLength);
    at = writeAttributes(view, at + headerLength + aligned(message.body.length), message.attributes);
  });
  return out;
}

/** A message as the kernel sent it. */
export interface Reply {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly payload: Uint8Array;
}

/** Splits what was received into messages. */
export function decodeMessages(data: Uint8Array): Reply[] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const replies: Reply[] = [];
  for (let at = 0; at < data.length; ) {
    const size = at + headerLength <= data.length ? view.getUint32(at, true) : 0;
    if (size < headerLength || at + size > data.length)
      throw new InroError("NETLINK_INVALID", {
        what: "cannot read the kernel's netlink reply",
        why: `a message claims ${size} bytes where ${data.length - at} are left`,
      });
    replies.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: data.subarray(at + headerLength, at + size),
    });
    at += aligned(size);
  }
  return replies;
}
