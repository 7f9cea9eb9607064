import { spawnSync } from "node:child_process";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Host, ownHost } from "./host.ts";
import { canLoop } from "./loop.ts";
import { temporaryFolder } from "./temporary.ts";

const mkfs = "/sbin/mkfs.ext4";

export const smallDiskMissing = !canLoop || spawnSync(mkfs, ["-V"], { stdio: "ignore" }).status !== 0;

/** An ext4 of its own in a file, mounted for the processes of one host alone. */
export interface SmallDisk extends AsyncDisposable {
  /** Where it is mounted, and who sees it there. */
  readonly path: string;
  readonly host: Host;
  /** Where this process finds a path of the host. */
  seen(...names: string[]): string;
  /** Writes until nothing more goes on it, or less than a megabyte; answers how to give the space back. */
  fill(spare?: "a bit"): Promise<() => Promise<void>>;
}

export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const folder = temporaryFolder("disk");
  const file = join(folder.path, "image");
  const path = join(folder.path, "mount");
  writeFileSync(file, "");
  truncateSync(file, bytes);
  const host = await ownHost({ mounts: true });
  const must = async (program: string, ...words: string[]) => {
    const { code, stderr } = await host.run(program, words);
    if (code !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}`);
  };
  await must(mkfs, "-q", file);
  await must("mkdir", path);
  await must("mount", "-o", "loop", file, path);
  const ballast = join(path, "ballast");
  return {
    path,
    host,
    seen: (...names) => join(`/proc/${host.pid}/root`, path, ...names),
    fill: async (spare) => {
      // Whole megabytes first, then what is left of the last.
      for (const block of spare === undefined ? ["1M", "4k", "1"] : ["1M"])
        await host.run("dd", ["if=/dev/zero", `of=${ballast}.${block}`, `bs=${block}`]);
      return async () => {
        for (const block of ["1M", "4k", "1"]) await must("rm", "-f", `${ballast}.${block}`);
      };
    },
    [Symbol.asyncDispose]: async () => {
      await host.run("umount", ["-l", path]);
      host[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}
