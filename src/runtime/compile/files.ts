import type { Slot } from "../../kernel/plan/field.ts";
import { type JoinedCgroups, waitsForLimits } from "./cgroups.ts";
import { CLONE, type CompileInput, type Draft, POINT } from "./context.ts";
import { compileOtherNodes } from "./dev.ts";
import { compileCreateHooks } from "./hooks.ts";
import { planMounts } from "./mounts.ts";
import type { Namespaces } from "./namespaces.ts";
import { compilePaths } from "./paths.ts";
import { finishDev, isCgroup, place, type Scene, withDev } from "./place.ts";
import { compileProcWrites } from "./proc.ts";
import { terminalOp } from "./process.ts";
import { compileRoot, finishRoot, spreadRoot } from "./root.ts";
import { openSharedRoot, sharesMounts } from "./shared-mounts.ts";

/** What a container sees as its file system. The order of this function is the order in the plan. */
export function compileFiles(
  draft: Draft,
  input: CompileInput,
  cgroups: JoinedCgroups,
  namespaces: Namespaces,
): void {
  if (sharesMounts(input.spec)) {
    compileSharedFiles(draft, input, cgroups, namespaces);
    return;
  }
  const root = compileRoot(draft, input);
  const mounts = withDev(planMounts(input));
  // config.md, "Mounts": in the listed order; cgroups are mounted after every hierarchy is joined.
  const first = mounts.findIndex(isCgroup);
  const early = first < 0 ? mounts : mounts.slice(0, first);
  const scene: Scene = { draft, input, root, mounts, cgroups, namespaces, proc: undefined, dev: undefined };
  for (const planned of early) place(scene, planned);
  compileFragments(draft, input);
  compileProcWrites(draft, input, scene.proc);
  enterCgroups(draft, input, cgroups, namespaces);
  for (const planned of mounts.slice(early.length)) place(scene, planned);
  compileOtherNodes(draft, input, root);
  compileTerminal(draft, input, root, scene.dev?.slot);
  ensureWorkingDirectory(draft, input, root);
  compileCreateHooks(draft, input);
  compilePaths(draft, input, root);
  finishDev(scene);
  finishRoot(draft, input, root);
  draft.plan.build.push({ kind: "pivot", root, because: input.becauseOf("/root") });
  spreadRoot(draft, input, root);
}

/** In a mount namespace that is not its own the container has the files that are there. */
function compileSharedFiles(
  draft: Draft,
  input: CompileInput,
  cgroups: JoinedCgroups,
  namespaces: Namespaces,
): void {
  const root = openSharedRoot(draft, input);
  compileFragments(draft, input);
  compileProcWrites(draft, input, undefined);
  enterCgroups(draft, input, cgroups, namespaces);
  compileOtherNodes(draft, input, root);
  compileSharedTerminal(draft, input);
  ensureWorkingDirectory(draft, input, root);
  compileCreateHooks(draft, input);
  draft.plan.build.push({ kind: "chroot", root, because: input.becauseOf("/root") });
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
  draft.plan.build.push(terminalOp(dev, process, because), { kind: "console", dev, because });
}

/** Of the devpts that is mounted there; there is no /dev/console of the container's own to be one too. */
function compileSharedTerminal(draft: Draft, { spec: { process }, becauseOf }: CompileInput): void {
  if (process?.terminal !== true) return;
  const because = becauseOf("/process/terminal");
  const dev = draft.newSlot();
  draft.plan.build.push(
    { kind: "openPath", out: dev, path: "/dev", use: "directory", because },
    terminalOp(dev, process, because),
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
