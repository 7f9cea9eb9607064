/** Through which proxy a server is reached: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as curl and Go read them. */
import { BlockList, isIP } from "node:net";
import { isLoopback } from "./address.ts";

export interface Proxies {
  /** For `http:` and for `https:`; "" is none. */
  readonly http: string;
  readonly https: string;
  /** What is reached without: names and their subdomains, addresses, CIDR, each with a port if it likes. */
  readonly except: readonly string[];
}

type Environment = Record<string, string | undefined>;

const variables = ["http_proxy", "https_proxy", "no_proxy"];

export function proxiesOf(environment: Environment): Proxies {
  const [http = "", https = "", except = ""] = variables.map(
    (name) => environment[name] || environment[name.toUpperCase()],
  );
  return {
    http,
    https,
    except: except
      .toLowerCase()
      .split(/[\s,]+/)
      .filter((each) => each !== ""),
  };
}

/** Bun applies the variables too, to loopback as well and without knowing CIDR, unless they are gone. */
function take(environment: Environment): Proxies {
  const proxies = proxiesOf(environment);
  for (const name of variables.flatMap((each) => [each, each.toUpperCase()])) delete environment[name];
  return proxies;
}

const own = take(process.env);

const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

function isWithin(address: string, subnet: string): boolean {
  const [net = "", bits = ""] = subnet.split("/");
  if (isIP(net) === 0 || isIP(net) !== isIP(address) || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (isIP(net) === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(net, Number(bits), family(net));
  return list.check(address, family(address));
}

/** `example.org`, `.example.org` and `*.example.org` (subdomains; the first itself too), `[::1]:443`, `10.0.0.0/8`, `*`. */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return isWithin(host, entry);
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry);
  const name = parts?.[1] ?? parts?.[2] ?? entry;
  if (parts?.[3] !== undefined && parts[3] !== port) return false;
  if (isIP(host) !== 0) return isWithin(host, `${name}/${isIP(host) === 6 ? 128 : 32}`);
  const suffix = name.replace(/^\*?\./, ".");
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

/** The proxy's URL, undefined for none. Loopback is this machine, which no proxy can mean. */
export function proxyFor(url: URL, proxies: Proxies = own): string | undefined {
  const isTls = url.protocol === "https:";
  const proxy = isTls ? proxies.https : proxies.http;
  if (proxy === "" || isLoopback(url.hostname)) return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
  const port = url.port || (isTls ? "443" : "80");
  if (proxies.except.some((entry) => covers(entry, host, port))) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}
