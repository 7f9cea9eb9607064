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

export interface PropagationChange {
  readonly type: Propagation;
  readonly recursive: boolean;
}

export interface MountOptions {
  readonly bind: boolean;
  /** `rbind`: mounts below the source come along. */
  readonly recursive: boolean;
  /** What is mounted at the destination already is changed; nothing new is mounted. */
  readonly remount: boolean;
  /** MOUNT_ATTR_* to switch on and off at the top of the tree. */
  readonly set: number;
  readonly clear: number;
  /** The same for every mount of the tree (`rro`, `rnosuid`, …). */
  readonly setRecursive: number;
  readonly clearRecursive: number;
  /** One after the other: `rslave` and then `rshared` is a slave that has peers of its own. */
  readonly propagations: readonly PropagationChange[];
  /** `tmpcopyup`: a tmpfs starts with what the image has at this place. */
  readonly copyUp: boolean;
  /** `idmap` maps the owners of the mount itself, `ridmap` those of all mounts of the tree. */
  readonly idMap: "none" | "top" | "recursive";
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
  // mount_setattr(2): to change the atime field it has to be named in `clear` as a whole. Switching one of its modes
  // off leads back to the kernel's default, relatime (mount(8)).
  relatime: [0, MOUNT_ATTR.atime],
  noatime: [MOUNT_ATTR.noAtime, MOUNT_ATTR.atime],
  strictatime: [MOUNT_ATTR.strictAtime, MOUNT_ATTR.atime],
  atime: [0, MOUNT_ATTR.atime],
  norelatime: [0, MOUNT_ATTR.atime],
  nostrictatime: [0, MOUNT_ATTR.atime],
  nosymfollow: [MOUNT_ATTR.noSymfollow, 0],
  symfollow: [0, MOUNT_ATTR.noSymfollow],
};

const PROPAGATIONS: readonly Propagation[] = ["private", "slave", "shared", "unbindable"];

/**
 * Flags of the file system itself that fsconfig(2) takes by these names (fs/fs_context.c); a bind mount shares its
 * file system, so that there they say nothing, as with mount(2).
 */
const SUPERBLOCK = ["async", "dirsync", "lazytime", "mand", "nolazytime", "nomand", "sync"];

/**
 * Options that say nothing to the kernel: mount(8)'s own, messages (`silent`, `loud`), and the inode version, which
 * file systems that have one count always since Linux 6.1.
 */
const UNSAID = new Set([
  ...["defaults", "nofail", "auto", "noauto", "user", "nouser", "_netdev"],
  ...["silent", "loud", "iversion", "noiversion"],
]);

/** mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS": `x-…`, `X-…` and `comment=…` are for programs that read them. */
const isRemark = (option: string): boolean => /^([xX]-|comment=)/.test(option);

/** What the options of a mount do besides attributes, propagation and data. */
const MANNERS: Readonly<
  Record<string, Partial<Pick<MountOptions, "bind" | "recursive" | "remount" | "copyUp" | "idMap">>>
> = {
  bind: { bind: true },
  rbind: { bind: true, recursive: true },
  remount: { remount: true },
  tmpcopyup: { copyUp: true },
  idmap: { idMap: "top" },
  ridmap: { idMap: "recursive" },
};

/** Later options win over earlier ones. */
export function parseMountOptions(options: readonly string[], type: string | undefined): MountOptions {
  const bind = type === "bind" || type === "rbind";
  let manner = { bind, recursive: type === "rbind", remount: false, copyUp: false };
  let idMap: MountOptions["idMap"] = "none";
  const propagations: PropagationChange[] = [];
  const top = { set: 0, clear: 0 };
  const tree = { set: 0, clear: 0 };
  const data: string[] = [];
  for (const option of options) {
    const propagation = propagationOf(option);
    const change = named(MANNERS, option);
    const onTop = named(ATTRIBUTES, option);
    const inTree = option.startsWith("r") ? named(ATTRIBUTES, option.slice(1)) : undefined;
    if (change !== undefined) {
      manner = { ...manner, ...change };
      idMap = change.idMap ?? idMap;
    } else if (propagation !== undefined) propagations.push(propagation);
    else if (onTop !== undefined) apply(top, onTop);
    else if (inTree !== undefined) apply(tree, inTree);
    else if (!UNSAID.has(option) && !isRemark(option) && option !== "") data.push(option);
  }
  const { set: setRecursive, clear: clearRecursive } = tree;
  return { ...manner, ...top, setRecursive, clearRecursive, propagations, idMap, data };
}

/** `toString` is an option that a table does not have. */
const named = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

function apply(to: { set: number; clear: number }, [set, clear]: readonly [number, number]): void {
  to.set = (to.set & ~clear) | set;
  to.clear = (to.clear & ~set) | clear;
}

function propagationOf(option: string): PropagationChange | undefined {
  const type = PROPAGATIONS.find((name) => name === option || `r${name}` === option);
  return type === undefined ? undefined : { type, recursive: option === `r${type}` };
}

/** Every option that is not a file system's own, for `features`. */
export const MOUNT_OPTION_NAMES: readonly string[] = [
  ...Object.keys(MANNERS),
  ...Object.keys(ATTRIBUTES).flatMap((name) => [name, `r${name}`]),
  ...PROPAGATIONS.flatMap((name) => [name, `r${name}`]),
  ...SUPERBLOCK,
  ...["defaults", "silent", "loud", "iversion", "noiversion"],
].sort();

/** proc_pid_mountinfo(5): space, tab, newline and backslash are written as octal escapes. */
export function unescapeOctal(path: string): string {
  if (!path.includes("\\")) return path;
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
