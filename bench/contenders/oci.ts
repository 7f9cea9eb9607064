import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { toolRoot } from "../../test/support/tools.ts";
import { libraryFolders, programInPath } from "../programs.ts";
import { end, until } from "./engine.ts";

/** An OCI runtime's command line. */
export interface OciRuntime {
  readonly name: string;
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether it refuses a host with cgroup v1 and v2 side by side. */
  readonly oneCgroupVersion: boolean;
}

export function ociRuntimes(): OciRuntime[] {
  const inro = join(import.meta.dir, "../../build/inro-runtime");
  const peers = (["runc", "crun"] as const).flatMap((name): OciRuntime[] => {
    const system = programInPath(name);
    const root = toolRoot(name);
    const oneCgroupVersion = name === "crun";
    if (system !== undefined) return [{ name, program: system, environment: {}, oneCgroupVersion }];
    if (root === undefined) return [];
    const program = ["usr/sbin", "usr/bin"].map((folder) => join(root, folder, name)).find(existsSync);
    if (program === undefined) return [];
    const path = libraryFolders(root).join(":");
    return [{ name, program, environment: path === "" ? {} : { LD_LIBRARY_PATH: path }, oneCgroupVersion }];
  });
  const ours = { program: inro, oneCgroupVersion: false };
  return [
    { ...ours, name: "inro", environment: {} },
    // The first command, when nobody listens yet (docs/adr/0016).
    { ...ours, name: "inro-cold", environment: { INRO_WARM: "0" } },
    ...peers,
  ];
}

/** A mount namespace in which runtimes are started; all are, so that entering it costs each of them the same. */
export async function mountNamespace(folder: string, hideV2: boolean) {
  const ready = join(folder, `ready-${hideV2}`);
  const unified = "/sys/fs/cgroup/unified";
  const hide = hideV2 ? `if [ -d ${unified} ]; then mount -t tmpfs none ${unified}; fi; ` : "";
  const holder = spawn("unshare", ["--mount", "sh", "-c", `${hide}: > ${ready}; exec sleep infinity`], {
    stdio: "ignore",
  });
  await until("a mount namespace", () => existsSync(ready));
  return { enter: ["nsenter", "--target", String(holder.pid), "--mount"], close: () => end(holder) };
}
