import { spawnSync } from "node:child_process";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { canLoop } from "./loop.ts";
import { temporaryFolder } from "./temporary.ts";
import { tool } from "./tools.ts";

export type FileSystemType = "btrfs" | "ext2" | "ext4" | "xfs";

const makers: { readonly [T in FileSystemType]: () => readonly [string, ...string[]] | undefined } = {
  // Each snapshot waits for the disk, on a loop device for long (nobarrier below).
  btrfs: () => maker(tool("mkfs.btrfs"), "-q"),
  /** With inodes that have room for whole seconds only. */
  ext2: () => ["/sbin/mke2fs", "-q", "-F", "-t", "ext2", "-I", "128"],
  ext4: () => ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", "quota,project", "-E", "quotatype=prjquota"],
  xfs: () => maker(tool("mkfs.xfs"), "-q"),
};

function maker(program: string | undefined, ...words: string[]): [string, ...string[]] | undefined {
  return program === undefined ? undefined : [program, ...words];
}

/** Whether this machine can make and mount one. */
export function canMake(type: FileSystemType): boolean {
  const known = readFileSync("/proc/filesystems", "utf8").split("\n");
  return canLoop && makers[type]() !== undefined && known.includes(`\t${type}`);
}

/** A file system of the test's own in a file, unmounted with the scope. It is sparse: only what is written takes room. */
export function fileSystem(
  type: FileSystemType,
  options: { readonly mebibytes?: number; readonly mount?: string } = {},
): Disposable & { readonly path: string } {
  const folder = temporaryFolder(type);
  const [image, path] = [join(folder.path, "image"), join(folder.path, "mnt")];
  writeFileSync(image, "");
  truncateSync(image, (options.mebibytes ?? 512) * 2 ** 20);
  const [program = "", ...words] = makers[type]() ?? [];
  try {
    run(program, ...words, image);
    run("mkdir", path);
    run(
      "mount",
      "-t",
      type,
      "-o",
      ["loop", ...(type === "btrfs" ? ["nobarrier"] : []), options.mount ?? []].flat().join(","),
      image,
      path,
    );
  } catch (error) {
    folder[Symbol.dispose]();
    throw error;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      // Lazily too: the folder below must not be removed through a mount that something still uses.
      if (spawnSync("umount", [path]).status !== 0) run("umount", "-l", path);
      folder[Symbol.dispose]();
    },
  };
}

function run(program: string, ...words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${words.join(" ")}: ${error?.message ?? stderr}`);
}
