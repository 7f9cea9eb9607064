import { UPPER_PID_AT } from "../kernel/netlink/link.ts";
import { makeUpper, type Sharing, type Upper } from "../kernel/netlink/upper.ts";
import { InroError } from "../oci/error.ts";
import type { AttachmentRecord, IpvlanNetwork, MacvlanNetwork, Network } from "./attachment.ts";
import type { Base, Driver } from "./driver.ts";
import { configure, defaultRouteOps, insideIndex, newConnection } from "./fragment.ts";
import type { Executor } from "./lasting-executor.ts";
import { type Netlink, removeLink, route } from "./operations.ts";
import { build, checkParent, ensureParent, removeParent } from "./parent.ts";

type SharingNetwork = MacvlanNetwork | IpvlanNetwork;

export interface SharingDriverOptions {
  readonly executor: Executor;
  /** Marks what is ours. */
  readonly group: number;
  readonly networks: () => Iterable<Network>;
  readonly attached: () => Iterable<AttachmentRecord>;
}

/** What macvlan and ipvlan do differently. */
interface Manner<N extends SharingNetwork> {
  readonly sharing: (network: N) => Sharing;
  /** The containers' hardware address is the parent's: nobody can choose one. */
  readonly sharesAddress: (network: N) => boolean;
  /** One container has the parent for itself. */
  readonly isAlone: (network: N) => boolean;
  /** No neighbours: what leaves goes straight to the wire, past any gateway. */
  readonly isRouted: (network: N) => boolean;
}

const macvlan: Manner<MacvlanNetwork> = {
  sharing: ({ mode }) => ({ kind: "macvlan", mode }),
  sharesAddress: ({ mode }) => mode === "passthru",
  isAlone: ({ mode }) => mode === "passthru",
  isRouted: () => false,
};

const ipvlan: Manner<IpvlanNetwork> = {
  sharing: ({ mode, flag }) => ({ kind: "ipvlan", mode, flag }),
  sharesAddress: () => true,
  isAlone: () => false,
  isRouted: ({ mode }) => mode !== "l2",
};

export const macvlanDriver = (options: SharingDriverOptions) => sharingDriver(macvlan, options);
export const ipvlanDriver = (options: SharingDriverOptions) => sharingDriver(ipvlan, options);

/** A network is its parent, an interface of the host; a connection is an interface above that, in the container alone. */
function sharingDriver<N extends SharingNetwork>(manner: Manner<N>, o: SharingDriverOptions): Driver<N> {
  const { executor, group } = o;
  const made = new Map<string, N>();
  const siblings = (network: SharingNetwork) => [...o.networks()].filter((one) => isSibling(one, network));
  const remove = async (network: N) => {
    made.delete(network.name);
    if (siblings(network).length === 0) await removeParent(executor, group, network);
  };
  const upper = (network: N, base: Base, of: Pick<Upper, "name" | "index" | "mac">): Upper => ({
    ...{ ...of, group, parent: base.index, mtu: network.mtu },
    sharing: manner.sharing(network),
  });
  const attempt = (network: N, base: Base, mac: string | null) =>
    tryOut(executor, network, upper(network, base, { name: newConnection(), index: 0, mac }));
  return {
    checkFresh: async (network) => {
      const rival = siblings(network).find((other) => !agree(other, network));
      if (rival !== undefined) throw parentInUse(network, rival);
      await checkParent(executor, network);
    },
    ensure: async (network) => {
      const { index, mac } = await ensureParent(executor, group, network);
      made.set(network.name, network);
      return { index, mac };
    },
    prove: (network, base) => attempt(network, base, null),
    remove,
    removeAll: async () => {
      for (const network of made.values()) await removeParent(executor, group, network);
      made.clear();
    },
    endsAtHost: false,
    hardwareAddress: (network, asked, base) => {
      if (!manner.sharesAddress(network)) return asked;
      if (asked === null) return base.mac;
      throw new InroError("INVALID_OPTION", {
        what: `cannot connect the container with the network "${network.name}"`,
        why: `its containers have the hardware address of ${network.parent}, and no other`,
        at: "--mac-address",
      });
    },
    prepare: async (network, { attachment, chosen }, base) => {
      const alone = manner.isAlone(network);
      const other = [...o.attached()].find((one) => one.network === network.name && one.id !== attachment.id);
      if (alone && other !== undefined) throw onlyOne(network, other);
      const mac = manner.sharesAddress(network) ? null : attachment.mac;
      if (alone || (chosen && mac !== null)) await patiently(() => attempt(network, base, mac));
      return [];
    },
    publish: async ({ name }) => {
      throw new InroError("INVALID_OPTION", {
        what: "cannot publish ports",
        why: `containers of the network "${name}" are on the wire themselves, past the host's ports`,
        at: "-p",
      });
    },
    open: () => [],
    connection: (network, attachment, base) => ({
      host: [],
      map: [share(network, attachment, upper(network, base, place(manner, network, attachment)))],
      build: configure(attachment, manner.isRouted(network)),
      undo: [],
    }),
    lead: (network, attachment) => ({
      map: [],
      build: defaultRouteOps(attachment, manner.isRouted(network)),
    }),
  };
}

const place = <N extends SharingNetwork>(
  manner: Manner<N>,
  network: N,
  { inside, mac }: AttachmentRecord,
) => ({
  name: inside,
  index: insideIndex(inside),
  mac: manner.sharesAddress(network) ? null : mac,
});

const share = (network: SharingNetwork, { inside }: AttachmentRecord, upper: Upper): Netlink => ({
  ...route([makeUpper(upper, "child")], {
    what: `${inside} above ${network.parent}, ${Object.values(upper.sharing).join(" ")}`,
    because: `--network ${network.name}`,
  }),
  childPidAt: UPPER_PID_AT,
});

/** Another network with the same parent. */
const isSibling = (one: Network, network: SharingNetwork): one is SharingNetwork =>
  one.driver !== "bridge" && one.parent === network.parent && one.name !== network.name;

/** The kernel has one kind of sharing above a parent, one mode of ipvlan, and with passthru one interface. */
function agree(one: SharingNetwork, two: SharingNetwork): boolean {
  if (one.driver === "macvlan") return two.driver === "macvlan" && ![one.mode, two.mode].includes("passthru");
  return two.driver === "ipvlan" && one.mode === two.mode && one.flag === two.flag;
}

/** Makes an interface as a container would get and removes it. KERNEL_FEATURE_MISSING, NETWORK_SETUP_FAILED. */
async function tryOut(executor: Executor, network: SharingNetwork, upper: Upper): Promise<void> {
  const { kind } = upper.sharing;
  const about = {
    what: `make an interface of the kind ${kind} above ${network.parent}`,
    because: "the network",
  };
  await build(executor, network, kind, route([makeUpper(upper, "here")], about));
  await build(executor, network, kind, removeLink(upper.name, about.because));
}

const PATIENCE_MS = 2000;
const PAUSE_MS = 5;

/** What an ended container had lives on with its network namespace for some milliseconds: its hardware address is busy. */
async function patiently(attempt: () => Promise<void>): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const failure = await attempt().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) return;
    const isBusy = failure instanceof InroError && failure.code === "NETWORK_SETUP_FAILED";
    if (!isBusy || performance.now() > until) throw failure;
    await new Promise((resume) => setTimeout(resume, PAUSE_MS));
  }
}

function parentInUse(network: SharingNetwork, rival: SharingNetwork): InroError {
  return new InroError("PARENT_IN_USE", {
    what: `cannot make the network ${network.name} above ${network.parent}`,
    why: `the network "${rival.name}" is above it, and the two cannot share it (${modes(network)} and ${modes(rival)})`,
    hint: "use another parent, a VLAN of this one for example",
    at: "--opt",
  });
}

const modes = (network: SharingNetwork) => `${network.driver} ${network.mode}`;

function onlyOne(network: SharingNetwork, other: AttachmentRecord): InroError {
  return new InroError("PARENT_IN_USE", {
    what: `cannot connect the container with the network "${network.name}"`,
    why: `in the mode passthru one container has ${network.parent} for itself, and "${other.name}" has it`,
  });
}
