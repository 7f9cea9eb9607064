import { isIP } from "node:net";
import { inRows, type PortProtocol, type PortRequest } from "../../oci/port.ts";
import { type Asked, invalid, object, objects, text } from "../asked.ts";

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i;

/** Docker's PortBindings: {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}]}. */
export function ports(from: Asked, name = "PortBindings"): readonly PortRequest[] {
  const bindings = object(from, name);
  const each = Object.keys(bindings.fields).flatMap((key) => {
    const at = `${bindings.at}${key}`;
    const { first, last, protocol } = range(key, at);
    if (first !== last) throw invalid(at, "a binding is for one port of the container");
    return objects(bindings, key).map(
      (binding): PortRequest => ({
        ...{ containerPort: first, protocol, hostIp: hostIp(binding), count: 1 },
        ...hostPort(binding),
      }),
    );
  });
  return inRows(each);
}

function hostIp(binding: Asked): string {
  const value = text(binding, "HostIp").replace(/^\[(.*)\]$/, "$1");
  if (value === "" || isIP(value) !== 0) return value;
  throw invalid(`${binding.at}HostIp`, `"${value}" is not an address`);
}

/** `8080`, or `8000-8100` for the first free one of them; none or 0 for any. */
function hostPort(binding: Asked): { readonly hostPort: number; readonly choices: number } {
  const value = text(binding, "HostPort");
  if (value === "") return { hostPort: 0, choices: 1 };
  const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (!(last <= 0xffff && first <= last) || (first === 0 && last > 0))
    throw invalid(`${binding.at}HostPort`, `"${value}" is neither a port nor a range of ports`);
  return { hostPort: first, choices: last - first + 1 };
}

/** ExposedPorts: `80/tcp`, `80`, `8000-8010/udp`; answered one by one, with their protocol. */
export function exposedPorts(keys: readonly string[]): readonly string[] {
  return keys.flatMap((key) => {
    const { first, last, protocol } = range(key, `ExposedPorts.${key}`);
    return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
  });
}

function range(key: string, at: string): { first: number; last: number; protocol: PortProtocol } {
  const match = PORT.exec(key);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  if (match === null || first < 1 || last < first || last > 0xffff) {
    throw invalid(at, "it is not a port such as 80/tcp");
  }
  return { first, last, protocol: (match[3] ?? "tcp").toLowerCase() as PortProtocol };
}
