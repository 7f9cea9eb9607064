/** Every operation on mounts that a container's plan may have besides the simple ones, for the tests that watch it. */
import type { Op } from "../../../src/kernel/plan/operations.ts";
import type { Simple } from "./simple.ts";

type Bare<O> = O extends Op ? Omit<O, "because"> : never;
const ops = (...list: Bare<Op>[]): Op[] => list.map((op) => ({ because: "test", ...op }) as Op);

const PRIVATE = 1 << 18;
const FIFO = 0o010000;
const data = new Uint8Array(100_000);
const tree = (out: number, attributes = 0): Bare<Op> => ({
  ...{ kind: "fsMount", out, fstype: "tmpfs", source: "tmpfs", options: ["mode=755"], attributes },
});
const root = { root: 40, uid: 0, gid: 0 };

/** Fills a tmpfs from another one, maps a mount's owners and remounts what it made. */
export const mounting: Simple = {
  host: ops(
    { kind: "cloneTree", out: 30, path: "/dev/shm", recursive: false },
    { kind: "setTree", tree: 30, set: 2, clear: 0, propagation: PRIVATE, recursive: false },
    { kind: "cloneTree", out: 31, path: import.meta.dir, recursive: false },
    { kind: "setTree", tree: 31, set: 0, clear: 0, propagation: PRIVATE, recursive: false },
    { kind: "idMap", tree: 31, uidMap: "0 5 10\n", gidMap: "0 5 10\n", recursive: true },
  ),
  build: ops(
    tree(40),
    { kind: "makeDirectory", ...root, path: "folder", mode: 0o710 },
    { kind: "makeFile", root: 40, path: "folder/file", mode: 0o640, data },
    { kind: "makeLink", root: 40, path: "folder/link", target: "/nowhere" },
    { kind: "makeNode", ...root, path: "folder/fifo", mode: FIFO | 0o600, major: 0, minor: 0 },
    tree(41),
    { kind: "copyUp", tree: 41, root: 40, path: "", what: "all" },
    { kind: "copyUp", tree: 41, root: 40, path: "missing", what: "all" },
    { kind: "copyUp", tree: 41, root: 40, path: "folder", what: "mode" },
    ...[41, 31].flatMap((slot): Bare<Op>[] => [
      { kind: "ensureMountpoint", root: 10, path: `at${slot}`, directory: true, mode: 0o755 },
      { kind: "attach", tree: slot, root: 10, path: `at${slot}`, destination: "in-root" },
    ]),
    {
      ...{ kind: "remount", root: 10, path: "at41", destination: "in-root", options: ["size=8m"] },
      ...{ set: 1, clear: 0, propagation: 0, recursive: false },
    },
  ),
};
