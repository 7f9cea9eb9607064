import type { PlanFragment } from "../kernel/plan/fragment.ts";
import type { Op, OpOf } from "../kernel/plan/operations.ts";
import { InroError } from "../oci/error.ts";
import type { Attachment, AttachmentRecord } from "./attachment.ts";
import { disconnect, type State } from "./connect.ts";

const NETWORK = 0;

/** The operations of a connection's fragment, for a container that runs. */
export async function join(state: State, attachment: Attachment, pid: number): Promise<void> {
  try {
    await executeIn(state, pid, attachment, attachment.fragment);
  } catch (error) {
    await disconnect(state, attachment, { now: true });
    throw error;
  }
}

/** The default route, which went with the interface that it led through, and published ports, which are reserved already. */
export async function leadThrough(
  state: State,
  attachment: AttachmentRecord,
  ports: AttachmentRecord["ports"],
  pid: number,
): Promise<AttachmentRecord> {
  const network = state.network(attachment.network);
  if (network.internal) return { ...attachment, ports };
  const led = { ...attachment, ports, gateway: network.gateway };
  await executeIn(state, pid, led, state.driverOf(network).lead(network, led));
  state.attached.set(led.hostInterface, led);
  return led;
}

/** In an executor of its own, which holds the container's network only for that moment. */
async function executeIn(
  { openExecutor }: State,
  pid: number,
  { network, name }: AttachmentRecord,
  { map, build }: Pick<PlanFragment, "map" | "build">,
): Promise<void> {
  const executor = openExecutor();
  const path = `/proc/${pid}/ns/net`;
  const open: Op = { kind: "openPath", out: NETWORK, path, use: "read", because: "network connect" };
  try {
    const all = [open, ...map.map((op) => withPid(op, pid)), ...build.map(inside)];
    const records = await executor.batch(all);
    const wrong = records.find((record) => record.errno !== 0);
    if (wrong === undefined && records.length === all.length) return;
    const op = all[wrong?.index ?? 0];
    const what = op !== undefined && "what" in op ? op.what : `open ${path}`;
    throw new InroError("NETWORK_SETUP_FAILED", {
      what: `cannot connect the container "${name}" with the network "${network}"`,
      why: `cannot ${what}: errno ${wrong?.errno ?? 0} ${wrong?.detail ?? ""}`.trim(),
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

function inside(op: Op): OpOf<"netlinkIn"> {
  if (op.kind !== "netlink") throw new Error(`a connection does not ${op.kind}`);
  const { family, messages, tolerate, what, because } = op;
  return { kind: "netlinkIn", ns: NETWORK, family, messages, tolerate, what, because };
}
