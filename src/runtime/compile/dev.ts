import type { Slot } from "../../kernel/plan/field.ts";
import { InroError } from "../../oci/error.ts";
import type { SpecDevice } from "../../oci/runtime-spec.ts";
import { beneath, type CompileInput, type Draft } from "./context.ts";
import { userNamespaceOf } from "./id-maps.ts";
import type { PlannedMount } from "./mounts.ts";
import { PROPAGATION } from "./propagation.ts";

interface Node {
  readonly path: string;
  readonly type: "c" | "b" | "p";
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly because: string;
}

// include/uapi/linux/stat.h
const FORMAT = { c: 0o020000, b: 0o060000, p: 0o010000 } as const;
const EVERYONE = 0o666;
const FOLDER_MODE = 0o755;

const standard = (name: string, major: number, minor: number): Node => ({
  path: `dev/${name}`,
  type: "c",
  major,
  minor,
  mode: EVERYONE,
  uid: 0,
  gid: 0,
  because: "default",
});

/** config-linux.md, "Default Devices"; console and ptmx are made where they belong. */
const STANDARD_NODES: readonly Node[] = [
  standard("null", 1, 3),
  standard("zero", 1, 5),
  standard("full", 1, 7),
  standard("random", 1, 8),
  standard("urandom", 1, 9),
  standard("tty", 5, 0),
];

/** runtime-linux.md, "Dev symbolic links", and devpts's own ptmx. */
const LINKS = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
  ["core", "/proc/kcore"],
  ["ptmx", "pts/ptmx"],
] as const;

/**
 * /dev, built while nobody can see it: nodes, links and mount points are made on a detached tmpfs, then it is attached,
 * and what is mounted below goes through its slot (R5; KERNEL.md, "Mounts"). Nothing here is ever a path.
 */
export function compileDev(
  draft: Draft,
  input: CompileInput,
  dev: Slot,
  inside: readonly PlannedMount[],
): void {
  const made = new Set<string>();
  const nodes = [...STANDARD_NODES, ...specNodes(input)];
  // A specification's node takes the place of the standard one.
  const wanted = new Map(nodes.map((node) => [node.path, node]));
  const covered = new Set(inside.map(({ path }) => path));
  for (const node of wanted.values()) {
    if (!node.path.startsWith("dev/") || covered.has(node.path)) continue;
    makeNode(draft, input, dev, made, node);
  }
  for (const [name, target] of LINKS) {
    if (covered.has(`dev/${name}`) || wanted.has(`dev/${name}`)) continue;
    draft.plan.build.push({ kind: "makeLink", root: dev, path: name, target, because: "default" });
  }
  if (input.spec.process?.terminal === true) {
    const data = new Uint8Array();
    const because = input.becauseOf("/process/terminal");
    draft.plan.build.push({ kind: "makeFile", root: dev, path: "console", mode: 0o620, data, because });
  }
}

/** Nodes that a specification wants elsewhere than in /dev. */
export function compileOtherNodes(draft: Draft, input: CompileInput, root: Slot): void {
  const made = new Set<string>();
  for (const node of specNodes(input)) {
    if (!node.path.startsWith("dev/")) makeNode(draft, input, root, made, node);
  }
  draft.plan.build.push(...draft.boundNodes.splice(0));
}

function makeNode(draft: Draft, input: CompileInput, root: Slot, made: Set<string>, node: Node): void {
  const path = node.path.startsWith("dev/") ? node.path.slice("dev/".length) : node.path;
  const { because } = node;
  for (const folder of parents(path)) {
    if (made.has(folder)) continue;
    made.add(folder);
    draft.plan.build.push({
      kind: "ensureMountpoint",
      root,
      path: folder,
      directory: true,
      mode: FOLDER_MODE,
      because,
    });
  }
  if (hasUserNamespace(input)) {
    bindNode(draft, input, { root, path, node });
    return;
  }
  const { major, minor, uid, gid } = node;
  draft.plan.build.push({
    kind: "makeNode",
    root,
    path,
    mode: FORMAT[node.type] | node.mode,
    major,
    minor,
    uid,
    gid,
    because,
  });
}

/** How a device is known whatever its path: `c 1:5`. */
export const nodeKey = (type: string, major: number, minor: number): string =>
  `${type === "u" ? "c" : type} ${major}:${minor}`;

interface NodePlace {
  readonly root: Slot;
  readonly path: string;
  readonly node: Node;
}

/**
 * mknod(2) of a device is EPERM in a user namespace: the host's own node is mounted over an empty file, once what holds
 * it is attached. A FIFO can be made.
 */
function bindNode(draft: Draft, { nodes }: CompileInput, { root, path, node }: NodePlace): void {
  const { because, type, major, minor, mode } = node;
  const { build, host } = draft.plan;
  if (type === "p") {
    const { uid, gid } = node;
    const made = { root, path, mode: FORMAT.p | mode, major, minor, uid, gid };
    build.push({ kind: "makeNode", ...made, because });
    return;
  }
  build.push({ kind: "makeFile", root, path, mode: 0o600, data: new Uint8Array(), because });
  const out = draft.newSlot();
  const source = nodes.get(nodeKey(type, major, minor)) ?? `/${node.path}`;
  const change = { set: 0, clear: 0, propagation: PROPAGATION.private, recursive: false };
  host.push(
    { kind: "cloneTree", out, path: source, recursive: false, because },
    { kind: "setTree", tree: out, ...change, because },
  );
  draft.boundNodes.push({ kind: "attach", tree: out, root, path, destination: "real-file", because });
}

/** Whether the container is set up by who is privileged over a user namespace only: its own, or the runtime's. */
export const hasUserNamespace = ({ spec, facts }: CompileInput): boolean =>
  userNamespaceOf(spec) !== "none" || facts.privilege !== "host";

function parents(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function specNodes({ spec, becauseOf }: CompileInput): Node[] {
  return (spec.linux?.devices ?? []).map((device, index) => {
    const at = `/linux/devices/${index}`;
    const path = beneath(device.path);
    if (path === "" || path.split("/").includes("..")) throw badDevice(device, at);
    return {
      path,
      type: device.type === "u" ? "c" : device.type,
      major: device.major ?? 0,
      minor: device.minor ?? 0,
      mode: (device.fileMode ?? EVERYONE) & 0o7777,
      uid: device.uid ?? 0,
      gid: device.gid ?? 0,
      because: becauseOf(at),
    };
  });
}

function badDevice(device: SpecDevice, at: string): InroError {
  return new InroError("DEVICE_INVALID", {
    what: `cannot make the device "${device.path}"`,
    why: "its path is not one below the container's root",
    at,
  });
}
