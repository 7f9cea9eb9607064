/** Mount options as fstab(5), mount(8) and the OCI specification write them, as the kernel's new mount calls take them. */

// include/uapi/linux/mount.h
export const MOUNT_ATTR = {
  readOnly: 0x00000001,
  noSuid: 0x00000002,
  noDev: 0x00000004,
  noExec: 0x00000008,
  /** A field of three bits: relatime 0, noatime 0x10, strictatime 0x20. */
  atime: 0x00000070,
  noAtime: 0x00000010,
  strictAtime: 0x00000020,
  noDirAtime: 0x00000080,
  idMap: 0x00100000,
  noSymfollow: 0x00200000,
} as const;

export type Propagation = "private" | "slave" | "shared" | "unbindable";

export interface MountOptions {
  readonly bind: boolean;
  /** `rbind`: mounts below the source come along. */
  readonly recursive: boolean;
  /** MOUNT_ATTR_* to switch on and off at the top of the tree. */
  readonly set: number;
  readonly clear: number;
  /** The same for every mount of the tree (`rro`, `rnosuid`, …). */
  readonly setRecursive: number;
  readonly clearRecursive: number;
  readonly propagation: { readonly type: Propagation; readonly recursive: boolean } | undefined;
  /** `tmpcopyup`: a tmpfs starts with what the image has at this place. */
  readonly copyUp: boolean;
  /** What is left, for the file system itself: `size=64m`, `mode=755`, `sync`. */
  readonly data: readonly string[];
}

/** config.md, "Linux mount options": [switch on, switch off]; each has a recursive form with an `r` in front. */
const ATTRIBUTES: Readonly<Record<string, readonly [set: number, clear: number]>> = {
  ro: [MOUNT_ATTR.readOnly, 0],
  rw: [0, MOUNT_ATTR.readOnly],
  nosuid: [MOUNT_ATTR.noSuid, 0],
  suid: [0, MOUNT_ATTR.noSuid],
  nodev: [MOUNT_ATTR.noDev, 0],
  dev: [0, MOUNT_ATTR.noDev],
  noexec: [MOUNT_ATTR.noExec, 0],
  exec: [0, MOUNT_ATTR.noExec],
  nodiratime: [MOUNT_ATTR.noDirAtime, 0],
  diratime: [0, MOUNT_ATTR.noDirAtime],
  // mount_setattr(2): to change the atime field it has to be named in `clear` as a whole.
  relatime: [0, MOUNT_ATTR.atime],
  noatime: [MOUNT_ATTR.noAtime, MOUNT_ATTR.atime],
  strictatime: [MOUNT_ATTR.strictAtime, MOUNT_ATTR.atime],
  atime: [0, MOUNT_ATTR.atime],
  norelatime: [MOUNT_ATTR.strictAtime, MOUNT_ATTR.atime],
  nostrictatime: [0, MOUNT_ATTR.atime],
  nosymfollow: [MOUNT_ATTR.noSymfollow, 0],
  symfollow: [0, MOUNT_ATTR.noSymfollow],
};

const PROPAGATIONS: readonly Propagation[] = ["private", "slave", "shared", "unbindable"];

/** Options that say nothing to the kernel. */
const SILENT = new Set(["defaults", "nofail", "auto", "noauto", "user", "nouser", "_netdev"]);

/** Later options win over earlier ones. */
export function parseMountOptions(options: readonly string[], type: string | undefined): MountOptions {
  let [bind, recursive, copyUp] = [type === "bind" || type === "rbind", type === "rbind", false];
  let propagation: MountOptions["propagation"];
  const top = { set: 0, clear: 0 };
  const tree = { set: 0, clear: 0 };
  const data: string[] = [];
  for (const option of options) {
    const named = propagationOf(option);
    if (option === "bind" || option === "rbind") {
      bind = true;
      recursive ||= option === "rbind";
    } else if (named !== undefined) propagation = named;
    else if (option === "tmpcopyup") copyUp = true;
    else if (ATTRIBUTES[option] !== undefined) apply(top, ATTRIBUTES[option]);
    else if (option.startsWith("r") && ATTRIBUTES[option.slice(1)] !== undefined) {
      apply(tree, ATTRIBUTES[option.slice(1)] as readonly [number, number]);
    } else if (!SILENT.has(option) && option !== "") data.push(option);
  }
  return {
    bind,
    recursive,
    ...top,
    setRecursive: tree.set,
    clearRecursive: tree.clear,
    propagation,
    copyUp,
    data,
  };
}

function apply(to: { set: number; clear: number }, [set, clear]: readonly [number, number]): void {
  to.set = (to.set & ~clear) | set;
  to.clear = (to.clear & ~set) | clear;
}

function propagationOf(option: string): MountOptions["propagation"] {
  const type = PROPAGATIONS.find((name) => name === option || `r${name}` === option);
  return type === undefined ? undefined : { type, recursive: option === `r${type}` };
}

/** Every option that is not a file system's own, for `features`. */
export const MOUNT_OPTION_NAMES: readonly string[] = [
  ...["bind", "rbind"],
  ...Object.keys(ATTRIBUTES).flatMap((name) => [name, `r${name}`]),
  ...PROPAGATIONS.flatMap((name) => [name, `r${name}`]),
].sort();
