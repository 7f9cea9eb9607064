import type { PlanFragment } from "../kernel/plan/fragment.ts";
import type { AttachmentRecord, Network, PortBinding } from "./attachment.ts";

/** What a user says to a driver: Docker's options of a network, by their names. */
export interface Asked {
  /** The network's, like the id. */
  readonly name: string;
  readonly id: string;
  readonly options: Readonly<Record<string, string>>;
}

type Addresses = "name" | "subnet" | "gateway" | "range" | "reserved" | "internal";

/** What a driver adds to a network's name and addresses. */
export type DriverOptions<N> = N extends Network ? Omit<N, Addresses> : never;

/** What networks of one kind are on the host, and what a container's connection with one is. */
export interface Driver<N extends Network> {
  /** Before it is made for the first time: nothing of the host stands where it would be. INTERFACE_IN_USE. */
  checkFresh(network: N): Promise<void>;
  /** Makes what is missing of it; answers the index of the interface that connections hang on. NETWORK_SETUP_FAILED. */
  ensure(network: N): Promise<number>;
  /** Of a network that no container is on. NETWORK_SETUP_FAILED. */
  remove(network: N): Promise<void>;
  /** Undoes all that ensure() made; the next ensure() makes it anew. */
  removeAll(): Promise<void>;
  /** A name of the host's end of a connection that no other has had. */
  newHostInterface(): string;
  /** Takes host ports for a container whose default route leads through the network. PORT_IN_USE, INVALID_OPTION. */
  publish(network: N, container: string, ports: readonly PortBinding[]): Promise<readonly PortBinding[]>;
  /** The whole connection, for a plan; `index`: the answer of ensure(). */
  connection(network: N, attachment: AttachmentRecord, index: number): PlanFragment;
  /** The default route through the network and the published ports, for a connection that stands without. */
  lead(network: N, attachment: AttachmentRecord): Pick<PlanFragment, "map" | "build">;
}
