import { posix } from "node:path";
import { MOUNT_ATTR, type MountOptions, parseMountOptions } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { OpOf } from "../../kernel/plan/operations.ts";
import { InroError } from "../../oci/error.ts";
import type { SpecMount } from "../../oci/runtime-spec.ts";
import { bindTree, propagationChange, UNCHANGED } from "./binds.ts";
import { borrowedTree } from "./borrow.ts";
import type { CompileInput, Draft } from "./context.ts";
import { mountMapOf } from "./id-maps.ts";
import { labelData } from "./labels.ts";
import { layersTree, partOf, sharedTree } from "./mount-details.ts";

/** Where a mount goes: beneath which slot, under which name there, and how links on the way are met. */
export interface Target {
  readonly root: Slot;
  readonly path: string;
  readonly destination: "in-root" | "real-directory" | "real-file";
}

/** A mount of the specification with its options read. */
export interface PlannedMount {
  readonly index: number;
  readonly mount: SpecMount;
  readonly options: MountOptions;
  /** Beneath the root: `proc`, `dev/pts`. */
  readonly path: string;
  readonly because: string;
}

const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;

/** Destinations below these are opened without following a link and must be real (R1). */
const KERNEL_FOLDERS = ["proc", "sys", "dev"];

export function planMounts({ spec, becauseOf }: CompileInput): PlannedMount[] {
  return (spec.mounts ?? []).map((mount, index) => {
    const at = `/mounts/${index}`;
    // config.md, "Mounts": a relative destination is one relative to "/"; a root that is mounted over is no root.
    const path = posix.resolve("/", mount.destination).slice(1);
    if (path === "") throw mountOnRoot(mount, at);
    const parsed = parseMountOptions(mount.options ?? [], mount.type);
    const options = { ...parsed, data: [...parsed.data, ...labelData(mount.type, spec)] };
    const planned = { index, mount, options, path, because: becauseOf(at) };
    checkMount(planned, at);
    mountMapOf(spec, index, options);
    return planned;
  });
}

function mountOnRoot({ destination }: SpecMount, at: string): InroError {
  return new InroError("MOUNT_DESTINATION_INVALID", {
    what: `cannot mount onto "${destination}"`,
    why: "a destination is a path below the container's root",
    at,
  });
}

/** What no kernel would have to be asked about. */
function checkMount({ mount, options }: PlannedMount, at: string): void {
  const { type = "none" } = mount;
  const wrong = (why: string, hint: string): InroError =>
    new InroError("MOUNT_INVALID", { what: `cannot mount onto "${mount.destination}"`, why, hint, at });
  const changes = options.bind || options.remount;
  if (!changes && (type === "none" || type === ""))
    throw wrong("it names no file system", 'name a type, or "bind" among the options');
  if (options.copyUp && (changes || type !== "tmpfs"))
    throw wrong("only a tmpfs can start with what the image has", 'leave "tmpcopyup" out');
}

export function targetOf(path: string, root: Slot, dev: Slot | undefined, directory: boolean): Target {
  const inDev = dev !== undefined && path.startsWith("dev/");
  const real = KERNEL_FOLDERS.some((folder) => path === folder || path.startsWith(`${folder}/`));
  return {
    root: inDev ? dev : root,
    path: inDev ? path.slice("dev/".length) : path,
    destination: real ? (directory ? "real-directory" : "real-file") : "in-root",
  };
}

/** Mounts one entry of the specification; the slot of the mount, if it is a new one. `borrowed`: see borrow.ts. */
export function compileMount(
  draft: Draft,
  input: CompileInput,
  planned: PlannedMount,
  { borrowed, ...to }: Target & { readonly borrowed?: string | undefined },
): Slot | undefined {
  const { options, because } = planned;
  if (options.remount) return remount(draft, planned, to);
  const tree = treeOf(draft, input, planned, { borrowed, ...to });
  const directory = isDirectory(input, planned);
  const mode = directory ? FOLDER_MODE : FILE_MODE;
  draft.plan.build.push(
    { kind: "ensureMountpoint", root: to.root, path: to.path, directory, mode, because },
    { kind: "attach", tree, ...to, because },
  );
  const part = partOf(draft, input, planned, tree);
  if (part !== undefined) draft.plan.build.push({ kind: "attach", tree: part, ...to, because });
  return part ?? tree;
}

/** Of a source that was looked at, or that is described; a file system's root is a folder. */
export const isDirectory = ({ sources, mountDetails }: CompileInput, { index }: PlannedMount): boolean =>
  sources.get(index)?.directory ?? mountDetails?.get(index)?.isFile !== true;

function treeOf(
  draft: Draft,
  input: CompileInput,
  planned: PlannedMount,
  to: Target & { readonly borrowed?: string | undefined },
): Slot {
  const { layers, subpath = "", copyUp = false, shared } = input.mountDetails?.get(planned.index) ?? {};
  if (shared !== undefined) return sharedTree(draft, planned, shared);
  if (layers !== undefined) return layersTree(draft, planned, layers, subpath);
  if (planned.options.bind) return bindTree(draft, input, planned);
  return to.borrowed === undefined
    ? fileSystem(draft, planned, to, copyUp)
    : borrowedTree(draft, planned, to.borrowed);
}

/** mount(8), "remount": what is mounted there already is changed, by the options that are given. */
function remount(draft: Draft, { options, because }: PlannedMount, to: Target): undefined {
  const { build } = draft.plan;
  const { set, clear, setRecursive, clearRecursive, data, bind } = options;
  // mount(2), MS_REMOUNT | MS_BIND: only the mount itself, not its file system.
  build.push({ kind: "remount", ...to, options: bind ? [] : data, ...UNCHANGED, set, clear, because });
  const others = options.propagations.map(propagationChange);
  if (setRecursive !== 0 || clearRecursive !== 0)
    others.unshift({ ...UNCHANGED, set: setRecursive, clear: clearRecursive, recursive: true });
  for (const change of others) build.push({ kind: "remount", ...to, options: [], ...change, because });
}

/** The child is confined to the devices that its cgroup may use; the executor is not. */
const isOnDevice = ({ mount: { source = "", type = "" } }: PlannedMount): boolean =>
  source.startsWith("/") && !WITHOUT_DEVICE.has(type);

/** Whose source is a word. */
const WITHOUT_DEVICE = new Set(["tmpfs", "ramfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2"]);

/** The host's network is what they are reached by. */
const ON_NETWORK = new Set(["nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs"]);

/** mount(2), MS_RDONLY: of a block device the file system is read-only, not just the mount. */
const fileSystemData = (planned: PlannedMount): readonly string[] =>
  isOnDevice(planned) && (planned.options.set & MOUNT_ATTR.readOnly) !== 0
    ? ["ro", ...planned.options.data]
    : planned.options.data;

/**
 * What a tmpfs takes over from the folder that the image has at its place. Without a mode of its own it has the folder's,
 * as in runc and crun; where there is none, the kernel's default.
 */
function copiedBy({ mount, options }: PlannedMount): OpOf<"copyUp">["what"] | undefined {
  if (mount.type !== "tmpfs") return undefined;
  const ownMode = options.data.some((option) => option.startsWith("mode="));
  if (!options.copyUp) return ownMode ? undefined : "mode";
  return ownMode ? "contents" : "all";
}

function fileSystem(draft: Draft, planned: PlannedMount, to: Target, whenEmpty: boolean): Slot {
  const { mount, options, because } = planned;
  const { build } = draft.plan;
  const out = draft.newSlot();
  const fstype = mount.type ?? "";
  const wanted = options.set | options.setRecursive;
  const copied = whenEmpty ? "initial" : copiedBy(planned);
  // What is to be filled is read-only only afterwards.
  const attributes = copied === undefined ? wanted : wanted & ~MOUNT_ATTR.readOnly;
  const source = mount.source ?? fstype;
  const data = fileSystemData(planned);
  const act = isOnDevice(planned) || ON_NETWORK.has(fstype) ? draft.plan.host : build;
  act.push({ kind: "fsMount", out, fstype, source, options: data, attributes, because });
  if (copied !== undefined)
    build.push({ kind: "copyUp", tree: out, root: to.root, path: to.path, what: copied, because });
  const changes = options.propagations.map(propagationChange);
  if (attributes !== wanted) changes.unshift({ ...UNCHANGED, set: MOUNT_ATTR.readOnly });
  for (const change of changes) build.push({ kind: "setTree", tree: out, ...change, because });
  return out;
}
