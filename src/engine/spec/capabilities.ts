import { InroError } from "../../oci/error.ts";

/** capabilities(7), in the order of their numbers. */
export const ALL_CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
] as const;

/** What Docker leaves a container by default. */
export const DEFAULT_CAPABILITIES = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "MKNOD",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
] as const;

/** `net_admin`, `CAP_NET_ADMIN` → `NET_ADMIN`; `ALL` stays. INVALID_OPTION names a capability there is not. */
export function parseCapability(text: string, at: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, "");
  if (name === "ALL" || (ALL_CAPABILITIES as readonly string[]).includes(name)) return name;
  throw new InroError("INVALID_OPTION", {
    what: `cannot understand ${at} ${text}`,
    why: `there is no capability "${text}"`,
    hint: "names are those of capabilities(7), as NET_ADMIN",
    at,
  });
}

/**
 * The capabilities of a container's first process, without `CAP_`, in the kernel's order, never more than `held`
 * (the engine's own bounding set: a privilege that the host does not hold cannot be given, `--privileged` too).
 * Added beats dropped when one names the capability and the other says ALL, as in Docker.
 */
export function chooseCapabilities(o: {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
  readonly held: readonly string[];
}): readonly string[] {
  const chosen = new Set<string>(startingSet(o));
  for (const name of o.drop) if (name !== "ALL") chosen.delete(name);
  for (const name of o.add) if (name !== "ALL") chosen.add(name);
  return ALL_CAPABILITIES.filter((name) => chosen.has(name) && o.held.includes(name));
}

function startingSet(o: { add: readonly string[]; drop: readonly string[]; privileged: boolean }) {
  if (o.privileged || o.add.includes("ALL")) return ALL_CAPABILITIES;
  return o.drop.includes("ALL") ? [] : DEFAULT_CAPABILITIES;
}

/** Reads a mask as /proc/<pid>/status prints it (`CapBnd: 000001ffffffffff`). */
export function capabilitiesOfMask(hexadecimal: string): readonly string[] {
  const mask = BigInt(`0x${hexadecimal}`);
  return ALL_CAPABILITIES.filter((_, number) => ((mask >> BigInt(number)) & 1n) === 1n);
}
