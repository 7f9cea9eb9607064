import { InroError } from "../oci/error.ts";
import { inRows, type PortBinding, type PortRequest } from "../oci/port.ts";
import type { AttachmentRecord } from "./attachment.ts";
import { closePorts } from "./bridge.ts";
import { type State, settlePorts } from "./connect.ts";
import { failureOf } from "./operations.ts";

/** Ports of a connection that stands, changed in steps so that the container's record can lead (ADR 23). */
export interface LivePorts {
  /** Takes host ports; nothing is open yet. PORT_IN_USE, INVALID_OPTION. */
  take(attachment: AttachmentRecord, asked: readonly PortRequest[]): Promise<readonly PortBinding[]>;
  /** Opens ports that were taken; `attachment` has them already. NETWORK_SETUP_FAILED. */
  open(attachment: AttachmentRecord, ports: readonly PortBinding[]): Promise<void>;
  /** Closes ports and gives them back; `attachment` has them no more. */
  close(attachment: AttachmentRecord, ports: readonly PortBinding[]): Promise<void>;
  /** Who spoke to these ports before, by UDP, and whoever was there then, is led by what holds now. */
  settle(ports: readonly PortBinding[]): Promise<void>;
}

export function livePorts(state: State): LivePorts {
  const { executor, attached, ports: reserved } = state;
  return {
    take: async (attachment, asked) => {
      const network = state.network(attachment.network);
      return state.driverOf(network).publish(network, attachment, asked);
    },
    open: async (attachment, ports) => {
      const network = state.network(attachment.network);
      const driver = state.driverOf(network);
      await driver.ensure(network);
      attached.set(attachment.id, attachment);
      const ops = driver.open(network, attachment, ports);
      const failure = failureOf(ops, await executor.batch(ops));
      if (failure !== undefined) throw notOpened(attachment, failure);
      await settlePorts(state, ports);
    },
    close: async (attachment, ports) => {
      if (attachment.id !== "") attached.set(attachment.id, attachment);
      try {
        await closePorts(executor, state.identity.table, { ...attachment, ports });
      } finally {
        reserved.release(ports);
      }
      await settlePorts(state, ports);
    },
    settle: (ports) => settlePorts(state, ports),
  };
}

/** A connection's record with ports more or less than its plan gave it. */
export const withPorts = (attachment: AttachmentRecord, ports: readonly PortBinding[]): AttachmentRecord => ({
  ...attachment,
  changed: true,
  ports: inRows(ports),
});

const notOpened = ({ name }: AttachmentRecord, why: string) =>
  new InroError("NETWORK_SETUP_FAILED", {
    what: `cannot publish ports of the container "${name}"`,
    why,
  });
