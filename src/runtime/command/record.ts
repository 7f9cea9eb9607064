import type { CgroupSet } from "../../kernel/cgroup/set.ts";
import { bootId } from "../../platform/boot-id.ts";
import type { Bundle } from "./bundle.ts";
import { laterHooks } from "./hooks.ts";
import { startTimeOf } from "./status.ts";
import type { StoredContainer } from "./stored.ts";

interface Claimed {
  readonly id: string;
  readonly bundle: Bundle;
  readonly gated: boolean;
  readonly cgroupPath: string;
  readonly cgroups: CgroupSet;
  /** Whose life the creation hangs on. */
  readonly creator: number;
}

/** What is remembered of a container until it stands at its gate: its creator lives. */
export function record({ id, bundle, gated, cgroupPath, cgroups, creator }: Claimed): StoredContainer {
  const { spec } = bundle;
  return {
    version: 1,
    ociVersion: spec.ociVersion,
    id,
    bundle: bundle.path,
    rootfs: bundle.rootfs,
    annotations: spec.annotations ?? {},
    pid: creator,
    startTime: startTimeOf(creator) ?? "0",
    boot: bootId(),
    cgroupPath,
    cgroups,
    ownPids: spec.linux?.namespaces?.some(({ type, path }) => type === "pid" && !path) === true,
    created: new Date().toISOString(),
    owner: process.getuid?.() ?? 0,
    gated,
    creating: true,
    hooks: laterHooks(spec),
  };
}
