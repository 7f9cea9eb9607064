import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Attachment,
  type BlockRequest,
  type ConnectRequest,
  type Networks,
  type NetworksOptions,
  openNetworks,
} from "../../src/network/network.ts";
import type { PortProtocol, PortRequest } from "../../src/oci/port.ts";
import { execute, executorIn } from "./execute.ts";
import { command, type Other, otherNetwork } from "./namespace.ts";

/** An engine's network room with a data root of its own, in the network namespace that plays the host. */
export interface Engine {
  readonly root: string;
  readonly networks: Networks;
  readonly told: string[];
  /** A container's network: its namespace, set up as a plan would. */
  container(name: string, ...ports: string[]): Promise<Joined>;
  /** The same on another network than the default one. */
  join(network: string, name: string, ...ports: string[]): Promise<Joined>;
  /** What the monitor does when its container has ended. */
  undo(container: Joined): Promise<void>;
  /** As after the daemon's death: a new one over the same root, which knows nothing yet. */
  restarted(): Promise<Engine>;
}

export interface Joined extends Other {
  readonly attachment: Attachment;
  /** The first of its addresses, and the host's in that network where its default route leads there. */
  readonly address: string;
  readonly gateway: string;
  /** Of IPv6; empty without. */
  readonly address6: string;
  readonly gateway6: string;
}

/** What a container has in its network. */
export function placesIn({ addresses }: Attachment) {
  const six = addresses.find(({ address }) => address.includes(":"));
  return {
    address: addresses[0]?.address ?? "",
    gateway: addresses[0]?.gateway ?? "",
    address6: six?.address ?? "",
    gateway6: six?.gateway ?? "",
  };
}

/** A block of IPv4 that the engine chooses, as far as nothing else is said. */
export const block = (change: Partial<BlockRequest> = {}): BlockRequest => ({
  ...{ family: 4, subnet: null, gateway: null, range: null, reserved: [] },
  ...change,
});

export async function engine(
  scope: DisposableStack,
  options: Partial<Pick<NetworksOptions, "root" | "foreignFirewalls" | "defaultNetwork">> = {},
): Promise<Engine> {
  const { root = newRoot(scope) } = options;
  const told: string[] = [];
  const executor = scope.use(executorIn("here"));
  const networks = await openNetworks({
    ...{ foreignFirewalls: "tell", ...options, root },
    openExecutor: () => executorIn("here"),
    tell: (line) => told.push(line),
  });
  scope.defer(() => void networks.close());
  const join: Engine["join"] = async (network, name, ...ports) => {
    const other = scope.use(await otherNetwork());
    const attachment = await networks.connect(request(name, ports, { network }));
    const { map, build } = attachment.fragment;
    await execute(executor, map, other.pid);
    using inside = executorIn(other);
    await execute(inside, build);
    return { ...other, attachment, ...placesIn(attachment) };
  };
  return {
    root,
    networks,
    told,
    container: (name, ...ports) => join("bridge", name, ...ports),
    join,
    undo: async ({ attachment }) => void (await execute(executor, attachment.fragment.undo)),
    restarted: async () => {
      await networks.close();
      return engine(scope, { ...options, root });
    },
  };
}

/** As for a container with one network. */
export const request = (
  name: string,
  ports: readonly string[],
  change: Partial<ConnectRequest> = {},
): ConnectRequest => ({
  ...{ containerId: name, name, network: "bridge", number: 0, leads: [4, 6], joined: false },
  ...{ addresses: [], mac: null, shaper: null },
  ports: ports.map(binding),
  ...change,
});

function newRoot(scope: DisposableStack): string {
  const root = mkdtempSync(join(tmpdir(), "inro-network-"));
  scope.defer(() => rmSync(root, { recursive: true }));
  return root;
}

/** `8000:80`, `127.0.0.1:8000:80`, `80/udp`, `8000-8099:80-179`; `8000-8099:80` is the first free one. */
export function binding(text: string): PortRequest {
  const [ports = "", protocol = "tcp"] = text.split("/");
  const [, hostIp = "", outside = "0", inside = ""] =
    /^(?:\[?([^\]]*?)\]?:(?=[^:]*:))?(?:([\d-]*):)?([\d-]+)$/.exec(ports) ?? [];
  const [from, to] = [rowOf(outside), rowOf(inside)];
  return {
    ...{ hostIp, hostPort: from.first, containerPort: to.first, count: to.count },
    choices: from.count > to.count ? from.count : 1,
    protocol: protocol as PortProtocol,
  };
}

function rowOf(text: string): { first: number; count: number } {
  const [first = 0, last = first] = text.split("-").map(Number);
  return { first, count: last - first + 1 };
}

let count = 0;

/** Another host on the same wire as ours: it has `address`, we have `ours`, and it uses us as its router. */
export async function neighbour(scope: DisposableStack, ours: string, address: string): Promise<Other> {
  const other = scope.use(await otherNetwork());
  const name = `wire${count++}`;
  command("ip", "link", "add", name, "type", "veth", "peer", "name", "wire", "netns", String(other.pid));
  command("ip", "address", "add", `${ours}/24`, "dev", name);
  command("ip", "link", "set", name, "up");
  other.run("ip", "link", "set", "lo", "up");
  other.run("ip", "address", "add", `${address}/24`, "dev", "wire");
  other.run("ip", "link", "set", "wire", "up");
  other.run("ip", "route", "add", "default", "via", ours);
  return other;
}
