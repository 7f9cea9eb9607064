import { constants } from "node:os";
import { type Link, linkUp, makeWire } from "../kernel/netlink/link.ts";
import type { Message } from "../kernel/netlink/message.ts";
import { makeVlan } from "../kernel/netlink/upper.ts";
import { InroError } from "../oci/error.ts";
import type { IpvlanNetwork, MacvlanNetwork } from "./attachment.ts";
import { quieten } from "./bridge.ts";
import type { Executor } from "./lasting-executor.ts";
import { findLink, type Netlink, removeLink, route, wordsOf } from "./operations.ts";

export type Sharing = Pick<MacvlanNetwork | IpvlanNetwork, "name" | "parent" | "ownWire">;

const { EEXIST, EOPNOTSUPP } = constants.errno;
const because = "the network";

/** Docker's way to name a VLAN: `eth0.10` is the VLAN 10 of eth0. */
function vlanOf(name: string): { readonly base: string; readonly id: number } | undefined {
  const match = /^(.+)\.(\d{1,4})$/.exec(name);
  const id = Number(match?.[2]);
  return match?.[1] !== undefined && id > 0 && id < 4095 ? { base: match[1], id } : undefined;
}

/** The parent is there, or can be made. NO_SUCH_INTERFACE. */
export async function checkParent(executor: Executor, network: Sharing): Promise<void> {
  const { parent, ownWire } = network;
  if (ownWire || (await findLink(executor, parent)) !== undefined) return;
  const vlan = vlanOf(parent);
  if (vlan === undefined) throw missing(network, parent);
  if ((await findLink(executor, vlan.base)) === undefined) throw missing(network, vlan.base);
}

/**
 * The parent, made where it is missing and can be. What is ours is marked by our group, so that a VLAN which somebody else
 * has made is never taken away. NO_SUCH_INTERFACE, NETWORK_SETUP_FAILED.
 */
export async function ensureParent(executor: Executor, group: number, network: Sharing): Promise<Link> {
  const { parent } = network;
  const found = await findLink(executor, parent);
  if (found !== undefined) return found;
  const make = (kind: string, message: Message, what: string) =>
    build(executor, network, kind, route([message], { what, because, tolerate: EEXIST }));
  if (network.ownWire) {
    const end = `de-${parent.slice(3)}`;
    await make("veth", makeWire({ name: parent, end, group }), `make the wire ${parent}`);
    quieten(parent);
    quieten(end);
    await make("veth", linkUp(end), `bring ${end} up`);
  } else {
    const vlan = vlanOf(parent);
    const base = vlan === undefined ? undefined : await findLink(executor, vlan.base);
    if (vlan === undefined || base === undefined) throw missing(network, vlan?.base ?? parent);
    await make(
      "vlan",
      makeVlan({ name: parent, parent: base.index, id: vlan.id, group }),
      `make the VLAN ${parent}`,
    );
  }
  const made = await findLink(executor, parent);
  if (made === undefined) throw missing(network, parent);
  return made;
}

/** Takes away a parent that we made. */
export async function removeParent(executor: Executor, group: number, network: Sharing): Promise<void> {
  const found = await findLink(executor, network.parent);
  if (found?.group !== group) return;
  const { parent } = network;
  await build(executor, network, found.kind, removeLink(parent, because));
}

/** Carries out an operation about an interface of some kind; that the kernel knows none of the kind is said so. */
export async function build(
  executor: Executor,
  { name, parent }: Sharing,
  kind: string,
  op: Netlink,
): Promise<void> {
  const [record] = await executor.batch([op]);
  if (record?.errno === 0) return;
  const what = `cannot set up the network ${name} above ${parent}`;
  if (record?.errno === EOPNOTSUPP)
    throw new InroError("KERNEL_FEATURE_MISSING", {
      what,
      why: `this kernel has no interfaces of the kind ${kind} (CONFIG_${options[kind] ?? kind})`,
      hint: "boot a kernel that has them, or load the module, or use the driver bridge",
    });
  throw new InroError("NETWORK_SETUP_FAILED", { what, why: `cannot ${op.what}: ${wordsOf(record)}` });
}

/** What to look for in a kernel's configuration. */
const options: Readonly<Record<string, string>> = {
  macvlan: "MACVLAN",
  ipvlan: "IPVLAN",
  vlan: "VLAN_8021Q",
};

function missing({ name, parent }: Sharing, absent: string): InroError {
  return new InroError("NO_SUCH_INTERFACE", {
    what: `cannot make the network ${name} above ${parent}`,
    why: `the host has no interface ${absent}`,
    hint: "a VLAN is named by its interface and its number, such as eth0.10; both parts count",
    at: "--opt",
  });
}
