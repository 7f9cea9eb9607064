import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tarOf, writeLayout } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Writes Debian's static busybox with all its applets below `folder`. */
export function writeBusybox(folder: string, binary: string): void {
  for (const name of ["bin", "etc", "tmp", "root", "data", "proc", "sys", "dev", "run"])
    mkdirSync(join(folder, name), { recursive: true });
  copyFileSync(binary, join(folder, "bin/busybox"));
  chmodSync(join(folder, "bin/busybox"), 0o755);
  for (const applet of spawnSync(binary, ["--list"], { encoding: "utf8" }).stdout.trim().split("\n"))
    if (applet !== "busybox") symlinkSync("busybox", join(folder, "bin", applet));
  writeFileSync(join(folder, "data/file"), "from the image\n");
}

/** A tar for `inro load`: busybox, and above it as many layers as asked for, each with one file. */
export function imageArchive(name: string, binary: string, layersAbove: number): Uint8Array {
  using base = temporaryFolder("vm-busybox");
  using layout = temporaryFolder("vm-layout");
  writeBusybox(base.path, binary);
  const layers = [tarOf(base.path), ...Array.from({ length: layersAbove }, (_, n) => layer(n))];
  const config = { Cmd: ["sh"], Env: ["PATH=/bin"] };
  writeLayout(layout.path, `docker.io/library/${name}:latest`, { layers, config });
  return tarOf(layout.path);
}

function layer(number: number): Uint8Array {
  using files = temporaryFolder("vm-layer");
  mkdirSync(join(files.path, "layers"));
  writeFileSync(join(files.path, "layers", String(number)), "");
  return tarOf(files.path);
}
