import type { Link } from "../kernel/netlink/link.ts";
import type { PlanFragment } from "../kernel/plan/fragment.ts";
import type { Op } from "../kernel/plan/operations.ts";
import type { PortBinding, PortRequest } from "../oci/port.ts";
import type { AttachmentRecord, Network } from "./attachment.ts";

/** What a user says to a driver: Docker's options of a network, by their names. */
export interface Asked {
  /** The network's, like the id. */
  readonly name: string;
  readonly id: string;
  readonly internal: boolean;
  readonly options: Readonly<Record<string, string>>;
}

type Addresses = "name" | "blocks";

/** What a driver adds to a network's name and addresses. */
export type DriverOptions<N> = N extends Network ? Omit<N, Addresses> : never;

/** The interface of the host that a network's connections hang on. */
export type Base = Pick<Link, "index" | "mac">;

/** What networks of one kind are on the host, and what a container's connection with one is. */
export interface Driver<N extends Network> {
  /** Before it is made for the first time: nothing stands where it would be. INTERFACE_IN_USE, NO_SUCH_INTERFACE. */
  checkFresh(network: N): Promise<void>;
  /** Makes what is missing of it. NETWORK_SETUP_FAILED. */
  ensure(network: N): Promise<Base>;
  /** After it was made for the first time: connections with it can be made, or the kernel's refusal is told now. */
  prove(network: N, base: Base): Promise<void>;
  /** Of a network that no container is on. NETWORK_SETUP_FAILED. */
  remove(network: N): Promise<void>;
  /** Undoes all that ensure() made; the next ensure() makes it anew. */
  removeAll(): Promise<void>;
  /** Its connections have an end on the host. */
  readonly endsAtHost: boolean;
  /** Of a connection, where one is asked for; null: one that belongs to the connection's address. INVALID_OPTION. */
  hardwareAddress(network: N, asked: string | null, base: Base): string | null;
  /**
   * Before a connection is made: its place is free, and the host's ports that the container publishes are taken. Answers
   * the ports that can be. PORT_IN_USE, INVALID_OPTION, ADDRESS_IN_USE.
   */
  prepare(network: N, connection: Preparing, base: Base): Promise<readonly PortBinding[]>;
  /** Takes ports of the host for a connection that stands. PORT_IN_USE, INVALID_OPTION. */
  publish(
    network: N,
    attachment: AttachmentRecord,
    ports: readonly PortRequest[],
  ): Promise<readonly PortBinding[]>;
  /** The whole connection, for a plan. */
  connection(network: N, attachment: AttachmentRecord, base: Base): PlanFragment;
  /** Opens ports of a connection that stands: of those of the attachment, only these. */
  open(network: N, attachment: AttachmentRecord, ports: readonly PortBinding[]): readonly Op[];
  /** The default route through the network and the published ports, for a connection that stands without. */
  lead(network: N, attachment: AttachmentRecord): Pick<PlanFragment, "map" | "build">;
}

export interface Preparing {
  readonly attachment: AttachmentRecord;
  /** Empty unless the default route leads through this network. */
  readonly ports: readonly PortRequest[];
  /** Somebody had this very address, by IPv4 or hardware, just before perhaps: it was asked for. */
  readonly chosen: boolean;
}
