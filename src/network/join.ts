import { type Attachment, type AttachmentRecord, addressesOf } from "./attachment.ts";
import { disconnect, type State, settlePorts } from "./connect.ts";
import { executeIn } from "./inside.ts";

/** The operations of a connection's fragment, for a container that runs. */
export async function join(state: State, attachment: Attachment, pid: number): Promise<void> {
  try {
    await executeIn(state, pid, attachment, attachment.fragment);
  } catch (error) {
    await disconnect(state, attachment, { from: pid });
    throw error;
  }
}

/** The default route, which went with the interface that it led through, and published ports, which are reserved already. */
export async function leadThrough(
  state: State,
  attachment: AttachmentRecord,
  ports: AttachmentRecord["ports"],
  pid: number,
): Promise<AttachmentRecord> {
  const network = state.network(attachment.network);
  if (network.internal) return { ...attachment, ports };
  const driver = state.driverOf(network);
  const led = {
    ...attachment,
    ports: driver.endsAtHost ? ports : [],
    addresses: attachment.addresses.map((one, at) => ({
      ...one,
      gateway: network.blocks[at]?.gateway ?? "",
    })),
    changed: true,
  };
  await executeIn(state, pid, led, driver.lead(network, led));
  state.attached.set(led.id, led);
  state.ports.lead(led.ports, addressesOf(led));
  await settlePorts(state, led.ports);
  return led;
}
