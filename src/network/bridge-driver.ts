import { InroError } from "../oci/error.ts";
import { macOf } from "./addresses.ts";
import type { BridgeNetwork } from "./attachment.ts";
import { bridgesAreFiltered, enableLoopbackPublishing, exists } from "./bridge.ts";
import type { Bridges } from "./bridges.ts";
import type { Driver } from "./driver.ts";
import { bridgeFragment, defaultRoute, publish, setHairpin } from "./fragment.ts";
import type { Executor } from "./lasting-executor.ts";
import type { Reservations } from "./reservation.ts";

export interface BridgeDriverOptions {
  readonly executor: Executor;
  readonly bridges: Bridges;
  readonly table: string;
  readonly ports: Reservations;
}

/** A network is a bridge and its places in our table; a connection is a veth pair with published ports. */
export function bridgeDriver(options: BridgeDriverOptions): Driver<BridgeNetwork> {
  const { executor, bridges, table, ports: reserved } = options;
  return {
    ...bridges,
    ensure: async (network) => ({ index: await bridges.ensure(network), mac: macOf(network.gateway) }),
    checkFresh: async (network) => {
      if (await exists(executor, network.interface)) throw interfaceTaken(network);
    },
    prove: async () => {},
    endsAtHost: true,
    hardwareAddress: (_, asked) => asked,
    prepare: async (network, { attachment, ports: asked }) => {
      const wanted = asked.map((port) => ({ ...port, hostIp: port.hostIp || network.publishOn }));
      const ports = await reserved.take(attachment.name, wanted);
      if (ports.length > 0) enableLoopbackPublishing(network.interface);
      return ports;
    },
    connection: (network, attachment, { index: bridge }) => {
      const bridgeFilters = attachment.ports.length > 0 && bridgesAreFiltered();
      return bridgeFragment({ attachment, network, table, bridge, bridgeFilters });
    },
    lead: (network, attachment) => {
      const { ports } = attachment;
      if (ports.length > 0) enableLoopbackPublishing(network.interface);
      const hairpin = ports.length > 0 && bridgesAreFiltered() ? [setHairpin(attachment)] : [];
      return { map: [...hairpin, ...publish(attachment, table)], build: [defaultRoute(attachment)] };
    },
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
