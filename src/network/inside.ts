import type { PlanFragment } from "../kernel/plan/fragment.ts";
import type { Op, OpOf } from "../kernel/plan/operations.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { InroError } from "../oci/error.ts";
import type { AttachmentRecord } from "./attachment.ts";
import type { ExecutorProcess } from "./lasting-executor.ts";
import { failureOf } from "./operations.ts";

const NETWORK = 0;

/** For a container that runs: `map` on the host, `build` inside. Answers their records. In an executor of its own, which holds the container's network only for that moment. */
export async function executeIn(
  { openExecutor }: { readonly openExecutor: () => ExecutorProcess },
  pid: number,
  { network, name }: AttachmentRecord,
  { map, build }: Pick<PlanFragment, "map" | "build">,
): Promise<readonly OpRecord[]> {
  const executor = openExecutor();
  const path = `/proc/${pid}/ns/net`;
  const open: Op = { kind: "openPath", out: NETWORK, path, use: "read", because: "network connect" };
  try {
    const all: Op[] = [open, ...map.map((op) => withPid(op, pid)), ...build.map(inside)];
    const records = await executor.batch(all);
    const failure = failureOf(all, records);
    if (failure === undefined) return records.slice(1);
    throw new InroError("NETWORK_SETUP_FAILED", {
      what: `cannot connect the container "${name}" with the network "${network}"`,
      why: failure,
    });
  } finally {
    await executor.close();
  }
}

function withPid(op: Op, pid: number): Op {
  if (op.kind !== "netlink" || op.childPidAt === undefined) return op;
  const { childPidAt, ...rest } = op;
  const messages = op.messages.slice();
  new DataView(messages.buffer).setUint32(childPidAt, pid, true);
  return { ...rest, messages };
}

function inside(op: Op): OpOf<"netlinkIn"> | OpOf<"networkParameterIn"> {
  if (op.kind === "networkParameter") return { ...op, kind: "networkParameterIn", ns: NETWORK };
  if (op.kind !== "netlink") throw new Error(`a connection does not ${op.kind}`);
  const { childPidAt: _, ...rest } = op;
  return { ...rest, kind: "netlinkIn", ns: NETWORK };
}
