import { isIP } from "node:net";
import type { PortOption } from "../../engine/options.ts";
import { type Asked, invalid, object, objects, text } from "../asked.ts";

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i;

/** Docker's PortBindings: {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}. */
export function ports(host: Asked): readonly PortOption[] {
  const bindings = object(host, "PortBindings");
  return Object.keys(bindings.fields).flatMap((key) => {
    const at = `${bindings.at}${key}`;
    const { first, last, protocol } = range(key, at);
    if (first !== last) throw invalid(at, "a binding is for one port of the container");
    return objects(bindings, key).map((binding): PortOption => {
      const hostIp = text(binding, "HostIp");
      if (hostIp !== "" && isIP(hostIp) === 0) {
        throw invalid(`${binding.at}HostIp`, `"${hostIp}" is not an address`);
      }
      return { containerPort: first, protocol, hostIp, hostPort: hostPort(binding) };
    });
  });
}

function hostPort(binding: Asked): number {
  const value = text(binding, "HostPort");
  if (value === "") return 0;
  const at = `${binding.at}HostPort`;
  if (/^\d+-\d+$/.test(value)) throw invalid(at, `"${value}" is a range; name one port, or 0 for any`);
  if (!/^\d{1,5}$/.test(value) || Number(value) > 0xffff) throw invalid(at, `"${value}" is not a port`);
  return Number(value);
}

/** ExposedPorts: `80/tcp`, `80`, `8000-8010/udp`; answered one by one, with their protocol. */
export function exposedPorts(keys: readonly string[]): readonly string[] {
  return keys.flatMap((key) => {
    const { first, last, protocol } = range(key, `ExposedPorts.${key}`);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
  });
}

function range(key: string, at: string): { first: number; last: number; protocol: "tcp" | "udp" } {
  const match = PORT.exec(key);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  if (match === null || first < 1 || last < first || last > 0xffff) {
    throw invalid(at, "it is not a port such as 80/tcp");
  }
  const protocol = (match[3] ?? "tcp").toLowerCase();
  if (protocol === "sctp") throw invalid(at, "sctp is not supported yet");
  return { first, last, protocol: protocol === "udp" ? "udp" : "tcp" };
}
