import { writeSync } from "node:fs";
import { CAPABILITIES } from "../../kernel/capabilities.ts";
import { MOUNT_OPTION_NAMES } from "../../kernel/mounts.ts";
import { ARCHITECTURES, nativeArchitecture, TWIN } from "../../kernel/seccomp/architecture.ts";
import { OCI_VERSION } from "./main.ts";

/** features.md and features-linux.md: what this runtime can do, whatever this host can. */
export function featuresCommand(): number {
  const native = nativeArchitecture();
  const features = {
    ociVersionMin: "1.0.0",
    ociVersionMax: OCI_VERSION,
    hooks: [],
    mountOptions: MOUNT_OPTION_NAMES,
    linux: {
      namespaces: ["cgroup", "ipc", "mount", "network", "pid", "user", "uts"],
      capabilities: CAPABILITIES,
      cgroup: { v1: true, v2: true, systemd: false, systemdUser: false, rdma: true },
      seccomp: {
        enabled: true,
        actions: [
          "SCMP_ACT_ALLOW",
          "SCMP_ACT_ERRNO",
          "SCMP_ACT_KILL",
          "SCMP_ACT_KILL_PROCESS",
          "SCMP_ACT_KILL_THREAD",
          "SCMP_ACT_LOG",
          "SCMP_ACT_TRACE",
          "SCMP_ACT_TRAP",
        ],
        operators: [
          "SCMP_CMP_NE",
          "SCMP_CMP_LT",
          "SCMP_CMP_LE",
          "SCMP_CMP_EQ",
          "SCMP_CMP_GE",
          "SCMP_CMP_GT",
          "SCMP_CMP_MASKED_EQ",
        ],
        archs: [ARCHITECTURES[native].oci, ARCHITECTURES[TWIN[native]].oci],
        knownFlags: [
          "SECCOMP_FILTER_FLAG_TSYNC",
          "SECCOMP_FILTER_FLAG_LOG",
          "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
          "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        ],
      },
      apparmor: { enabled: false },
      selinux: { enabled: false },
      intelRdt: { enabled: false },
      memoryPolicy: {},
      mountExtensions: { idmap: { enabled: false } },
      netDevices: { enabled: false },
    },
    potentiallyUnsafeConfigAnnotations: [],
  };
  writeSync(1, `${JSON.stringify(features, undefined, 2)}\n`);
  return 0;
}
