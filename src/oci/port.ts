/** What has ports. */
export type PortProtocol = "tcp" | "udp" | "sctp";

/** Ports of a host that lead to ports of a container: `count` in a row on both sides. Plain JSON, as recorded. */
export interface PortBinding {
  /** An empty text: every address of the host; `0.0.0.0` and `::`: every one of a family. */
  readonly hostIp: string;
  /** The first; 0: any free port, where ports are not taken yet. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly count: number;
  readonly protocol: PortProtocol;
}

/** What a user asks for. */
export interface PortRequest extends PortBinding {
  /** Of how many host ports, from `hostPort` on, the first free one is taken: 1, but for a single port of the container. */
  readonly choices: number;
}

/** Each port on its own. */
export function* singles<B extends PortBinding>(bindings: readonly B[]): Generator<B> {
  for (const binding of bindings)
    for (let step = 0; step < binding.count; step++)
      yield {
        ...binding,
        hostPort: binding.hostPort === 0 ? 0 : binding.hostPort + step,
        containerPort: binding.containerPort + step,
        count: 1,
      };
}

/** Neighbours joined to rows, the order kept otherwise. */
export function inRows<B extends PortBinding>(bindings: Iterable<B>): B[] {
  const rows: B[] = [];
  const open = new Map<string, number>();
  for (const binding of bindings) {
    const { hostIp, protocol, hostPort, containerPort, count } = binding;
    const key = (from: number, to: number) => `${hostIp} ${protocol} ${from} ${to}`;
    const isAny = hostPort === 0;
    const at = mayJoin(binding) ? open.get(key(hostPort, containerPort)) : undefined;
    const before = at === undefined ? undefined : rows[at];
    if (at === undefined || before === undefined) rows.push(binding);
    else rows[at] = { ...before, count: before.count + count };
    open.set(key(isAny ? 0 : hostPort + count, containerPort + count), at ?? rows.length - 1);
  }
  return rows;
}

const mayJoin = (binding: PortBinding): boolean => !("choices" in binding) || binding.choices === 1;

/** `80`, or `8000-8099`. */
export const portRange = (first: number, count: number): string =>
  count === 1 ? `${first}` : `${first}-${first + count - 1}`;

/** What is left of bindings when some are taken out, by all that a port is. */
export function without(
  bindings: readonly PortBinding[],
  gone: (single: PortBinding) => boolean,
): PortBinding[] {
  return inRows([...singles(bindings)].filter((single) => !gone(single)));
}

/** A port in network order. */
export const portBytes = (port: number): Uint8Array => Uint8Array.of(port >>> 8, port & 0xff);
