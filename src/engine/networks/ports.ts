import { leads, withPorts } from "../../network/network.ts";
import { InroError } from "../../oci/error.ts";
import {
  inRows,
  type PortBinding,
  type PortProtocol,
  type PortRequest,
  singles,
  without,
} from "../../oci/port.ts";
import { type Core, record, tell } from "../core.ts";
import { optionsOf } from "../current.ts";
import type { Entry } from "../entry.ts";
import type { ContainerOptions } from "../options.ts";
import { takeTurn } from "../turn.ts";
import { connectable, endpointsOf } from "./endpoints.ts";

/** What it is to publish, from its next start on. */
export const wantedPorts = (entry: Entry): readonly PortRequest[] => portsToPublish(optionsOf(entry));

/** With `-P`, exposed ports that are not published yet are, at any port of the host. */
export function portsToPublish({
  publishAllPorts,
  exposedPorts,
  ports,
}: ContainerOptions): readonly PortRequest[] {
  if (!publishAllPorts) return ports;
  const bound = new Set([...singles(ports)].map((port) => `${port.containerPort}/${port.protocol}`));
  return [...ports, ...exposedPorts.filter((port) => !bound.has(port)).map(anyPortFor)];
}

function anyPortFor(exposed: string): PortRequest {
  const [number, protocol] = exposed.split("/");
  return {
    ...{ hostIp: "", hostPort: 0, choices: 1, count: 1, containerPort: Number(number) },
    protocol: protocol as PortProtocol,
  };
}

/**
 * Publishes more ports of a container, at once when it runs; all of them or none. Answers what keeps them from being reached.
 * INVALID_OPTION, PORT_IN_USE. The record leads: where the engine dies between, the next one opens what is recorded.
 */
export async function publish(
  core: Core,
  entry: Entry,
  asked: readonly PortRequest[],
): Promise<readonly string[]> {
  await takeTurn(core, entry, async () => {
    refuseWithoutOwn(entry);
    const { attachments } = entry.fortune;
    const ports = [...wantedPorts(entry), ...asked];
    if (entry.live === null) return record(core, entry, { ports }, "machine");
    const leading = attachments.find(leads);
    if (leading === undefined) throw unreachable(entry);
    const taken = await core.networks.livePorts.take(leading, asked);
    const before = { ports: entry.fortune.ports, attachments };
    try {
      const grown = withPorts(leading, [...leading.ports, ...taken]);
      const now = attachments.map((one) => (one === leading ? grown : one));
      record(core, entry, { ports, attachments: now }, "machine");
      await core.networks.livePorts.open(grown, taken);
    } catch (cause) {
      record(core, entry, before, "machine");
      await core.networks.livePorts.close(leading, taken);
      throw cause;
    }
  });
  tell(core, entry, "update");
  return core.networks.foreignWarnings(connectable(endpointsOf(entry)));
}

/**
 * Withdraws ports of a container, at once when it runs. An empty host address and the host port 0 mean any that its port is
 * published at. NOT_PUBLISHED.
 */
export async function withdraw(core: Core, entry: Entry, asked: readonly PortRequest[]): Promise<void> {
  await takeTurn(core, entry, async () => {
    const isAsked = (port: PortBinding) => asked.some((one) => means(one, port));
    const { attachments } = entry.fortune;
    const ports = portsAfter(entry, { withdraw: asked, publish: [] });
    const left = new Map(
      attachments
        .filter((one) => [...singles(one.ports)].some(isAsked))
        .map((one) => [one, withPorts(one, without(one.ports, isAsked))]),
    );
    // What is recorded leads: an open port that no record knows is closed by the next engine.
    record(core, entry, { ports, attachments: attachments.map((one) => left.get(one) ?? one) }, "machine");
    for (const [before, after] of left)
      await core.networks.livePorts.close(after, inRows([...singles(before.ports)].filter(isAsked)));
  });
  tell(core, entry, "update");
}

/** What it is to publish, in a network of this kind, once some are withdrawn and others published. NOT_PUBLISHED, INVALID_OPTION. */
export function portsAfter(
  entry: Entry,
  change: { readonly withdraw: readonly PortRequest[]; readonly publish: readonly PortRequest[] },
  network = entry.origin.options.network,
): readonly PortRequest[] {
  if (change.publish.length > 0) refuseWithoutOwn(entry, network);
  const wanted = wantedPorts(entry);
  if (change.withdraw.length === 0) return [...wanted, ...change.publish];
  const published = entry.fortune.attachments.flatMap(({ ports }) => ports);
  const isAsked = (port: PortBinding) => change.withdraw.some((one) => means(one, port));
  const gone = [...singles<PortBinding>(entry.live === null ? wanted : published)].filter(isAsked);
  if (gone.length === 0) throw notPublished(entry);
  return [...withoutRequests(wanted, gone), ...change.publish];
}

/** Whether a request means this very port: in a row, by its place. */
function means(asked: PortRequest, port: PortBinding): boolean {
  const { hostIp, hostPort, choices } = asked;
  const step = port.containerPort - asked.containerPort;
  return (
    asked.protocol === port.protocol &&
    step >= 0 &&
    step < asked.count &&
    (hostIp === "" || hostIp === port.hostIp) &&
    (hostPort === 0 || (port.hostPort >= hostPort + step && port.hostPort < hostPort + step + choices))
  );
}

/** Each port that is gone takes one request along that it may have come from. */
function withoutRequests(wanted: readonly PortRequest[], gone: readonly PortBinding[]): PortRequest[] {
  const left = [...singles(wanted)];
  for (const port of gone) {
    const at = left.findIndex((one) => means({ ...one, hostIp: one.hostIp && port.hostIp }, port));
    if (at >= 0) left.splice(at, 1);
  }
  return inRows(left);
}

function refuseWithoutOwn(entry: Entry, { kind } = entry.origin.options.network): void {
  if (kind === "host" || kind === "container" || kind === "none")
    throw new InroError("INVALID_OPTION", {
      what: `cannot publish ports of the container "${entry.name}"`,
      why: `its network mode is ${kind}: it has no network that could`,
      at: "-p",
    });
}

const unreachable = ({ name }: Entry) =>
  new InroError("INVALID_OPTION", {
    what: `cannot publish ports of the container "${name}"`,
    why: "none of its networks leads out",
    hint: "connect it with a network that is not internal",
    at: "-p",
  });

const notPublished = ({ name }: Entry) =>
  new InroError("NOT_PUBLISHED", {
    what: `cannot withdraw ports of the container "${name}"`,
    why: "none of these is published",
    hint: `inro port ${name} shows what is`,
  });
