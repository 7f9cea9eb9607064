import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { ipv4Bytes } from "../kernel/netlink/address.ts";
import { decodeFlow, deleteFlow, type Flow, getFlows } from "../kernel/netlink/conntrack.ts";
import { decodeMessages, encodeMessages, type Message } from "../kernel/netlink/message.ts";
import type { OpOf } from "../kernel/plan/operations.ts";
import { type PortBinding, singles } from "../oci/port.ts";
import { isEveryAddress } from "./firewall.ts";
import type { Executor } from "./lasting-executor.ts";

const ENOENT = 2;
const IPV4 = 2;

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
    asked.map((port) => conntrack([getFlows(IPV4, port)], "list UDP flows")),
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
  const own = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
  const local = new Set(own.filter(isIPv4).map((address) => key(ipv4Bytes(address))));
  const everywhere = new Set(
    udp.filter(({ hostIp }) => isEveryAddress(hostIp)).map(({ hostPort }) => hostPort),
  );
  const somewhere = new Set(
    udp
      .filter(({ hostIp }) => isIPv4(hostIp))
      .map(({ hostIp, hostPort }) => `${key(ipv4Bytes(hostIp))} ${hostPort}`),
  );
  return ({ destination, port }) =>
    (everywhere.has(port) && (destination[0] === 127 || local.has(key(destination)))) ||
    somewhere.has(`${key(destination)} ${port}`);
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
