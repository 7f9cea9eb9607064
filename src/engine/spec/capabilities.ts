import { CAPABILITIES } from "../../kernel/capabilities.ts";
import { InroError } from "../../oci/error.ts";

/** As people write them and Docker keeps them: `NET_ADMIN`. */
export const ALL_CAPABILITIES: readonly string[] = CAPABILITIES.map((name) => name.slice("CAP_".length));

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
  if (name === "ALL" || ALL_CAPABILITIES.includes(name)) return name;
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
