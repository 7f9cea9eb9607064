import { createSocket } from "node:dgram";
import { createServer, isIPv4 } from "node:net";
import { InroError } from "../oci/error.ts";
import type { PortBinding } from "./attachment.ts";
import { isEveryAddress } from "./firewall.ts";
import { describeBinding } from "./fragment.ts";
import { portHolder } from "./port-holder.ts";

/**
 * Host ports held for containers. A published port is translated by nftables before any socket of the host could see
 * it, so nothing would stop another program from listening there in vain, or us from taking a port that one serves.
 * So each published port is also bound and listened on by the daemon: the kernel itself then answers EADDRINUSE to
 * both sides and hands out free ephemeral ports. While the daemon is down the ports work on but are not guarded.
 */
export interface Reservations {
  /** All or none; the answer names the real ports. PORT_IN_USE, INVALID_OPTION. */
  take(container: string, bindings: readonly PortBinding[]): Promise<readonly PortBinding[]>;
  /** Ports of a container that already runs: they are its own, even if another program listens there by now. */
  keep(container: string, bindings: readonly PortBinding[]): Promise<void>;
  release(bindings: readonly PortBinding[]): void;
  /** Whether a container of ours holds it. */
  holds(binding: PortBinding): boolean;
  close(): void;
}

interface Held {
  readonly container: string;
  readonly binding: PortBinding;
  close: () => void;
}

export function reservations(): Reservations {
  const held = new Map<string, Held>();

  const take = async (container: string, binding: PortBinding): Promise<PortBinding> => {
    refuseForeign(container, binding);
    const rival = binding.hostPort === 0 ? undefined : rivalOf(held.values(), binding);
    if (rival !== undefined)
      throw inUse(container, binding, `container "${rival.container}" has published it`);
    const socket = await bind(binding).catch((error: unknown) => {
      throw bindFailure(container, binding, error);
    });
    const real = { ...binding, hostPort: socket.port };
    held.set(describeBinding(real), { container, binding: real, close: socket.close });
    return real;
  };

  const release = (bindings: readonly PortBinding[]) => {
    for (const binding of bindings) {
      held.get(describeBinding(binding))?.close();
      held.delete(describeBinding(binding));
    }
  };

  return {
    async take(container, bindings) {
      const taken: PortBinding[] = [];
      try {
        for (const binding of bindings) taken.push(await take(container, binding));
      } catch (error) {
        release(taken);
        throw error;
      }
      return taken;
    },
    async keep(container, bindings) {
      for (const binding of bindings) {
        const mine: Held = { container, binding, close: () => {} };
        held.set(describeBinding(binding), mine);
        const socket = await bind(binding).catch(() => undefined);
        if (socket === undefined) continue;
        if (held.get(describeBinding(binding)) === mine) mine.close = socket.close;
        else socket.close();
      }
    },
    release,
    holds: (binding) => held.has(describeBinding(binding)),
    close() {
      for (const each of held.values()) each.close();
      held.clear();
    },
  };
}

function rivalOf(held: Iterable<Held>, wanted: PortBinding): Held | undefined {
  return [...held].find(
    ({ binding }) =>
      binding.protocol === wanted.protocol &&
      binding.hostPort === wanted.hostPort &&
      (binding.hostIp === wanted.hostIp || isEveryAddress(binding.hostIp) || isEveryAddress(wanted.hostIp)),
  );
}

interface Bound {
  readonly port: number;
  readonly close: () => void;
}

function bind(binding: PortBinding): Promise<Bound> {
  const host = isEveryAddress(binding.hostIp) ? "0.0.0.0" : binding.hostIp;
  return binding.protocol === "tcp" ? bindTcp(host, binding.hostPort) : bindUdp(host, binding.hostPort);
}

function bindTcp(host: string, port: number): Promise<Bound> {
  return new Promise((done, failed) => {
    // Who gets here was not translated (our table is gone): an end at once beats silence.
    const server = createServer((socket) => socket.destroy());
    server.once("error", failed);
    server.listen({ host, port, exclusive: true }, () => {
      const bound = server.address();
      server.unref();
      if (bound === null || typeof bound === "string") failed(new Error("no port was bound"));
      else done({ port: bound.port, close: () => server.close() });
    });
  });
}

function bindUdp(address: string, port: number): Promise<Bound> {
  return new Promise((done, failed) => {
    const socket = createSocket("udp4");
    socket.once("error", failed);
    socket.bind({ address, port, exclusive: true }, () => {
      socket.unref();
      done({ port: socket.address().port, close: () => socket.close() });
    });
  });
}

function refuseForeign(container: string, binding: PortBinding): void {
  if (isEveryAddress(binding.hostIp) || isIPv4(binding.hostIp)) return;
  throw new InroError("INVALID_OPTION", {
    what: `cannot publish ${describeBinding(binding)} for container "${container}"`,
    why: `${JSON.stringify(binding.hostIp)} is not an IPv4 address of this host`,
    at: "-p",
  });
}

function bindFailure(container: string, binding: PortBinding, error: unknown): InroError {
  const code = (error as { code?: string }).code ?? "";
  const holder = code === "EADDRINUSE" ? portHolder(binding.protocol, binding.hostPort) : undefined;
  if (code === "EADDRINUSE")
    return inUse(
      container,
      binding,
      holder === undefined ? "another program listens on it" : `${holder} listens on it`,
    );
  return new InroError("INVALID_OPTION", {
    what: `cannot publish ${describeBinding(binding)} for container "${container}"`,
    why: code === "EADDRNOTAVAIL" ? `the host does not have the address ${binding.hostIp}` : `${error}`,
    at: "-p",
    cause: error,
  });
}

function inUse(container: string, binding: PortBinding, why: string): InroError {
  return new InroError("PORT_IN_USE", {
    what: `cannot publish ${describeBinding(binding)} for container "${container}"`,
    why,
    hint: "choose another host port, or leave it out to get a free one",
    at: "-p",
  });
}
