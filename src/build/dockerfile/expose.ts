import { isIP } from "node:net";
import { DockerfileError } from "./error.ts";
import { expandWords, type Lookup } from "./expand.ts";
import type { Word } from "./word.ts";

/** A port as EXPOSE has it, `[[ip:]host:]port[-last][/protocol]`, taken apart and not checked. */
export interface PortText {
  readonly ip: string;
  readonly host: string;
  readonly port: string;
  /** As written; empty where none is. */
  readonly protocol: string;
}

export function splitPort(text: string): PortText {
  const parts = text.split(":");
  const last = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const slash = last.indexOf("/");
  const [port, protocol] = slash < 0 ? [last, ""] : [last.slice(0, slash), last.slice(slash + 1)];
  return { ip: parts.join(":"), host, port, protocol };
}

/** The ports that a word of EXPOSE names, as an image's `ExposedPorts` has them: `80/tcp`. Throws DOCKERFILE_INVALID. */
export function exposedPorts(word: Word, lookup: Lookup): string[] {
  return expandWords(word, lookup).flatMap((text) => {
    const wrong = whyNot(text);
    if (wrong === undefined) return portsOf(splitPort(text));
    const { source, location } = word;
    throw new DockerfileError({ source, location, why: wrong, hint: "write 80, 8000-8010 or 53/udp" });
  });
}

function whyNot(text: string): string | undefined {
  const { ip, host, port, protocol } = splitPort(text);
  const address = ip.replace(/^\[(.*)\]$/, "$1");
  if (!/^(|tcp|udp|sctp)$/i.test(protocol)) return `invalid proto: ${protocol}`;
  if (address !== "" && isIP(address) === 0) return `invalid IP address: ${address}`;
  if (port === "") return `no port specified: ${text}<empty>`;
  if (range(port) === undefined) return `invalid containerPort: ${port}`;
  if (host !== "" && range(host) === undefined) return `invalid hostPort: ${host}`;
  return undefined;
}

function range(text: string): { first: number; last: number } | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return last < first || last > 65535 ? undefined : { first, last };
}

function portsOf({ port, protocol }: PortText): string[] {
  const { first, last } = range(port) ?? { first: 0, last: -1 };
  const name = protocol === "" ? "tcp" : protocol.toLowerCase();
  return [...Array(last - first + 1).keys()].map((step) => `${first + step}/${name}`);
}
