import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { TestEngine } from "../support/engine.ts";
import { tarOf, writeLayout } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool, toolRoot } from "../support/tools.ts";

export const busyboxMissing = tool("busybox") === undefined;

const applets = [
  ...["sh", "cat", "echo", "env", "false", "head", "hostname", "id", "kill", "ls", "mkdir", "ps", "readlink"],
  ...["rm", "sleep", "stat", "stty", "tail", "touch", "true", "wc", "yes"],
];

/** A root of Debian's static busybox, as one layer. */
export function busyboxTar(): Uint8Array {
  using files = temporaryFolder("busybox");
  mkdirSync(join(files.path, "bin"));
  for (const folder of ["tmp", "etc", "root"]) mkdirSync(join(files.path, folder));
  copyFileSync(join(toolRoot("busybox") ?? "", "bin/busybox"), join(files.path, "bin/busybox"));
  for (const applet of applets) symlinkSync("busybox", join(files.path, "bin", applet));
  return tarOf(files.path);
}

/** An image archive `busybox:latest`, as `docker load` takes it. */
export function busyboxArchive(): Uint8Array {
  using layout = temporaryFolder("layout");
  const config = { Cmd: ["sh"], Env: ["PATH=/bin"], Labels: { "made.by": "test" } };
  writeLayout(layout.path, "docker.io/library/busybox:latest", { layers: [busyboxTar()], config });
  return tarOf(layout.path);
}

/** Whether the unmodified docker CLI is here; the virtual machine has none, and does with ours. */
export const hasDocker = Bun.which("docker") !== null;

/** Loads the image with the docker CLI; its name is `busybox`. */
export async function loadBusybox(engine: TestEngine): Promise<void> {
  const load = hasDocker ? engine.dockerWith : engine.inroWith;
  const loaded = await load({ input: busyboxArchive() }, "load");
  if (loaded.code !== 0) throw new Error(`load: ${loaded.stderr}`);
}
