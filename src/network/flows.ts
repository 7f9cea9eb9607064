import { constants, networkInterfaces } from "node:os";
import { decodeFlow, deleteFlow, type Flow, getFlows } from "../kernel/netlink/conntrack.ts";
import { encodeMessages, type Message } from "../kernel/netlink/message.ts";
import { addressBytes, addressFamilies } from "../oci/address.ts";
import { type PortBinding, singles } from "../oci/port.ts";
import type { Executor } from "./lasting-executor.ts";
import { failureOf, type Netlink, netfilter, repliesIn } from "./operations.ts";

const { ENOENT } = constants.errno;

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
  const questions = Object.values(addressFamilies).flatMap((family) =>
    asked.map((port) => conntrack([getFlows(family, port)], "list UDP flows")),
  );
  const answers = await executor.batch(questions);
  const failure = failureOf(questions, answers);
  if (failure !== undefined) throw new Error(failure);
  const isOurs = toPorts(udp);
  const flows = answers.flatMap(repliesIn).flatMap((reply) => decodeFlow(reply) ?? []);
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

const conntrack = (messages: readonly Message[], what: string): Netlink =>
  netfilter(encodeMessages(messages), { what, because: "-p", tolerate: ENOENT });
