/** A supervisor of seccomp notifications, as a container engine's would be. */
import { join } from "node:path";
import type { SpecSeccomp } from "../../src/oci/runtime-spec.ts";
import { linesOf } from "../support/lines.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { canRun } from "./container.ts";
import { testProgram } from "./programs.ts";

const agentProgram = canRun ? testProgram("agent") : undefined;
export const canSupervise = agentProgram !== undefined;

/** A supervisor of notifications that fails every one of them with EXDEV, and the states that it was sent. */
export async function agent(connections = 1) {
  const room = temporaryFolder("agent");
  const socket = join(room.path, "agent.sock");
  const child = Bun.spawn([agentProgram as string, socket, String(connections)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines = linesOf(child.stdout);
  if ((await lines.next()).value !== "ready") throw new Error("the agent does not listen");
  return {
    socket,
    next: async () => JSON.parse((await lines.next()).value ?? "null"),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await child.exited;
      room[Symbol.dispose]();
    },
  };
}

/** A filter that asks whoever listens about new folders. */
export const notifying = (listenerPath: string, more: Partial<SpecSeccomp> = {}): SpecSeccomp => ({
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }],
  listenerPath,
  ...more,
});
