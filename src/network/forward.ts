import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { familyOf } from "../oci/address.ts";

/**
 * What the kernel cannot translate, above all ::1, whose packets never leave the loopback: bytes are handed on, and the
 * container sees the host as their sender.
 */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/** Nobody may fill the daemon's table of descriptors by way of one port. */
const MOST_CONNECTIONS = 1000;
const MOST_FLOWS = 1000;
/** Milliseconds; the kernel's own for UDP flows that were answered (nf_conntrack_udp_timeout_stream). */
const FLOW_ENDS = 120_000;
const STILL_THERE = 30_000;

/** From IPv4 to IPv4, which was to be translated: our table is gone, and an end at once beats silence. */
const isLost = (from: string | undefined, to: Target) =>
  from === undefined || (from.startsWith("::ffff:") && familyOf(to.address) === 4);

/** A port's TCP connections on their way to a container; with the target gone they end. */
export function tcpForwarder(target: () => Target | undefined): {
  readonly take: (caller: Socket) => void;
  readonly close: () => void;
} {
  const open = new Set<Socket>();
  const take = (caller: Socket) => {
    const to = target();
    if (to === undefined || isLost(caller.remoteAddress, to) || open.size >= MOST_CONNECTIONS)
      return void caller.destroy();
    const container = connect({ host: to.address, port: to.port, allowHalfOpen: true });
    open.add(caller);
    for (const [side, other] of [
      [caller, container],
      [container, caller],
    ] as const) {
      side.setKeepAlive(true, STILL_THERE);
      side.on("error", () => other.destroy());
      side.once("close", () => {
        open.delete(caller);
        // What it sent is on its way; what was cut is cut on the other side too.
        if (!side.readableEnded) other.destroy();
      });
      // Waits for the slower side, and hands on the end of one direction alone.
      side.pipe(other);
    }
  };
  return {
    take,
    close: () => {
      for (const caller of open) caller.destroy();
    },
  };
}

interface Flow {
  readonly socket: UdpSocket;
  readonly timer: NodeJS.Timeout;
}

/** A port's UDP datagrams on their way to a container, and answers to who asked. */
export function udpForwarder(
  port: UdpSocket,
  target: () => Target | undefined,
): { readonly close: () => void } {
  const flows = new Map<string, Flow>();
  const end = (key: string) => {
    const flow = flows.get(key);
    flows.delete(key);
    clearTimeout(flow?.timer);
    flow?.socket.close();
  };
  const begin = (key: string, from: RemoteInfo, { address }: Target): Flow => {
    const [oldest] = flows.keys();
    if (flows.size >= MOST_FLOWS && oldest !== undefined) end(oldest);
    const socket = createSocket(familyOf(address) === 6 ? "udp6" : "udp4");
    const flow = { socket, timer: setTimeout(() => end(key), FLOW_ENDS).unref() };
    socket.unref();
    // Of a container that does not listen: the next datagram tries again.
    socket.on("error", () => flows.get(key) === flow && end(key));
    socket.on("message", (data) => {
      flow.timer.refresh();
      port.send(data, from.port, from.address, () => {});
    });
    flows.set(key, flow);
    return flow;
  };
  port.on("message", (data, from) => {
    const to = target();
    if (to === undefined || isLost(from.address, to)) return;
    const key = `${from.address} ${from.port}`;
    const flow = flows.get(key) ?? begin(key, from, to);
    flow.timer.refresh();
    flow.socket.send(data, to.port, to.address, () => {});
  });
  return {
    close: () => {
      for (const key of [...flows.keys()]) end(key);
    },
  };
}
