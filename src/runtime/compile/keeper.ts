import type { Hierarchy } from "../../kernel/cgroup/hierarchies.ts";
import type { Op } from "../../kernel/plan/operations.ts";
import type { JoinedCgroups } from "./cgroups.ts";
import type { CompileInput, Draft } from "./context.ts";
import { hookOps, subjectOf } from "./hooks.ts";

/** Who stays with the container, and what its standard streams are. */
export function compileKeeper(draft: Draft, input: CompileInput, cgroups: JoinedCgroups): void {
  const { keeper, spec } = input;
  const { host } = draft.plan;
  const because = input.becauseOf("/process/terminal");
  if (keeper.kind === "caller") {
    if (spec.process?.terminal !== true) host.push({ kind: "inheritStdio", because });
    compilePassed(draft, keeper.descriptors);
    return;
  }
  host.push({
    kind: "monitor",
    folder: keeper.folder,
    socketFolder: keeper.socketFolder,
    log: keeper.log?.path ?? "",
    maxSize: BigInt(keeper.log?.maxSize ?? 0),
    maxFiles: keeper.log?.maxFiles ?? 0,
    journal: keeper.log?.journal ?? "",
    exitFile: keeper.exitFile,
    stdinOnce: keeper.stdinOnce,
    ...(cgroups.memory === undefined ? {} : { memory: cgroups.memory }),
    because: "default",
  });
  if (spec.process?.terminal !== true) host.push({ kind: "pipes", stdin: keeper.openStdin, because });
}

/** The caller's descriptors behind its standard streams. */
export function compilePassed({ plan }: Draft, count: number): void {
  if (count > 0) plan.host.push({ kind: "passDescriptors", count, because: "--preserve-fds" });
}

/** What the monitor takes away after the container's end, whether or not the engine still lives. */
export function compileUndo(draft: Draft, input: CompileInput, cgroups: JoinedCgroups): void {
  const because = input.becauseOf("/linux/cgroupsPath");
  for (const { mount } of killersFirst([...cgroups.slots.keys()])) {
    draft.plan.undo.push({ kind: "removeCgroup", hierarchy: mount, path: input.cgroupPath, because });
  }
  for (const fragment of input.fragments) draft.plan.undo.push(...fragment.undo);
  draft.plan.undo.push(...stopHooks(input));
}

/** A monitor's container has nobody else who would call them. */
function stopHooks(input: CompileInput): Op[] {
  const hooks = hookOps("poststop", subjectOf(input));
  const [first] = hooks;
  if (input.keeper.kind === "monitor" || first === undefined) return hooks;
  const { claim } = input.keeper;
  return claim === undefined ? [] : [{ kind: "claim", path: claim, because: first.because }, ...hooks];
}

/** Where everything can be killed at once, or while it stands still, that is done before anything else is removed. */
const killersFirst = (hierarchies: readonly Hierarchy[]): Hierarchy[] => {
  const kills = ({ version, controllers }: Hierarchy) => version === 2 || controllers.includes("freezer");
  return [...hierarchies.filter(kills), ...hierarchies.filter((one) => !kills(one))];
};
