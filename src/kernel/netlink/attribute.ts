import { InroError } from "../../oci/error.ts";

/** One netlink attribute: bytes, or attributes inside it. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array | readonly Attribute[];
}

const nested = 0x8000;
const headerLength = 4;
const longest = 0xffff;

const aligned = (length: number) => (length + 3) & ~3;

export const bytes = (type: number, value: Uint8Array): Attribute => ({ type, value });
export const nest = (type: number, value: readonly Attribute[]): Attribute => ({ type, value });
export const u8 = (type: number, value: number): Attribute => ({ type, value: Uint8Array.of(value) });

/** A 16-bit number as rtnetlink has it. */
export function u16(type: number, value: number): Attribute {
  return { type, value: new Uint8Array(Uint16Array.of(value).buffer) };
}

/** A 32-bit number as rtnetlink has it: the machine's order, which is little endian wherever Inro runs. */
export function u32(type: number, value: number): Attribute {
  return { type, value: new Uint8Array(Uint32Array.of(value).buffer) };
}

/** A 32-bit number as nfnetlink has it: network order. */
export function be32(type: number, value: number): Attribute {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return { type, value: out };
}

/** A 64-bit number as nfnetlink has it: network order. */
export function be64(type: number, value: bigint): Attribute {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, value);
  return { type, value: out };
}

/** A text with its closing NUL; one with a NUL inside would be cut short by the kernel, so it is refused. */
export function text(type: number, value: string): Attribute {
  if (value.includes("\0"))
    throw new InroError("NETLINK_INVALID", {
      what: "cannot encode a netlink message",
      why: `the text ${JSON.stringify(value)} contains a NUL`,
    });
  return { type, value: new TextEncoder().encode(`${value}\0`) };
}

/** A text up to its NUL; empty where there is none. */
export function readText(value: Uint8Array | undefined): string {
  const end = value?.indexOf(0) ?? -1;
  return decoder.decode(end < 0 ? value : value?.subarray(0, end));
}
const decoder = new TextDecoder();

/** R23: an attribute's length has 16 bits (struct nlattr); what does not fit is refused, never cut. */
function sizeOf(attribute: Attribute): number {
  const inside = attribute.value instanceof Uint8Array ? attribute.value.length : sizeOfAll(attribute.value);
  if (headerLength + inside > longest)
    throw new InroError("NETLINK_ATTRIBUTE_TOO_LONG", {
      what: "cannot encode a netlink message",
      why: `attribute ${attribute.type} would have ${headerLength + inside} bytes, and netlink's lengths end at ${longest}`,
    });
  return headerLength + inside;
}

/** Bytes that these attributes take, each padded to four. */
export function sizeOfAll(attributes: readonly Attribute[]): number {
  return attributes.reduce((sum, attribute) => sum + aligned(sizeOf(attribute)), 0);
}

/** Writes the attributes at `at`; answers where they end. `out` is zeroed and large enough: see sizeOfAll. */
export function writeAttributes(out: DataView, at: number, attributes: readonly Attribute[]): number {
  let position = at;
  for (const attribute of attributes) {
    const { type, value } = attribute;
    const isNest = !(value instanceof Uint8Array);
    const size = sizeOf(attribute);
    out.setUint16(position, size, true);
    out.setUint16(position + 2, isNest ? type | nested : type, true);
    if (isNest) writeAttributes(out, position + headerLength, value);
    else new Uint8Array(out.buffer, out.byteOffset + position + headerLength, value.length).set(value);
    position += aligned(size);
  }
  return position;
}

/** Bytes of attributes without a message around them: for attributes that follow a structure inside another. */
export function encodeAttributes(attributes: readonly Attribute[]): Uint8Array {
  const out = new Uint8Array(sizeOfAll(attributes));
  writeAttributes(new DataView(out.buffer), 0, attributes);
  return out;
}

/** Reads the attributes in `data`, nests left as bytes. A length that lies ends the reading with an error. */
export const readAttributes = (data: Uint8Array): Map<number, Uint8Array> => new Map(entries(data));

/** The values of attributes that are a list: of one type, or of a type that is their place. */
export const readAttributeList = (data: Uint8Array): Uint8Array[] => entries(data).map(([, value]) => value);

function entries(data: Uint8Array): [number, Uint8Array][] {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const found: [number, Uint8Array][] = [];
  for (let at = 0; at + headerLength <= data.length; ) {
    const size = view.getUint16(at, true);
    if (size < headerLength || at + size > data.length)
      throw new InroError("NETLINK_INVALID", {
        what: "cannot read a netlink message",
        why: `an attribute claims ${size} bytes where ${data.length - at} are left`,
      });
    found.push([view.getUint16(at + 2, true) & 0x3fff, data.subarray(at + headerLength, at + size)]);
    at += aligned(size);
  }
  return found;
}
