import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { PortBinding } from "../oci/port.ts";
import { bindSctp } from "../platform/sctp.ts";
import { type Target, tcpForwarder, udpForwarder } from "./forward.ts";

/** A port of the host that is ours. */
export interface Bound {
  readonly port: number;
  /** As asked, but `0.0.0.0` for every address of a host without IPv6. */
  readonly hostIp: string;
  readonly close: () => void;
}

/**
 * Binds one port, and listens: who comes from where the kernel does not translate is led to the target. One socket for
 * both families where every address is meant. Throws errors of the kernel, by their `code`.
 */
export async function bindPort(
  { hostIp, hostPort, protocol }: PortBinding,
  target: () => Target | undefined,
): Promise<Bound> {
  if (protocol === "sctp") return sctp(hostIp, hostPort);
  const real = hostIp === "" && !hasIpv6() ? "0.0.0.0" : hostIp;
  const at = { host: real || "::", port: hostPort, ipv6Only: real === "::" };
  const bound = await (protocol === "tcp" ? tcp(at, target) : udp(at, target));
  return { ...bound, hostIp: real };
}

interface At {
  readonly host: string;
  readonly port: number;
  readonly ipv6Only: boolean;
}

type Listening = Omit<Bound, "hostIp">;

function tcp(at: At, target: () => Target | undefined): Promise<Listening> {
  return new Promise((done, failed) => {
    const forwarder = tcpForwarder(target);
    const server = createServer({ allowHalfOpen: true }, forwarder.take);
    server.once("error", failed);
    server.listen({ ...at, exclusive: true }, () => {
      const bound = server.address();
      server.unref();
      if (bound === null || typeof bound === "string") return failed(new Error("no port was bound"));
      const close = () => {
        server.close();
        forwarder.close();
      };
      done({ port: bound.port, close });
    });
  });
}

function udp({ host, port, ipv6Only }: At, target: () => Target | undefined): Promise<Listening> {
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
function sctp(hostIp: string, port: number): Bound {
  const real = hostIp === "" ? "0.0.0.0" : hostIp;
  const bound = bindSctp(real, port);
  if (bound === "taken") throw Object.assign(new Error("the port is taken"), { code: "EADDRINUSE" });
  if (bound !== "unsupported") return { ...bound, hostIp: real };
  if (real.includes(":"))
    throw Object.assign(new Error("SCTP is published on IPv4 only"), { code: "EINVAL" });
  return { port, hostIp: real, close: () => {} };
}

/** Whether the host has any IPv6 address: a loopback's is one. */
export function hasIpv6(): boolean {
  const path = "/proc/net/if_inet6";
  return existsSync(path) && readFileSync(path, "utf8") !== "";
}
