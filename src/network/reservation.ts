import { isIP, isIPv4, isIPv6 } from "node:net";
import { InroError } from "../oci/error.ts";
import { inRows, type PortBinding, type PortRequest, portRange, singles } from "../oci/port.ts";
import { type Bound, bindable, bindPort } from "./bind.ts";
import type { Target } from "./forward.ts";
import { portHolder } from "./port-holder.ts";
import { describeBinding } from "./publishing.ts";

/**
 * Host ports held for containers. A published port is translated by nftables before any socket of the host could see
 * it, so nothing would stop another program from listening there in vain, or us from taking a port that one serves.
 * So each published port is also bound and listened on by the daemon: the kernel itself then answers EADDRINUSE to
 * both sides and hands out free ephemeral ports; and what the kernel does not translate has somebody who hands it on.
 * While the daemon is down the ports work on but are not guarded.
 */
export interface Reservations {
  /** All or none; the answer names the real ports, in rows. PORT_IN_USE, INVALID_OPTION. */
  take(holder: Holder, wanted: readonly PortRequest[]): Promise<PortBinding[]>;
  /** Ports of a container that already runs: they are its own, even if another program listens there by now. */
  keep(holder: Holder, bindings: readonly PortBinding[]): Promise<void>;
  /** Where they lead from now on; without addresses nowhere. */
  lead(bindings: readonly PortBinding[], addresses: readonly string[]): void;
  release(bindings: readonly PortBinding[]): void;
  /** Whether a container of ours holds this one. */
  holds(single: PortBinding): boolean;
  close(): void;
}

export interface Holder {
  /** The container's name. */
  readonly container: string;
  /** The container's, IPv4 first. */
  readonly addresses: readonly string[];
}

interface Held {
  readonly container: string;
  binding: PortBinding;
  addresses: readonly string[];
  close: () => void;
}

const placeOf = ({ protocol, hostPort }: PortBinding) => `${hostPort}/${protocol}`;

export function reservations(): Reservations {
  const held = new Map<string, Held[]>();

  const put = (each: Held): Held => {
    held.set(placeOf(each.binding), [...(held.get(placeOf(each.binding)) ?? []), each]);
    return each;
  };
  const drop = (each: Held) => {
    const left = (held.get(placeOf(each.binding)) ?? []).filter((other) => other !== each);
    if (left.length > 0) held.set(placeOf(each.binding), left);
    else held.delete(placeOf(each.binding));
    each.close();
  };
  const find = (single: PortBinding) =>
    held.get(placeOf(single))?.find(({ binding }) => binding.hostIp === single.hostIp);

  const takeOne = async ({ container, addresses }: Holder, binding: PortBinding): Promise<Held> => {
    const rival = held
      .get(placeOf(binding))
      ?.find(({ binding: { hostIp } }) => covers(hostIp, binding.hostIp) || covers(binding.hostIp, hostIp));
    if (rival !== undefined && binding.hostPort !== 0)
      throw inUse(
        container,
        binding,
        `port is already allocated: container "${rival.container}" has published it`,
      );
    const mine: Held = { container, binding, addresses, close: () => {} };
    // Ours from here on: who asks meanwhile hears whose it is.
    if (binding.hostPort !== 0) put(mine);
    let bound: Bound;
    try {
      bound = await bindPort(binding, () => targetOf(mine));
    } catch (error) {
      drop(mine);
      throw bindFailure(container, binding, error);
    }
    mine.close = bound.close;
    if (binding.hostPort !== 0) return mine;
    mine.binding = { ...binding, hostPort: bound.port };
    return put(mine);
  };
  /** The first free one of a row of host ports. */
  const takeAny = async (holder: Holder, { choices, ...binding }: PortRequest): Promise<Held> => {
    for (let step = 0; step < choices; step++) {
      try {
        return await takeOne(holder, { ...binding, hostPort: binding.hostPort + step });
      } catch (error) {
        if (!(error instanceof InroError) || error.code !== "PORT_IN_USE") throw error;
      }
    }
    throw inUse(
      holder.container,
      { ...binding, count: choices },
      `all ${choices} ports from ${portRange(binding.hostPort, choices)} are in use`,
    );
  };

  const release = (bindings: readonly PortBinding[]) => {
    for (const single of singles(bindings)) {
      const found = find(single);
      if (found !== undefined) drop(found);
    }
  };

  return {
    async take(holder, wanted) {
      for (const binding of wanted) refuseForeign(holder.container, binding);
      const results = await Promise.allSettled(
        [...singles(bindable(wanted))].map(({ choices, ...binding }) =>
          choices > 1 ? takeAny(holder, { ...binding, choices }) : takeOne(holder, binding),
        ),
      );
      const taken = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      const failed = results.find((result) => result.status === "rejected");
      if (failed === undefined) return inRows(taken.map(({ binding }) => binding));
      for (const each of taken) drop(each);
      throw failed.reason;
    },
    async keep({ container, addresses }, bindings) {
      await Promise.all(
        [...singles(bindings)].map(async (binding) => {
          const mine = put({ container, binding, addresses, close: () => {} });
          const bound = await bindPort(binding, () => targetOf(mine)).catch(() => undefined);
          if (bound === undefined) return;
          if (find(binding) === mine) mine.close = bound.close;
          else bound.close();
        }),
      );
    },
    lead(bindings, addresses) {
      for (const single of singles(bindings)) {
        const found = find(single);
        if (found !== undefined) found.addresses = addresses;
      }
    },
    release,
    holds: (single) => find(single) !== undefined,
    close() {
      for (const each of [...held.values()].flat()) each.close();
      held.clear();
    },
  };
}

/** What has no translation is handed on to IPv4 where there is that: more programs listen there than on IPv6 alone. */
function targetOf({ addresses: [address], binding }: Held): Target | undefined {
  return address === undefined ? undefined : { address, port: binding.containerPort };
}

/** Whether the first means the second's address too. */
function covers(one: string, other: string): boolean {
  if (one === "" || one === other) return true;
  return (one === "0.0.0.0" && isIPv4(other)) || (one === "::" && isIPv6(other));
}

function refuseForeign(container: string, binding: PortBinding): void {
  if (binding.hostIp === "" || isIP(binding.hostIp) !== 0) return;
  throw new InroError("INVALID_OPTION", {
    what: `cannot publish ${describeBinding(binding)} for container "${container}"`,
    why: `${JSON.stringify(binding.hostIp)} is not an address`,
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
      `address already in use: ${holder === undefined ? "another program has it" : `${holder} listens on it`}`,
    );
  return new InroError("INVALID_OPTION", {
    what: `cannot publish ${describeBinding(binding)} for container "${container}"`,
    why: code === "EADDRNOTAVAIL" ? `the host does not have the address ${binding.hostIp}` : `${error}`,
    ...(code === "EMFILE"
      ? { hint: "a port is a socket of the daemon's: raise its limit of open files" }
      : {}),
    at: "-p",
    cause: error,
  });
}

/** `why` begins with dockerd's own words, which scripts look for. */
function inUse(container: string, binding: PortBinding, why: string): InroError {
  return new InroError("PORT_IN_USE", {
    what: `cannot publish ${describeBinding(binding)} for container "${container}"`,
    why,
    hint: "choose another host port, or leave it out to get a free one",
    at: "-p",
  });
}
