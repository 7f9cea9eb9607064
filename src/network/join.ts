import { contains, type Family, familyOf, parseAddress, parseSubnet } from "../oci/address.ts";
import {
  type Attachment,
  type AttachmentRecord,
  addressesOf,
  type Network,
  type OwnAddress,
} from "./attachment.ts";
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

/** What is to go through a network. */
export interface Leading {
  readonly families: readonly Family[];
  /** Published ones, which are reserved already. */
  readonly ports: AttachmentRecord["ports"];
}

/** Default routes, which went with the interface that they led through, and published ports. */
export async function leadThrough(
  state: State,
  attachment: AttachmentRecord,
  { families, ports }: Leading,
  pid: number,
): Promise<AttachmentRecord> {
  const network = state.network(attachment.network);
  const isLed = ({ address }: OwnAddress) => families.includes(familyOf(address));
  if (network.internal || (ports.length === 0 && !attachment.addresses.some(isLed))) return attachment;
  const driver = state.driverOf(network);
  const led = {
    ...attachment,
    ports: driver.endsAtHost ? [...attachment.ports, ...ports] : [],
    addresses: attachment.addresses.map((one) =>
      isLed(one) ? { ...one, gateway: gatewayFor(network, one.address) } : one,
    ),
    changed: true,
  };
  await executeIn(state, pid, led, driver.lead(network, led));
  state.attached.set(led.id, led);
  state.ports.lead(led.ports, addressesOf(led));
  await settlePorts(state, led.ports);
  return led;
}

const gatewayFor = ({ blocks }: Network, address: string): string =>
  blocks.find(({ subnet }) => contains(parseSubnet(subnet), parseAddress(address)))?.gateway ?? "";
