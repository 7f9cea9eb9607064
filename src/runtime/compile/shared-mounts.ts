import type { Slot } from "../../kernel/plan/field.ts";
import { InroError } from "../../oci/error.ts";
import type { RuntimeSpec } from "../../oci/runtime-spec.ts";
import type { CompileInput, Draft } from "./context.ts";

/** A mount namespace that is shared with the host, or joined: its mounts are others' too, and outlive the container. */
export const sharesMounts = ({ linux = {} }: RuntimeSpec): boolean =>
  !(linux.namespaces ?? []).some(({ type, path = "" }) => type === "mount" && path === "");

/** The root as a folder of that namespace, found after it was joined. What wants a mount is an error. */
export function openSharedRoot(draft: Draft, { spec, rootfs, becauseOf }: CompileInput): Slot {
  refuseMounts(spec);
  if (rootfs.kind !== "folder") throw new Error("layers cannot be mounted in a shared namespace");
  const out = draft.newSlot();
  const because = becauseOf("/root");
  draft.plan.build.push({ kind: "openPath", out, path: rootfs.path, use: "directory", because });
  return out;
}

/** As runc has it for what is masked; and ADR 4: nothing is mounted on the host. */
function refuseMounts({ root, mounts = [], linux = {} }: RuntimeSpec): void {
  const { maskedPaths = [], readonlyPaths = [], rootfsPropagation = "" } = linux;
  refuseIf(mounts.length > 0, "mount anything", "/mounts");
  refuseIf(maskedPaths.length > 0, "mask a path", "/linux/maskedPaths");
  refuseIf(readonlyPaths.length > 0, "make a path read-only", "/linux/readonlyPaths");
  refuseIf(root?.readonly === true, "make its root read-only", "/root/readonly");
  refuseIf(rootfsPropagation !== "", "change how its root propagates", "/linux/rootfsPropagation");
}

function refuseIf(asked: boolean, what: string, at: string): void {
  if (!asked) return;
  throw new InroError("SPEC_INVALID", {
    what: `cannot ${what} for the container`,
    why: "its mount namespace is not its own: others would see the mount, and it would stay",
    hint: "give it a mount namespace",
    at,
  });
}
