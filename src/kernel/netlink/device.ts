import { type Attribute, bytes, readAttributes, u32 } from "./attribute.ts";
import { linkUp } from "./link.ts";
import { MADE, type Message, NLM_F, type Reply } from "./message.ts";

// linux/rtnetlink.h, linux/if_addr.h
const RTM = { NEWADDR: 20, GETADDR: 22 } as const;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
const IFA_F = { NODAD: 0x02, PERMANENT: 0x80, MANAGETEMPADDR: 0x100, NOPREFIXROUTE: 0x200 } as const;
const KEPT_FLAGS = IFA_F.NODAD | IFA_F.MANAGETEMPADDR | IFA_F.NOPREFIXROUTE;
const SCOPE_UNIVERSE = 0;
const KEPT_ATTRIBUTES = [IFA.LOCAL, IFA.ADDRESS, IFA.BROADCAST] as const;

/** An address of an interface, as the kernel tells and takes it. */
export interface InterfaceAddress {
  readonly index: number;
  readonly family: number;
  readonly prefix: number;
  readonly flags: number;
  readonly attributes: readonly Attribute[];
}

/** Asks for every address of every interface; decodeAddress reads the answers. */
export const getAddresses = (): Message => ({
  type: RTM.GETADDR,
  flags: NLM_F.DUMP,
  body: new Uint8Array(8),
  attributes: [],
});

/**
 * A permanent address of global scope, which config-linux.md, "Network Devices", keeps over a move; undefined for others,
 * and when the reply is something else.
 */
export function decodeAddress(reply: Reply): InterfaceAddress | undefined {
  if (reply.type !== RTM.NEWADDR || reply.payload.length < 8) return undefined;
  const view = new DataView(reply.payload.buffer, reply.payload.byteOffset, reply.payload.length);
  const found = readAttributes(reply.payload.subarray(8));
  const wide = found.get(IFA.FLAGS);
  const flags =
    wide === undefined ? view.getUint8(2) : new DataView(wide.buffer, wide.byteOffset, 4).getUint32(0, true);
  if ((flags & IFA_F.PERMANENT) === 0 || view.getUint8(3) !== SCOPE_UNIVERSE) return undefined;
  return {
    index: view.getUint32(4, true),
    family: view.getUint8(0),
    prefix: view.getUint8(1),
    flags: flags & KEPT_FLAGS,
    attributes: KEPT_ATTRIBUTES.flatMap((type) => {
      const value = found.get(type);
      return value === undefined ? [] : [bytes(type, value.slice())];
    }),
  };
}

/** Gives a moved interface its addresses again, which it lost by going down, and brings it up. */
export const reviveLink = (index: number, addresses: readonly InterfaceAddress[]): Message[] => [
  ...addresses.map((address) => addAgain(index, address)),
  linkUp(index),
];

function addAgain(index: number, { family, prefix, flags, attributes }: InterfaceAddress): Message {
  const body = new Uint8Array(8);
  body.set([family, prefix]);
  new DataView(body.buffer).setUint32(4, index, true);
  return {
    type: RTM.NEWADDR,
    flags: MADE,
    body,
    attributes: [...attributes, u32(IFA.FLAGS, flags)],
  };
}
