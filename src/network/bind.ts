import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { PortBinding } from "../oci/port.ts";
import { bindSctp } from "../platform/sctp.ts";
import { type Target, tcpForwarder, udpForwarder } from "./forward.ts";

/** A port of the host that is ours. */
export interface Bound {
  readonly port: number;
  readonly close: () => void;
}

/**
 * Binds one port, and listens: who comes from where the kernel does not translate is led to the target. One socket for
 * both families where every address is meant. Throws errors of the kernel, by their `code`.
 */
export function bindPort(
  { hostIp, hostPort, protocol }: PortBinding,
  target: () => Target | undefined,
): Promise<Bound> {
  const at = { host: hostIp || "::", port: hostPort, ipv6Only: hostIp === "::" };
  if (protocol === "tcp") return tcp(at, target);
  return protocol === "udp" ? udp(at, target) : sctp(at);
}

/** What can be bound of what is meant: every address of a host without IPv6 is every one of IPv4. */
export function bindable<B extends PortBinding>(bindings: readonly B[]): B[] {
  const six = hasIpv6();
  return bindings.map((binding) =>
    binding.hostIp === "" && !six ? { ...binding, hostIp: "0.0.0.0" } : binding,
  );
}

interface At {
  readonly host: string;
  readonly port: number;
  readonly ipv6Only: boolean;
}

function tcp(at: At, target: () => Target | undefined): Promise<Bound> {
  return new Promise((done, failed) => {
    const forwarder = tcpForwarder(target);
    const server = createServer({ allowHalfOpen: true }, forwarder.take);
    server.once("error", failed);
    server.listen({ ...at, exclusive: true }, () => {
      server.unref();
      const bound = at.port === 0 ? server.address() : at;
      if (bound === null || typeof bound === "string") return failed(new Error("no port was bound"));
      const close = () => {
        server.close();
        forwarder.close();
      };
      done({ port: bound.port, close });
    });
  });
}

function udp({ host, port, ipv6Only }: At, target: () => Target | undefined): Promise<Bound> {
  return new Promise((done, failed) => {
    const socket = createSocket({ type: host.includes(":") ? "udp6" : "udp4", ipv6Only });
    socket.once("error", failed);
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.unref();
      socket.off("error", failed);
      socket.on("error", () => {});
      const forwarder = udpForwarder(socket, target);
      const close = () => {
        socket.close();
        forwarder.close();
      };
      done({ port: socket.address().port, close });
    });
  });
}

/** Only translated; where the kernel has no such sockets nobody can take the port from us. */
async function sctp({ host, port, ipv6Only }: At): Promise<Bound> {
  const bound = bindSctp(host, port, ipv6Only);
  if (bound === "taken") throw Object.assign(new Error("the port is taken"), { code: "EADDRINUSE" });
  return bound === "unsupported" ? { port, close: () => {} } : bound;
}

/** Whether the host has any IPv6 address: a loopback's is one. */
function hasIpv6(): boolean {
  const path = "/proc/net/if_inet6";
  return existsSync(path) && readFileSync(path, "utf8") !== "";
}
