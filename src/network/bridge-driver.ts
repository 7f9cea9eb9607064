import { familyOf } from "../oci/address.ts";
import { InroError } from "../oci/error.ts";
import { addressesOf, type BridgeNetwork } from "./attachment.ts";
import { bridgeMac, bridgesAreFiltered, enableLoopbackPublishing } from "./bridge.ts";
import type { Bridges } from "./bridges.ts";
import type { Driver } from "./driver.ts";
import type { Foreign } from "./foreign/foreign.ts";
import { bridgeFragment, defaultRouteOps, setHairpin } from "./fragment.ts";
import type { Executor } from "./lasting-executor.ts";
import { findLink } from "./operations.ts";
import { publish } from "./publishing.ts";
import type { Reservations } from "./reservation.ts";

export interface BridgeDriverOptions {
  readonly executor: Executor;
  readonly bridges: Bridges;
  readonly table: string;
  readonly foreign: Foreign;
  readonly ports: Reservations;
  /** The host's address that ports are published on where neither the user nor the network names one; empty: all. */
  readonly publishOn: string;
}

/** A network is a bridge and its places in our table; a connection is a veth pair with published ports. */
export function bridgeDriver(options: BridgeDriverOptions): Driver<BridgeNetwork> {
  const { executor, bridges, foreign, table, publishOn, ports: reserved } = options;
  const open: Driver<BridgeNetwork>["open"] = (network, attachment, ports) => {
    if (ports.length === 0) return [];
    enableLoopbackPublishing(network.interface);
    const hairpin = bridgesAreFiltered(addressesOf(attachment).map(familyOf)) ? [setHairpin(attachment)] : [];
    return [...hairpin, publish(table, addressesOf(attachment), ports)];
  };
  const take: Driver<BridgeNetwork>["publish"] = async (network, attachment, asked) => {
    const at = network.publishOn || publishOn;
    const wanted = asked.map((port) => ({ ...port, hostIp: port.hostIp || at }));
    const ports = await reserved.take(
      { container: attachment.name, addresses: addressesOf(attachment) },
      wanted,
    );
    if (ports.length > 0) enableLoopbackPublishing(network.interface);
    return ports;
  };
  return {
    ...bridges,
    ensure: async (network) => {
      const index = await bridges.ensure(network);
      await foreign.clear([network]);
      return { index, mac: bridgeMac(network) };
    },
    checkFresh: async (network) => {
      if ((await findLink(executor, network.interface)) !== undefined) throw interfaceTaken(network);
    },
    prove: async () => {},
    endsAtHost: true,
    hardwareAddress: (_, asked) => asked,
    publish: take,
    prepare: (network, { attachment, ports }) => take(network, attachment, ports),
    connection: (network, attachment, { index: bridge }) => {
      const bridgeFilters =
        attachment.ports.length > 0 && bridgesAreFiltered(addressesOf(attachment).map(familyOf));
      return bridgeFragment({ attachment, network, table, bridge, bridgeFilters });
    },
    open,
    lead: (network, attachment) => ({
      map: open(network, attachment, attachment.ports),
      build: defaultRouteOps(attachment),
    }),
  };
}

function interfaceTaken({ name, interface: taken }: BridgeNetwork): InroError {
  return new InroError("INTERFACE_IN_USE", {
    what: `cannot make the network ${name}`,
    why: `the host has an interface ${taken} already`,
    hint: "choose another com.docker.network.bridge.name",
    at: "--opt",
  });
}
