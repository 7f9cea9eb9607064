import { MOUNT_ATTR } from "../../kernel/mounts.ts";
import type { Slot } from "../../kernel/plan/field.ts";
import type { CompileInput, Draft } from "./context.ts";
import { hasUserNamespace } from "./dev.ts";
import { PROPAGATION } from "./propagation.ts";

/** Cuts the new mount namespace off from the host's, then mounts the container's root there; the root's slot. */
export function compileRoot(draft: Draft, input: CompileInput): Slot {
  const { rootfs, spec, becauseOf } = input;
  const wanted = spec.linux?.rootfsPropagation ?? "";
  const propagation = /slave|shared/.test(wanted) ? PROPAGATION.slave : PROPAGATION.private;
  draft.plan.build.push({ kind: "setPropagation", propagation, because: reason(input) });
  const out = draft.newSlot();
  const because = becauseOf("/root");
  if (rootfs.kind === "overlay") {
    const { folder, lower, upper, work, mountpoint } = rootfs;
    draft.plan.build.push({
      kind: "overlay",
      out,
      folder,
      lower,
      upper,
      work,
      mountpoint,
      options: hasUserNamespace(input) ? ["userxattr"] : [],
      because,
    });
    return out;
  }
  const place = draft.newSlot();
  const { host, build } = draft.plan;
  if (hasUserNamespace(input)) {
    // Its users may not be let into the folders above it, so the clone is made by the executor; any place will do for it.
    const change = { set: 0, clear: 0, propagation, recursive: true };
    host.push(
      { kind: "cloneTree", out, path: rootfs.path, recursive: true, because },
      { kind: "setTree", tree: out, ...change, because },
    );
    build.push({ kind: "openPath", out: place, path: "/", use: "directory", because });
  } else {
    build.push(
      { kind: "openPath", out: place, path: rootfs.path, use: "directory", because },
      { kind: "cloneTree", out, root: place, path: "", recursive: true, because },
    );
  }
  build.push({ kind: "attach", tree: out, root: place, path: "", destination: "in-root", because });
  return out;
}

/** After the last mount: what of the root's own mount the specification asks for. */
export function finishRoot(draft: Draft, { spec, becauseOf }: CompileInput, root: Slot): void {
  if (spec.root?.readonly !== true) return;
  const change = { set: MOUNT_ATTR.readOnly, clear: 0, propagation: 0, recursive: false };
  draft.plan.build.push({ kind: "setTree", tree: root, ...change, because: becauseOf("/root/readonly") });
}

/** pivot_root(2) takes no root that is shared, so it becomes so afterwards: a peer group of its own. */
export function spreadRoot(draft: Draft, input: CompileInput, root: Slot): void {
  const wanted = /shared|unbindable/.exec(input.spec.linux?.rootfsPropagation ?? "")?.[0];
  if (wanted === undefined) return;
  const propagation = PROPAGATION[wanted as "shared" | "unbindable"];
  const change = { set: 0, clear: 0, propagation, recursive: false };
  draft.plan.build.push({ kind: "setTree", tree: root, ...change, because: reason(input) });
}

const reason = ({ spec, becauseOf }: CompileInput): string =>
  spec.linux?.rootfsPropagation === undefined ? "default" : becauseOf("/linux/rootfsPropagation");
