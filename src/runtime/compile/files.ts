import type { Slot } from "../../kernel/plan/field.ts";
import { compileCgroupMount } from "./cgroup-mount.ts";
import { type JoinedCgroups, waitsForLimits } from "./cgroups.ts";
import { CLONE, type CompileInput, type Draft, POINT } from "./context.ts";
import { compileDev, compileOtherNodes } from "./dev.ts";
import { compileMount, type PlannedMount, planMounts, targetOf } from "./mounts.ts";
import type { Namespaces } from "./namespaces.ts";
import { compilePaths } from "./paths.ts";
import { compileProcWrites } from "./proc.ts";
import { compileRoot, finishRoot } from "./root.ts";

/** What a container sees as its file system. The order of this function is the order in the plan. */
export function compileFiles(
  draft: Draft,
  input: CompileInput,
  cgroups: JoinedCgroups,
  namespaces: Namespaces,
): void {
  const root = compileRoot(draft, input);
  const mounts = planMounts(input);
  const late = cgroupMounts(mounts);
  const slots = mountAll(
    draft,
    input,
    mounts.filter((mount) => !late.includes(mount)),
    root,
  );
  compileOtherNodes(draft, input, root);
  compileFragments(draft, input);
  compileProcWrites(draft, input, slots.proc);
  enterCgroups(draft, input, cgroups, namespaces);
  for (const planned of late) {
    const to = targetOf(planned.path, root, slots.dev, true);
    if (isCgroup(planned)) {
      compileCgroupMount(draft, input, planned, to, cgroups, namespaces.own.has("cgroup"));
    } else compileMount(draft, input, planned, to);
  }
  compileTerminal(draft, input, root, slots.dev);
  ensureWorkingDirectory(draft, input, root);
  compilePaths(draft, input, root);
  finishRoot(draft, input, root);
  draft.plan.build.push({ kind: "pivot", root, because: input.becauseOf("/root") });
}

interface KnownSlots {
  readonly proc: Slot | undefined;
  readonly dev: Slot | undefined;
}

function mountAll(
  draft: Draft,
  input: CompileInput,
  mounts: readonly PlannedMount[],
  root: Slot,
): KnownSlots {
  let proc: Slot | undefined;
  let dev: Slot | undefined;
  const list = mounts.some(({ path }) => path === "dev") ? mounts : [defaultDev(), ...mounts];
  for (const planned of list) {
    const directory = input.sources.get(planned.index)?.directory ?? true;
    const to = targetOf(planned.path, root, dev, directory);
    if (planned.path === "dev" && !planned.options.bind) {
      dev = mountDev(draft, input, planned, root, list);
      continue;
    }
    const slot = compileMount(draft, input, planned, to);
    if (planned.path === "proc" && planned.mount.type === "proc") proc = slot;
    // A /dev of the caller's own is taken as it is: nothing is made in it.
    if (planned.path === "dev") dev = slot;
  }
  return { proc, dev };
}

function mountDev(
  draft: Draft,
  input: CompileInput,
  planned: PlannedMount,
  root: Slot,
  all: readonly PlannedMount[],
): Slot {
  const { because, options, mount } = planned;
  const dev = draft.newSlot();
  const fstype = mount.type ?? "tmpfs";
  const attributes = options.set | options.setRecursive;
  draft.plan.build.push(
    {
      kind: "fsMount",
      out: dev,
      fstype,
      source: mount.source ?? fstype,
      options: options.data,
      attributes,
      because,
    },
    { kind: "ensureMountpoint", root, path: "dev", directory: true, mode: 0o755, because },
  );
  compileDev(
    draft,
    input,
    dev,
    all.filter(({ path }) => path.startsWith("dev/")),
  );
  draft.plan.build.push({
    kind: "attach",
    tree: dev,
    root,
    path: "dev",
    destination: "real-directory",
    because,
  });
  draft.plan.build.push(...draft.boundNodes);
  return dev;
}

/** config-linux.md, "Default Devices", must be there even when a specification mounts no /dev. */
function defaultDev(): PlannedMount {
  return {
    index: -1,
    mount: { destination: "/dev", type: "tmpfs", source: "tmpfs" },
    options: {
      bind: false,
      recursive: false,
      set: 0x22, // nosuid, strictatime
      clear: 0,
      setRecursive: 0,
      clearRecursive: 0,
      propagation: undefined,
      copyUp: false,
      data: ["mode=755", "size=65536k"],
    },
    path: "dev",
    because: "default",
  };
}

const isCgroup = ({ mount }: PlannedMount): boolean => mount.type === "cgroup" || mount.type === "cgroup2";

/** Cgroups are mounted after every hierarchy is joined, with whatever the specification mounts on top of them. */
function cgroupMounts(mounts: readonly PlannedMount[]): readonly PlannedMount[] {
  const paths = mounts.filter((planned) => isCgroup(planned)).map(({ path }) => path);
  return mounts.filter(
    (planned) => isCgroup(planned) || paths.some((path) => planned.path.startsWith(`${path}/`)),
  );
}

function compileFragments(draft: Draft, { fragments }: CompileInput): void {
  if (!fragments.some(({ map, build }) => map.length + build.length > 0)) return;
  const because = fragments.flatMap(({ map, build }) => [...map, ...build])[0]?.because ?? "default";
  draft.plan.build.push({ kind: "await", point: POINT.connected, because });
  for (const { build } of fragments) draft.plan.build.push(...build);
}

/** KERNEL.md, "cgroups": the cgroup namespace is unshared only after every hierarchy is joined. */
function enterCgroups(
  draft: Draft,
  input: CompileInput,
  cgroups: JoinedCgroups,
  namespaces: Namespaces,
): void {
  const { build } = draft.plan;
  const because = input.becauseOf("/linux/cgroupsPath");
  if (waitsForLimits(draft)) build.push({ kind: "await", point: POINT.limited, because });
  if (!cgroups.joinsLater || !namespaces.own.has("cgroup")) return;
  build.push({ kind: "unshare", flags: CLONE.cgroup, because: namespaces.becauseOf("cgroup") });
}

function compileTerminal(draft: Draft, input: CompileInput, root: Slot, known: Slot | undefined): void {
  const { process } = input.spec;
  if (process?.terminal !== true) return;
  const because = input.becauseOf("/process/terminal");
  const dev = known ?? draft.newSlot();
  if (known === undefined) {
    draft.plan.build.push({ kind: "openBeneath", out: dev, root, path: "dev", use: "directory", because });
  }
  const { height = 0, width = 0 } = process.consoleSize ?? {};
  draft.plan.build.push(
    { kind: "terminal", dev, rows: height, columns: width, because },
    { kind: "console", dev, because },
  );
}

/** A working directory that the image lacks is made while the root can still be written to. */
function ensureWorkingDirectory(draft: Draft, input: CompileInput, root: Slot): void {
  const path = (input.spec.process?.cwd ?? "/")
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/");
  if (path === "" || path.split("/").includes("..")) return;
  const because = input.becauseOf("/process/cwd");
  draft.plan.build.push({ kind: "ensureMountpoint", root, path, directory: true, mode: 0o755, because });
}
