import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { deleteLink, getLink, getLinks, linkUp, makeBridge, setMaster } from "../kernel/netlink/link.ts";
import { addAddress } from "../kernel/netlink/route.ts";
import { encodeBatch, encodeGetElement, encodeGetTable } from "../kernel/nftables/batch.ts";
import type { Op } from "../kernel/plan/operations.ts";
import type { OpRecord } from "../kernel/plan/record.ts";
import { type Family, familyOf, parseSubnet } from "../oci/address.ts";
import { InroError } from "../oci/error.ts";
import { macOf } from "./addresses.ts";
import { type AttachmentRecord, addressesOf, type BridgeNetwork, type Network } from "./attachment.ts";
import { tableChanges } from "./firewall.ts";
import type { Executor } from "./lasting-executor.ts";
import { adding, delistment, enlistment, uplinkChanges } from "./memberships.ts";
import { type About, failureOf, findLink, linksIn, netfilter, removeLink, route } from "./operations.ts";
import { publications } from "./publications.ts";
import { describeBinding, unpublish } from "./publishing.ts";

const { EEXIST, ENODEV, ENOENT } = constants.errno;

const about = (what: string, tolerate = 0): About => ({ what, tolerate, because: "the network" });

/** Makes what is missing of the bridge; answers its index. `index`: the one it should have, 0 for any. NETWORK_SETUP_FAILED. */
export async function makeBridgeInterface(
  executor: Executor,
  network: BridgeNetwork,
  index: number,
): Promise<number> {
  const { interface: name, blocks, mtu } = network;
  const bridge = { name, index, mac: bridgeMac(network), mtu };
  const records = await run(executor, network.interface, [
    route([makeBridge(bridge)], about(`make the bridge ${name}`, EEXIST)),
    route([getLink(name)], about(`find the bridge ${name}`)),
  ]);
  const link = linksIn(records[1])[0];
  if (link?.kind !== "bridge") throw failed(name, `an interface ${name} exists and is not a bridge`);
  if (has(network, 6)) prepareIpv6(name);
  else quieten(name);
  await run(executor, network.interface, [
    route([linkUp(link.index)], about(`bring ${name} up`)),
    ...blocks.map(({ gateway, subnet }) => {
      const { prefix } = parseSubnet(subnet);
      const message = addAddress({ index: link.index, address: gateway, prefix });
      return route([message], about(`give ${name} ${gateway}/${prefix}`, EEXIST));
    }),
  ]);
  return link.index;
}

/** Belongs to its first address. */
export const bridgeMac = ({ blocks }: BridgeNetwork): string => macOf(blocks[0]?.gateway ?? "");

/** Whether a network has addresses of a family. */
export const has = ({ blocks }: Pick<Network, "blocks">, family: Family): boolean =>
  blocks.some(({ gateway }) => familyOf(gateway) === family);

/**
 * The containers' side is not trusted: without IPv6 on the bridge no container can become the host's router by an
 * advertisement (CVE-2020-13401), nor reach the host's services past the rules of our IPv4 table.
 */
export function quieten(bridge: string): void {
  const path = ipv6Parameter(bridge, "disable_ipv6");
  if (existsSync(path)) writeFileSync(path, "1");
}

const ipv6Parameter = (name: string, parameter: string) => `/proc/sys/net/ipv6/conf/${name}/${parameter}`;

/**
 * The same where the bridge has IPv6: the host is the router there, and takes no other (CVE-2020-13401), nor what it says of
 * better ways. Its own addresses are nobody else's: nothing is waited for. NETWORK_SETUP_FAILED.
 */
function prepareIpv6(bridge: string): void {
  if (!existsSync(ipv6Parameter(bridge, "accept_ra"))) throw failed(bridge, "this kernel has no IPv6");
  const wanted = { accept_ra: "0", autoconf: "0", accept_redirects: "0", accept_dad: "0", disable_ipv6: "0" };
  for (const [name, value] of Object.entries(wanted)) writeFileSync(ipv6Parameter(bridge, name), value);
}

/** Puts our table, with the ports of the containers that run, in the place of whatever table of its name was there. */
export async function replaceTable(
  executor: Executor,
  table: string,
  networks: readonly BridgeNetwork[],
  uplinks: readonly string[],
  attachments: readonly AttachmentRecord[],
): Promise<void> {
  const published = attachments.flatMap((one) => [...publications(table, addressesOf(one), one.ports)]);
  const batch = encodeBatch([...tableChanges(table, networks, uplinks), ...adding(published)]);
  await run(executor, table, [netfilter(batch, about(`make the table ${table}`))]);
}

/** Tells the table's rules where the world is. */
export async function putUplinks(
  executor: Executor,
  table: string,
  uplinks: readonly string[],
): Promise<void> {
  const batch = encodeBatch(uplinkChanges(table, uplinks));
  await run(executor, table, [netfilter(batch, about(`tell the table ${table} of the default route`))]);
}

/** Lets the table's rules know of a network. */
export async function enlist(executor: Executor, table: string, network: BridgeNetwork): Promise<void> {
  const batch = encodeBatch(enlistment(table, network));
  await run(executor, network.interface, [netfilter(batch, about(`tell the table ${table} of the network`))]);
}

export async function removeTable(executor: Executor, table: string): Promise<void> {
  const gone = encodeBatch([
    { kind: "make-table", table },
    { kind: "delete-table", table },
  ]);
  await executor.batch([netfilter(gone, about(`remove the table ${table}`))]);
}

/** Takes a bridge away that no container is on. NETWORK_SETUP_FAILED. */
export async function removeBridge(executor: Executor, table: string, network: BridgeNetwork): Promise<void> {
  const { interface: name } = network;
  await run(executor, name, [
    route([deleteLink(name)], about(`remove the bridge ${name}`, ENODEV)),
    netfilter(
      encodeBatch(delistment(table, network)),
      about(`tell the table ${table} that it is gone`, ENOENT),
    ),
  ]);
}

/** Makes ports of the bridge of the containers that run, and removes those of containers that do not. */
export async function sweepPorts(
  executor: Executor,
  network: BridgeNetwork,
  bridge: number,
  attachments: readonly AttachmentRecord[],
): Promise<void> {
  const [answer] = await run(executor, network.interface, [
    route([getLinks(bridge)], about(`list the ports of ${network.interface}`)),
  ]);
  const present = linksIn(answer).filter((link) => link.master === bridge);
  const wanted = new Set(attachments.map((attachment) => attachment.hostInterface));
  const connected = new Set(present.map((link) => link.name));
  await run(executor, network.interface, [
    ...present
      .filter((link) => link.kind === "veth" && !wanted.has(link.name))
      .map((link) => route([deleteLink(link.name)], about(`remove ${link.name}`, ENODEV))),
    ...[...wanted]
      .filter((name) => !connected.has(name))
      .map((name) => route([setMaster(name, bridge)], about(`connect ${name}`, ENODEV))),
  ]);
}

/** What is still there: an administrator's `nft flush ruleset` takes ours along. */
export async function look(
  executor: Executor,
  table: string,
  name: string,
  index: number,
): Promise<{ readonly bridge: boolean; readonly table: boolean }> {
  const records = await executor.batch([
    route([getLink(name)], about(`find the bridge ${name}`, ENODEV)),
    netfilter(encodeGetTable(table), about(`find the table ${table}`, ENOENT)),
  ]);
  const link = linksIn(records[0])[0];
  return { bridge: link?.index === index && link.up, table: (records[1]?.data?.length ?? 0) > 0 };
}

/**
 * Closes ports of a container that has ended. Its monitor has done so, unless it was killed; looking first costs
 * microseconds, while a transaction that finds nothing to delete waits for the kernel's grace periods like one that does.
 * Of a row, which is opened and closed as one unless it was changed meanwhile, its first port is looked for.
 */
export async function closePorts(
  executor: Executor,
  table: string,
  { addresses, ports, changed }: Pick<AttachmentRecord, "addresses" | "ports" | "changed">,
): Promise<void> {
  const own = addressesOf({ addresses });
  if (changed && ports.length > 0) await executor.batch([unpublish(table, own, ports)]);
  if (changed) return;
  const firsts = ports.flatMap((port) => {
    const [element] = publications(table, own, [{ ...port, count: 1 }]);
    return element === undefined ? [] : [{ port, element }];
  });
  if (firsts.length === 0) return;
  const found = await executor.batch(
    firsts.map(({ port, element }) =>
      netfilter(encodeGetElement(element), about(`look for ${describeBinding(port)}`, ENOENT)),
    ),
  );
  const open = firsts.filter((_, index) => (found[index]?.data?.length ?? 0) > 0).map(({ port }) => port);
  if (open.length > 0) await executor.batch([unpublish(table, own, open)]);
}

/** Removes a container's interface if it is still there. */
export async function removeInterface(executor: Executor, name: string): Promise<void> {
  if ((await findLink(executor, name)) !== undefined) await executor.batch([removeLink(name, "--network")]);
}

async function run(executor: Executor, bridge: string, ops: readonly Op[]): Promise<readonly OpRecord[]> {
  if (ops.length === 0) return [];
  const records = await executor.batch(ops);
  const failure = failureOf(ops, records);
  if (failure !== undefined) throw failed(bridge, failure);
  return records;
}

function failed(bridge: string, why: string): InroError {
  return new InroError("NETWORK_SETUP_FAILED", {
    what: `cannot set up the network ${bridge}`,
    why,
    hint: "use --network host or none",
  });
}

/** R28: loopback addresses of the host may be translated to containers, on our bridge and nowhere else. */
export function enableLoopbackPublishing(bridge: string): void {
  const path = `/proc/sys/net/ipv4/conf/${bridge}/route_localnet`;
  if (readFileSync(path, "utf8").trim() !== "1") writeFileSync(path, "1");
}

/** Whether frames between a bridge's ports pass the rules for forwarded packets (br_netfilter). */
export function bridgesAreFiltered(families: readonly Family[]): boolean {
  return families
    .map((family) => `/proc/sys/net/bridge/bridge-nf-call-${family === 4 ? "iptables" : "ip6tables"}`)
    .some((path) => existsSync(path) && readFileSync(path, "utf8").trim() === "1");
}
