// linux/netfilter.h and linux/netfilter/nf_tables.h, nf_conntrack_common.h: what rules and packets are told by.

/** NF_INET_*. */
export const hooks = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** NFT_META_*. */
export const META = {
  ...{ PROTOCOL: 1, MARK: 3, IIF: 4, OIF: 5, IIFNAME: 6, OIFNAME: 7, NFPROTO: 15, L4PROTO: 16, OIFKIND: 27 },
} as const;

/** NFT_CT_*. */
export const CT = { STATE: 0, STATUS: 2 } as const;

/** NFT_PAYLOAD_*_HEADER. */
export const HEADER = { network: 1, transport: 2 } as const;

/** NF_CT_STATE_BIT. */
export const STATE = { established: 2, related: 4, new: 8 } as const;

/** IPS_*. */
export const STATUS = { destinationTranslated: 32 } as const;

/** Numbers in the machine's order, little endian wherever Inro runs, as the kernel keeps its own in registers. */
export const hostNumbers = (...values: number[]): Uint8Array =>
  new Uint8Array(Uint32Array.from(values).buffer);

/** An interface's name as the kernel keeps it in registers: 16 bytes. */
export function nameBytes(name: string): Uint8Array {
  const out = new Uint8Array(16);
  out.set(new TextEncoder().encode(name));
  return out;
}
