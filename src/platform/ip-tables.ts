import { closeSync, existsSync, readFileSync } from "node:fs";
import { libc } from "./libc.ts";

/** linux/netfilter_ipv4/ip_tables.h, linux/netfilter_ipv6/ip6_tables.h. */
const IPT_SO_GET_INFO = 64;
const IPT_SO_GET_ENTRIES = 65;
const INFO_SIZE = 84;
const ENTRIES_HEAD = 40;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const IPPROTO_RAW = 255;
/** The names of the tables that are there, the address family, and the level of the socket's options. */
const families = {
  ip: { names: "/proc/net/ip_tables_names", number: 2, level: 0 },
  ip6: { names: "/proc/net/ip6_tables_names", number: 10, level: 41 },
} as const;

/** A table of the old iptables (ip_tables and ip6_tables, not nf_tables), as the kernel keeps it. */
export interface LegacyTable {
  /** Where each hook's rules begin among the entries, and where its policy is; by NF_INET_*. */
  readonly entry: readonly number[];
  readonly underflow: readonly number[];
  /** struct ipt_entry or ip6t_entry, one after the other. */
  readonly entries: Uint8Array;
}

/** undefined where it was never used: asking for one that is not there would make it. */
export function readLegacyTable(family: "ip" | "ip6", name: string): LegacyTable | undefined {
  const { names, number, level } = families[family];
  if (!existsSync(names) || !readFileSync(names, "utf8").split("\n").includes(name)) return undefined;
  const socket = libc().socket(number, SOCK_RAW_CLOEXEC, IPPROTO_RAW);
  if (socket < 0) return undefined;
  try {
    const about = { socket, level, name };
    const info = ask(about, IPT_SO_GET_INFO, INFO_SIZE, () => {});
    if (info === undefined) return undefined;
    const size = info.getUint32(80, true);
    const told = ask(about, IPT_SO_GET_ENTRIES, ENTRIES_HEAD + size, (view) =>
      view.setUint32(32, size, true),
    );
    if (told === undefined) return undefined;
    const five = (at: number) => [0, 1, 2, 3, 4].map((hook) => info.getUint32(at + 4 * hook, true));
    const entries = new Uint8Array(told.buffer, ENTRIES_HEAD, size);
    return { entry: five(36), underflow: five(56), entries };
  } finally {
    closeSync(socket);
  }
}

/** Both structures begin with the table's name. */
function ask(
  { socket, level, name }: { socket: number; level: number; name: string },
  option: number,
  size: number,
  fill: (view: DataView) => void,
) {
  const buffer = new Uint8Array(size);
  buffer.set(new TextEncoder().encode(name).subarray(0, 31));
  const view = new DataView(buffer.buffer);
  fill(view);
  const length = new Uint32Array([size]);
  return libc().getsockopt(socket, level, option, buffer, length) === 0 ? view : undefined;
}
