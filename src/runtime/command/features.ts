import { CAPABILITIES } from "../../kernel/capabilities.ts";
import { MOUNT_OPTION_NAMES } from "../../kernel/mounts.ts";
import { MEMORY_FLAGS, MEMORY_MODES } from "../../kernel/scheduling.ts";
import { ACTION_NAMES, FLAG_NAMES } from "../../kernel/seccomp/actions.ts";
import { KNOWN_ARCHITECTURES } from "../../kernel/seccomp/architecture.ts";
import { OPERATOR_NAMES } from "../../kernel/seccomp/conditions.ts";
import { HOOK_PHASES } from "../compile/hooks.ts";
import type { Invocation } from "./commands.ts";
import { OCI_VERSION } from "./main.ts";

/** features.md and features-linux.md: what this runtime can do, whatever this host can. */
export async function featuresCommand({ caller }: Invocation): Promise<number> {
  const features = {
    ociVersionMin: "1.0.0",
    ociVersionMax: OCI_VERSION,
    hooks: HOOK_PHASES,
    mountOptions: MOUNT_OPTION_NAMES,
    linux: {
      namespaces: ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"],
      capabilities: CAPABILITIES,
      cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
      seccomp: {
        enabled: true,
        actions: ACTION_NAMES,
        operators: OPERATOR_NAMES,
        archs: [...KNOWN_ARCHITECTURES],
        knownFlags: FLAG_NAMES,
        supportedFlags: FLAG_NAMES,
      },
      apparmor: { enabled: true },
      selinux: { enabled: true },
      intelRdt: { enabled: false },
      memoryPolicy: { modes: Object.keys(MEMORY_MODES), flags: Object.keys(MEMORY_FLAGS) },
      mountExtensions: { idmap: { enabled: true } },
      netDevices: { enabled: true },
    },
    potentiallyUnsafeConfigAnnotations: [],
  };
  await caller.print(`${JSON.stringify(features, undefined, 2)}\n`);
  return 0;
}
