import { spawnSync } from "node:child_process";
import type { Rootfs } from "../../src/oci/rootfs.ts";

/** Everything that a file system tells of the tree in the working directory, a line for each object, sorted. */
const listing = `
import hashlib, json, os, stat, sys
first, lines = {}, []
def look(path):
    s = os.lstat(path)
    kind = stat.S_IFMT(s.st_mode)
    xattrs = {}
    for name in sorted(os.listxattr(path, follow_symlinks=False)):
        if not name.startswith(("trusted.overlay.", "trusted.SGI_ACL_")):
            xattrs[name] = os.getxattr(path, name, follow_symlinks=False).hex()
    told = [oct(s.st_mode), s.st_uid, s.st_gid, str(s.st_mtime_ns), xattrs]
    if not stat.S_ISDIR(kind):
        told += [s.st_nlink, first.setdefault(s.st_ino, path.decode("latin1"))]
    if kind == stat.S_IFREG: told += [s.st_size, hashlib.sha256(open(path, "rb").read()).hexdigest()]
    if kind == stat.S_IFLNK: told += [os.readlink(path).decode("latin1")]
    if kind in (stat.S_IFCHR, stat.S_IFBLK): told += [os.major(s.st_rdev), os.minor(s.st_rdev)]
    lines.append([path.decode("latin1"), *told])
    if stat.S_ISDIR(kind):
        for name in sorted(os.listdir(path)): look(os.path.join(path, name))
look(b".")
for line in lines: print(json.dumps(line))
`;

/** What a program prints that runs in a container's root, mounted for it alone. */
export function inRoot(rootfs: Rootfs, program: string, ...words: readonly string[]): string {
  const entering =
    rootfs.kind === "folder"
      ? `cd '${rootfs.path}'`
      : `cd '${rootfs.folder}' && mount -t overlay overlay -o lowerdir=${rootfs.lower.join(":")},upperdir=${rootfs.upper},` +
        `workdir=${rootfs.work} ${rootfs.mountpoint} && cd ${rootfs.mountpoint}`;
  const script = `${entering} && exec "$@"`;
  const result = spawnSync("unshare", ["-m", "sh", "-ec", script, "sh", program, ...words], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(`${program} in the root: ${result.stderr}`);
  return result.stdout;
}

export const listRoot = (rootfs: Rootfs): string[] => lines(inRoot(rootfs, "python3", "-c", listing));

/** Modes, owners, times (ns), attributes, links, devices, sizes and content of all that is in a folder. */
export const listTree = (path: string): string[] => listRoot({ kind: "folder", path });

const lines = (text: string) => text.split("\n").filter((line) => line !== "");
