import { UsageError } from "../options/usage-error.ts";

export interface PortFields {
  /** Config.ExposedPorts. */
  readonly exposed: Record<string, Record<string, never>>;
  /** HostConfig.PortBindings. */
  readonly bindings: Record<string, { HostIp: string; HostPort: string }[]>;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function range(text: string, refuse: (why: string) => Error): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) throw refuse(`"${text}" is not a port`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (first > 65535 || last > 65535) throw refuse("a port is at most 65535");
  if (last < first) throw refuse(`the range "${text}" runs backwards`);
  return { first, last };
}

/** `[ip:][host:]container[/protocol]`, with ranges on both sides; an IPv6 address stands in brackets. */
export function ports(published: readonly string[], exposed: readonly string[]): PortFields {
  const fields: PortFields = { exposed: {}, bindings: {} };
  for (const entry of exposed) {
    const refuse = (why: string) => new UsageError(`cannot use "${entry}" for --expose: ${why}`);
    const { port, protocol } = withProtocol(entry, refuse);
    const { first, last } = range(port, refuse);
    for (let number = first; number <= last; number++) fields.exposed[`${number}/${protocol}`] = {};
  }
  for (const entry of published) publish(fields, entry);
  return fields;
}

function withProtocol(entry: string, refuse: (why: string) => Error): { port: string; protocol: string } {
  const [port = "", protocol = "tcp", ...more] = entry.split("/");
  if (more.length > 0 || !["tcp", "udp", "sctp"].includes(protocol.toLowerCase()))
    throw refuse(`"${entry.slice(port.length + 1)}" is not tcp, udp or sctp`);
  return { port, protocol: protocol.toLowerCase() };
}

function publish(fields: PortFields, entry: string): void {
  const refuse = (why: string) =>
    new UsageError(`cannot use "${entry}" for --publish: ${why} (write [IP:]HOST:CONTAINER, as 8080:80)`);
  const match = /^(?:(?:\[([0-9a-f:.]+)\]|([0-9.]+(?=:.*:))|(?=:)):)?(?:([^:]*):)?([^:]+)$/i.exec(entry);
  if (match === null) throw refuse("it has too many parts");
  const [, six, four, host = "", last = ""] = match;
  const { port, protocol } = withProtocol(last, refuse);
  const inside = range(port, refuse);
  const outside = host === "" ? undefined : range(host, refuse);
  const span = inside.last - inside.first;
  // One port of the container may take any free one of a range of the host's.
  const anyOf = outside !== undefined && span === 0 && outside.last > outside.first;
  if (outside !== undefined && !anyOf && outside.last - outside.first !== span)
    throw refuse("the two ranges differ in length");
  for (let i = 0; i <= span; i++) {
    const key = `${inside.first + i}/${protocol}`;
    fields.exposed[key] = {};
    const hostPort = outside === undefined ? "" : anyOf ? host : String(outside.first + i);
    const bindings = fields.bindings[key] ?? [];
    bindings.push({ HostIp: six ?? four ?? "", HostPort: hostPort });
    fields.bindings[key] = bindings;
  }
}
