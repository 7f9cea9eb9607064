import { readFileSync } from "node:fs";
import type { RuntimeSpec } from "../oci/runtime-spec.ts";
import { nodeKey } from "./compile/dev.ts";
import { userNamespaceOf } from "./compile/id-maps.ts";
import type { Privilege } from "./facts.ts";

/** sysfs names every device that the kernel has a node for, whatever the specification calls it. */
export function hostNodes(spec: RuntimeSpec, privilege: Privilege): Map<string, string> {
  const nodes = new Map<string, string>();
  if (userNamespaceOf(spec) === "none" && privilege === "host") return nodes;
  for (const { type, major = 0, minor = 0 } of spec.linux?.devices ?? []) {
    if (type === "p") continue;
    const kind = type === "b" ? "block" : "char";
    const name = deviceName(`/sys/dev/${kind}/${major}:${minor}/uevent`);
    if (name !== undefined) nodes.set(nodeKey(type, major, minor), `/dev/${name}`);
  }
  return nodes;
}

function deviceName(uevent: string): string | undefined {
  try {
    return /^DEVNAME=(.+)$/m.exec(readFileSync(uevent, "utf8"))?.[1];
  } catch {
    // A device without a driver has no node either: the one of the specification's path is tried.
    return undefined;
  }
}
