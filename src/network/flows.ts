import { networkInterfaces } from "node:os";
import { decodeFlow, deleteFlow, type Flow, getFlows } from "../kernel/netlink/conntrack.ts";
import { decodeMessages, encodeMessages, type Message } from "../kernel/netlink/message.ts";
import type { OpOf } from "../kernel/plan/operations.ts";
import { addressBytes, addressFamilies } from "../oci/address.ts";
import { type PortBinding, singles } from "../oci/port.ts";
import type { Executor } from "./lasting-executor.ts";

const ENOENT = 2;

/** So many ports are asked for one by one; for more the kernel tells all UDP flows. */
const FEW = 8;

/**
 * Lets the kernel forget UDP flows to ports that are opened or closed: it translates by the rules of a flow's first
 * datagram, and a client that keeps its own port would go on talking to what was there before.
 */
export async function forgetFlows(executor: Executor, ports: readonly PortBinding[]): Promise<void> {
  const udp = [...singles(ports)].filter(({ protocol }) => protocol === "udp");
  if (udp.length === 0) return;
  const asked = udp.length <= FEW ? udp.map(({ hostPort }) => hostPort) : [undefined];
  const answers = await executor.batch(
    Object.values(addressFamilies).flatMap((family) =>
      asked.map((port) => conntrack([getFlows(family, port)], "list UDP flows")),
    ),
  );
  const failed = answers.find(({ errno }) => errno !== 0);
  if (failed !== undefined) throw new Error(`cannot list UDP flows: errno ${failed.errno} ${failed.detail}`);
  const isOurs = toPorts(udp);
  const flows = answers.flatMap(({ data }) =>
    decodeMessages(data ?? new Uint8Array(0)).flatMap((reply) => decodeFlow(reply) ?? []),
  );
  const stale = flows.filter(isOurs).map((flow) => conntrack([deleteFlow(flow)], "forget a UDP flow"));
  if (stale.length > 0) await executor.batch(stale);
}

/** Flows to somebody else's address only pass through the host, whatever their port. */
function toPorts(udp: readonly PortBinding[]): (flow: Flow) => boolean {
  const all = Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []);
  const local = new Set(all.map((address) => key(addressBytes(address.replace(/%.*$/, "")))));
  const places = new Set(
    udp.flatMap(({ hostIp, hostPort }) => wheres(hostIp).map((at) => `${at} ${hostPort}`)),
  );
  return ({ destination, port }) => {
    const isLocal = (destination.length === 4 && destination[0] === 127) || local.has(key(destination));
    return (
      (isLocal && places.has(`${destination.length} ${port}`)) || places.has(`${key(destination)} ${port}`)
    );
  };
}

/** Every address of a family is told by its length in bytes. */
function wheres(hostIp: string): readonly (string | number)[] {
  if (hostIp === "") return [4, 16];
  if (hostIp.includes("%")) return [];
  const bytes = addressBytes(hostIp);
  return bytes.every((byte) => byte === 0) ? [bytes.length] : [key(bytes)];
}

const key = (address: Uint8Array) => address.join(".");

const conntrack = (messages: readonly Message[], what: string): OpOf<"netlink"> => ({
  kind: "netlink",
  family: "netfilter",
  messages: encodeMessages(messages),
  tolerate: ENOENT,
  what,
  because: "-p",
});
