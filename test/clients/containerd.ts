import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Engine, end, startDaemon } from "../../bench/contenders/engine.ts";
import { libraryFolders } from "../../bench/programs.ts";
import { toolRoot } from "../support/tools.ts";

/** containerd by itself, in folders and a network namespace of its own; its command line is `ctr`. */
export async function containerd(folder: string): Promise<Engine | undefined> {
  const root = toolRoot("dockerd");
  if (root === undefined) return undefined;
  mkdirSync(folder);
  const socket = join(folder, "containerd.sock");
  const configuration = join(folder, "config.toml");
  writeFileSync(
    configuration,
    `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "${socket}"
[ttrpc]
address = "${folder}/containerd.ttrpc"
`,
  );
  const environment = {
    PATH: [join(root, "usr/sbin"), join(root, "usr/bin"), process.env["PATH"] ?? ""].join(":"),
    LD_LIBRARY_PATH: libraryFolders(root).join(":"),
  };
  const command = [join(root, "usr/bin/containerd"), "--config", configuration];
  const daemon = await startDaemon({ command, environment, socket, log: join(folder, "log") });
  const enter = ["nsenter", "--target", String(daemon.process.pid), "--net", "--mount"];
  return {
    name: "containerd",
    cli: [...enter, join(root, "usr/bin/ctr"), "--address", socket],
    environment,
    socket: undefined,
    enter,
    daemonProcesses: () => [],
    stop: () => end(daemon.process),
  };
}
