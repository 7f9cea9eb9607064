/** A port as `ports` has it in short form: `[[IP:][PUBLISHED]:]TARGET[/PROTOCOL]` (05-services.md, "ports"). */
export interface ShortPort {
  readonly host_ip?: string;
  readonly target: number;
  /** A number; a range where one of several is taken for one target. */
  readonly published?: string;
  readonly protocol: string;
}

const FORM =
  /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^[\]]*?)):)?(?:([0-9-]*):)?([0-9]+(?:-[0-9]+)?)(?:\/([a-zA-Z]+))?$/;

/** One for each port of a range. Undefined: it is not written so, or its ranges do not fit each other. */
export function shortPorts(text: string): readonly ShortPort[] | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, six, first = "", second, last = "", protocol = "tcp"] = match;
  // `80:80` has no address: what stands before the only colon is what is published.
  const onlyPublished = second === undefined && six === undefined && /^[0-9-]+$/.test(first);
  const address = six ?? (onlyPublished ? "" : first);
  const published = second ?? (onlyPublished ? first : "");
  if (address !== "" && six === undefined && !/^[0-9.]+$/.test(address)) return undefined;
  const targets = portRange(last);
  const hosts = published === "" ? undefined : portRange(published);
  if (targets === undefined || (published !== "" && hosts === undefined)) return undefined;
  const [from, to] = targets;
  const one = (target: number, host: string | undefined): ShortPort => ({
    ...(address === "" ? {} : { host_ip: address }),
    target,
    ...(host === undefined ? {} : { published: host }),
    protocol: protocol.toLowerCase(),
  });
  if (hosts !== undefined && from === to)
    return [one(from, hosts[0] === hosts[1] ? `${hosts[0]}` : published)];
  if (hosts !== undefined && hosts[1] - hosts[0] !== to - from) return undefined;
  // Ordered as texts are, as docker compose has them: their order counts in a service's hash.
  const all = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  return all
    .sort((a, b) => (String(a) < String(b) ? -1 : 1))
    .map((target) => one(target, hosts === undefined ? undefined : `${hosts[0] + target - from}`));
}

/** `80` or `8000-8010`, both ends in it; undefined where it is none. */
export function portRange(text: string): readonly [from: number, to: number] | undefined {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = Number(match[2] ?? match[1]);
  return from <= to && to <= 65535 ? [from, to] : undefined;
}
