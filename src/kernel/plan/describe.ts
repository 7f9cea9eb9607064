import { listWord } from "../number-list.ts";
import { ioPriorityWord, memoryPolicyWord, PER_LINUX32, schedulerWords } from "../scheduling.ts";
import { INSTRUCTION_BYTES } from "../seccomp/bpf.ts";
import type { Slot } from "./field.ts";
import { allowedCalls } from "./filter-words.ts";
import type { Kind, Op, OpOf } from "./operations.ts";
import {
  attributeWords,
  capabilitiesKnown,
  capabilityCount,
  capabilityWords,
  limitWord,
  namespaceWords,
  octal,
  propagationWords,
  resourceWord,
  shellWord,
  shortened,
} from "./words.ts";

/** What a slot is called: what the operation that made it opened. */
export type SlotNames = (slot: Slot) => string;

interface Line<K extends Kind> {
  /** The verb, as errors use it: "cannot attach …". */
  readonly verb: string;
  /** What follows the verb. */
  readonly text: (op: OpOf<K>, name: SlotNames) => string;
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;
const listed = (options: readonly string[]): string => (options.length > 0 ? ` (${options.join(",")})` : "");
const below = (root: string, path: string): string =>
  path === "" ? root : `${root.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}`;
const owner = (uid: number, gid: number): string => (uid === 0 && gid === 0 ? "" : ` of ${uid}:${gid}`);

const ranges = (map: string): string => map.trim().replaceAll("\n", "; ");

const changeWords = (op: OpOf<"setTree"> | OpOf<"remount">): string[] => {
  const cleared = attributeWords(op.clear & ~op.set);
  const words = [attributeWords(op.set), propagationWords(op.propagation)].filter(Boolean);
  return cleared === "" ? words : [...words, `not ${cleared}`];
};

/** Every operation in words; a new one without a line here does not compile. */
const lines: { readonly [K in Kind]: Line<K> } = {
  openPath: { verb: "open", text: (op) => `the host's ${op.path}` },
  openBeneath: { verb: "open", text: (op, name) => below(name(op.root), op.path) },
  cloneTree: {
    verb: "clone",
    text: (op, name) =>
      `the mount at ${op.root === undefined ? op.path : below(name(op.root), op.path)}${op.recursive ? " and below" : ""}`,
  },
  cloneTreeIn: {
    verb: "clone",
    text: (op, name) => `${op.path} in the mounts of ${name(op.ns)} to ${name(op.out)}`,
  },
  fsMount: {
    verb: "make",
    text: (op) => {
      const attributes = attributeWords(op.attributes);
      return `a ${op.fstype}${listed([...op.options, ...(attributes === "" ? [] : [attributes])])}`;
    },
  },
  overlay: {
    verb: "overlay",
    text: (op) =>
      `${plural(op.lower.length, "layer")}${op.upper === "" ? "" : " + a writable one"} → ${op.mountpoint} in ${op.folder}`,
  },
  setTree: {
    verb: "set",
    text: (op, name) =>
      [`${name(op.tree)}${op.recursive ? " and below" : ""} to`, ...changeWords(op)].join(" "),
  },
  remount: {
    verb: "remount",
    text: (op, name) =>
      `${below(name(op.root), op.path)}${op.recursive ? " and below" : ""}${listed([...op.options, ...changeWords(op)])}`,
  },
  copyUp: {
    verb: "copy",
    text: (op, name) =>
      `${op.what === "mode" ? "the mode of" : "what is in"} ${below(name(op.root), op.path)} to ${name(op.tree)}`,
  },
  setPropagation: { verb: "make", text: (op) => `every mount ${propagationWords(op.propagation)}` },
  attach: { verb: "attach", text: (op, name) => `${name(op.tree)} to ${below(name(op.root), op.path)}` },
  ensureMountpoint: {
    verb: "ensure",
    text: (op, name) => `the ${op.directory ? "folder" : "file"} ${below(name(op.root), op.path)}`,
  },
  makeDirectory: {
    verb: "make",
    text: (op, name) =>
      `the folder ${below(name(op.root), op.path)} ${octal(op.mode)}${owner(op.uid, op.gid)}`,
  },
  makeFile: {
    verb: "make",
    text: (op, name) =>
      `the file ${below(name(op.root), op.path)} ${octal(op.mode)}, ${plural(op.data.length, "byte")}`,
  },
  makeNode: {
    verb: "make",
    text: (op, name) =>
      `the node ${below(name(op.root), op.path)} ${op.major}:${op.minor} ${octal(op.mode)}${owner(op.uid, op.gid)}`,
  },
  makeLink: { verb: "link", text: (op, name) => `${below(name(op.root), op.path)} → ${op.target}` },
  mask: { verb: "mask", text: (op, name) => below(name(op.root), op.path) },
  readonlyPath: { verb: "make read-only", text: (op, name) => below(name(op.root), op.path) },
  pivot: { verb: "pivot", text: (op, name) => `into ${name(op.root)}, detach the host's root` },
  chroot: { verb: "enter", text: (op, name) => `${name(op.root)} as its root` },
  writeProc: {
    verb: "write",
    text: (op, name) => `${shellWord(shortened(op.data.trim(), 40))} to ${below(name(op.proc), op.path)}`,
  },
  clone: {
    verb: "clone",
    text: (op, name) =>
      `with new ${namespaceWords(op.flags)} namespaces${op.cgroup === undefined ? "" : `, into ${name(op.cgroup)}`}`,
  },
  joinNamespace: {
    verb: "join",
    text: (op, name) => `the ${namespaceWords(op.type)} namespace ${name(op.ns)}`,
  },
  unshare: { verb: "unshare", text: (op) => `the ${namespaceWords(op.flags)} namespace` },
  mapIds: {
    verb: "map",
    text: (op) =>
      `users ${ranges(op.uidMap)}, groups ${ranges(op.gidMap)}${op.denySetgroups ? ", deny setgroups" : ""}`,
  },
  enterUserNamespace: {
    verb: "enter",
    text: (op, name) => {
      if (op.users !== undefined) return `the user namespace ${name(op.users)}`;
      const mappers = [op.uidMapper, op.gidMapper].flatMap(([program]) => program ?? []);
      const by = mappers.length === 0 ? "" : `, mapped by ${mappers.join(" and ")}`;
      return `a new user namespace: users ${ranges(op.uidMap)}, groups ${ranges(op.gidMap)}${by}`;
    },
  },
  idMap: {
    verb: "map",
    text: (op, name) => {
      const as =
        op.users === undefined ? [op.uidMap, op.gidMap].map(ranges).join(", groups ") : name(op.users);
      return `owners of ${name(op.tree)}${op.recursive ? " and below" : ""}: ${as}`;
    },
  },
  release: { verb: "release", text: (op) => `the other side at point ${op.point}` },
  await: { verb: "await", text: (op) => `point ${op.point}` },
  makeCgroup: {
    verb: "make",
    text: (op) => `the cgroup ${op.hierarchy}${op.path}${op.controllers ? ` with ${op.controllers}` : ""}`,
  },
  openCgroup: { verb: "open", text: (op) => `the cgroup ${op.hierarchy}${op.path}` },
  writeCgroup: {
    verb: "write",
    text: (op, name) => `${shellWord(op.value)} to ${op.file} of ${name(op.cgroup)}`,
  },
  writeCgroupFirst: {
    verb: "write",
    text: (op, name) =>
      `${op.files.map((file, at) => `${shellWord(op.values[at] ?? "")} to ${file}`).join(" or ")} of ${name(op.cgroup)}`,
  },
  joinCgroup: {
    verb: "move",
    text: (op, name) => `${op.who === "child" ? "the container" : "itself"} into ${name(op.cgroup)}`,
  },
  deviceFilter: {
    verb: "attach",
    text: (op, name) =>
      `a device filter of ${plural(op.program.length / 8, "instruction")} to ${name(op.cgroup)}`,
  },
  replaceDeviceFilter: {
    verb: "replace",
    text: (op, name) =>
      `the device filter of ${name(op.cgroup)} by one of ${plural(op.program.length / 8, "instruction")}`,
  },
  ownCgroup: { verb: "give", text: (op, name) => `${name(op.cgroup)} to user ${op.uid}` },
  killCgroup: { verb: "kill", text: (op, name) => `everything in ${name(op.cgroup)}` },
  removeCgroup: { verb: "remove", text: (op) => `the cgroup ${op.hierarchy}${op.path}` },
  netlink: { verb: "", text: (op) => op.what },
  nameSockets: { verb: "listen", text: ({ port }) => `on 127.0.0.11:${port} for DNS queries` },
  netlinkIn: { verb: "", text: (op, name) => `${op.what}, in the network ${name(op.ns)}` },
  networkParameter: { verb: "write", text: (op) => `${op.data} to /proc/sys/net/${op.path}` },
  networkParameterIn: {
    verb: "write",
    text: (op, name) => `${op.data} to /proc/sys/net/${op.path}, in the network ${name(op.ns)}`,
  },
  hostname: { verb: "name", text: (op) => `the host ${shellWord(op.name)}` },
  domainname: { verb: "name", text: (op) => `the domain ${shellWord(op.name)}` },
  rlimit: {
    verb: "limit",
    text: (op) => `${resourceWord(op.resource)} to ${limitWord(op.soft)}, at most ${limitWord(op.hard)}`,
  },
  keyring: { verb: "join", text: (op) => `a session keyring of its own, ${op.name}` },
  umask: { verb: "set", text: (op) => `the umask to ${octal(op.mask)}` },
  workingDirectory: {
    verb: "enter",
    text: (op) =>
      `${op.path}${op.create ? ", made if missing" : ""}${op.optional ? ", or later as its user" : ""}`,
  },
  terminal: {
    verb: "open",
    text: (op, name) =>
      `a terminal of ${name(op.dev)}${op.rows > 0 ? `, ${op.columns}×${op.rows}` : ""}, its master to the monitor`,
  },
  console: { verb: "attach", text: (op, name) => `the terminal to ${below(name(op.dev), "console")}` },
  pipes: {
    verb: "make",
    text: (op) => `pipes for ${op.stdin ? "input, output and errors" : "output and errors"}`,
  },
  inheritStdio: { verb: "keep", text: () => "the caller's standard streams" },
  stdio: {
    verb: "put",
    text: (op) =>
      `the ${op.terminal ? "terminal" : "streams"} on 0, 1 and 2${op.uid === 0 ? "" : `, for user ${op.uid}`}`,
  },
  session: {
    verb: "begin",
    text: (op) => `a session${op.terminal ? " with the terminal as its controlling one" : ""}`,
  },
  scheduler: { verb: "schedule", text: schedulerWords },
  ioPriority: { verb: "set", text: (op) => `its I/O priority to ${ioPriorityWord(op.priority)}` },
  cpuAffinity: { verb: "run", text: (op) => `on processors ${listWord(op.cpus)}` },
  personality: {
    verb: "run",
    text: (op) => `as ${op.domain === PER_LINUX32 ? "a 32-bit" : "the native"} machine`,
  },
  memoryPolicy: {
    verb: "take",
    text: (op) =>
      `memory by ${memoryPolicyWord(op.mode)}${op.nodes.length > 0 ? ` from nodes ${listWord(op.nodes)}` : ""}`,
  },
  hook: {
    verb: "call",
    text: (op) =>
      `the ${op.phase} hook ${shortened([op.path, ...op.argv.slice(1)].map(shellWord).join(" "))}${op.timeout === undefined ? "" : `, at most ${op.timeout / 1000} s`}`,
  },
  claim: { verb: "claim", text: (op) => `the hooks that follow, by ${op.path}` },
  passDescriptors: {
    verb: "keep",
    text: (op) => `the caller's ${op.count === 1 ? "descriptor 3" : `descriptors 3 to ${2 + op.count}`}`,
  },
  openProcess: { verb: "open", text: (op) => `process ${op.pid}` },
  noNewPrivileges: { verb: "renounce", text: () => "new privileges for ever" },
  boundingSet: {
    verb: "bound",
    text: (op) =>
      `capabilities: drop ${capabilitiesKnown - capabilityCount(op.keep)} of ${capabilitiesKnown}, keep ${capabilityWords(op.keep)}`,
  },
  keepCapabilities: {
    verb: "keep",
    text: (op) => `capabilities over a change of user: ${op.on ? "yes" : "no longer"}`,
  },
  groups: {
    verb: "set",
    text: (op) =>
      `supplementary groups to ${op.gids.length === 0 ? "none" : op.gids.join(", ")}${op.denied === true ? ", if anybody may here" : ""}`,
  },
  user: { verb: "become", text: (op) => `user ${op.uid}, group ${op.gid}` },
  capabilities: {
    verb: "hold",
    text: (op) =>
      `capabilities ${capabilityWords(op.effective)}${op.permitted === op.effective ? "" : `, permitted ${capabilityWords(op.permitted)}`}${op.inheritable === 0n ? "" : `, inheritable ${capabilityWords(op.inheritable)}`}`,
  },
  ambient: { verb: "set", text: (op) => `ambient capabilities to ${capabilityWords(op.set)}` },
  dumpable: { verb: "allow", text: (op) => `others to look into this process: ${op.on ? "yes" : "no"}` },
  parentDeath: { verb: "ask", text: (op) => `for signal ${op.signal} when the monitor dies` },
  closeRange: { verb: "close", text: (op) => `every descriptor from ${op.from} on at exec` },
  seccomp: {
    verb: "load",
    text: (op) =>
      `a filter of ${plural(op.filter.length / INSTRUCTION_BYTES, "instruction")}, ${plural(allowedCalls(op.filter), "system call")} allowed`,
  },
  sendListener: { verb: "send", text: (op) => `the filter's listener to ${op.path}` },
  findProgram: { verb: "find", text: (op) => shortened(op.candidates.join(" or ")) },
  gate: {
    verb: "wait",
    text: (op, name) => `for the start${op.fifo === undefined ? "" : ` through ${name(op.fifo)}`}`,
  },
  reaper: { verb: "stay", text: () => "as pid 1: reap, forward signals" },
  exec: {
    verb: "execute",
    text: (op) => shortened([op.candidates[0] ?? "", ...op.argv.slice(1)].map(shellWord).join(" ")),
  },
  monitor: {
    verb: "stay",
    text: (op) => `as its monitor${op.log === "" ? ", without a log" : `, log ${op.log}`}`,
  },
};

const unnamed: SlotNames = (slot) => `slot ${slot}`;

/** `attach proc to rootfs:/proc`: verb and text. */
export function describe(op: Op, name: SlotNames = unnamed): string {
  const line = lines[op.kind] as Line<Kind>;
  const text = line.text(op as never, name);
  return line.verb === "" ? text : `${line.verb} ${text}`;
}

/** The same without its verb, for a table that has the operation's name beside it. */
export function subject(op: Op, name: SlotNames): string {
  return (lines[op.kind] as Line<Kind>).text(op as never, name);
}

/** What a mount is called once it is attached; undefined for other operations. */
export function attachedName(op: Op, name: SlotNames): string | undefined {
  return op.kind === "attach" ? below(name(op.root), op.path) : undefined;
}

/** What a slot is called after the operation that defined it. */
export function slotName(op: Op, name: SlotNames): string {
  switch (op.kind) {
    case "openPath":
      return op.path;
    case "openBeneath":
      return below(name(op.root), op.path);
    case "cloneTree":
      return op.root === undefined ? op.path : below(name(op.root), op.path);
    case "fsMount":
      return op.fstype;
    case "overlay":
      return "rootfs";
    case "makeCgroup":
    case "openCgroup":
      return `${op.hierarchy}${op.path}`;
    case "openProcess":
    case "clone":
      return "the container";
    default:
      return "nothing";
  }
}
