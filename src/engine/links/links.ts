import { bracketed } from "../../oci/address.ts";
import { InroError } from "../../oci/error.ts";
import type { Core } from "../core.ts";
import type { Entry } from "../entry.ts";
import { endpointsOf } from "../networks/endpoints.ts";
import type { ContainerOptions, EndpointOption, LinkOption } from "../options.ts";

/** The network whose members find each other by links alone, as Docker's first containers did. */
const DEFAULT = "bridge";

/** Every linked container by its id. INVALID_OPTION. */
export function settleLinks(core: Core, options: ContainerOptions): ContainerOptions {
  const endpoints = options.endpoints.map((one) => ({ ...one, links: settledLinks(core, one.links) }));
  if (options.links.length === 0) return { ...options, endpoints };
  const { kind } = options.network;
  // dockerd's words.
  if (kind === "host" || kind === "container" || kind === "none")
    throw refused(`conflicting options: ${kind} type networking can't be used with links`);
  return { ...options, endpoints, links: settledLinks(core, options.links) };
}

/** The same of one network's alone. INVALID_OPTION */
export const settledLinks = (core: Core, links: readonly LinkOption[]): readonly LinkOption[] =>
  links.map(({ container, alias }) => {
    const { id, name } = linked(core, container);
    return { container: id, name, alias };
  });

/** Not a 404: the docker CLI takes that for a missing image, pulls it and asks again. */
function linked(core: Core, container: string): Entry {
  try {
    return core.shelf.find(container);
  } catch (cause) {
    throw refused(
      `could not get container for ${container}: ${cause instanceof InroError ? cause.why : cause}`,
      cause,
    );
  }
}

function refused(why: string, cause?: unknown): InroError {
  return new InroError("INVALID_OPTION", {
    what: "cannot link the container",
    why,
    at: "--link",
    ...(cause === undefined ? {} : { cause }),
  });
}

interface Linking {
  readonly options: ContainerOptions;
  readonly attachments: Entry["fortune"]["attachments"];
  readonly endpoints: readonly EndpointOption[];
}

/** A linked container, and where both are: its addresses there. */
function reached(core: Core, { options, attachments, endpoints }: Linking) {
  const ours = attachments.map(({ network }) => network);
  const all = [
    ...options.links.map((link) => ({ ...link, within: ours })),
    ...endpoints.flatMap(({ network, links }) => links.map((link) => ({ ...link, within: [network] }))),
  ];
  return all.flatMap(({ container, alias, within }) => {
    const entry = [...core.shelf.all()].find(({ id }) => id === container);
    const connected = entry?.live == null ? [] : entry.fortune.attachments;
    const shared = connected.filter(({ network }) => within.includes(network) && ours.includes(network));
    return entry === undefined ? [] : [{ entry, alias, shared }];
  });
}

/** Lines for /etc/hosts, `name:address`: this container alone knows the other by the alias. */
export function linkHosts(core: Core, linking: Linking): readonly string[] {
  const lines = reached(core, linking).flatMap(({ entry, alias, shared }) =>
    shared.flatMap(({ network, addresses }) => {
      const names = network === DEFAULT ? [alias, entry.id.slice(0, 12), entry.name] : [alias];
      return addresses.flatMap(({ address }) => names.map((name) => `${name}:${address}`));
    }),
  );
  return [...new Set(lines)];
}

/** In the default network one whose other end does not run does not start. NOT_RUNNING. */
export function checkLinks(core: Core, name: string, linking: Linking): void {
  if (!linking.attachments.some(({ network }) => network === DEFAULT)) return;
  for (const { entry, alias } of reached(core, linking))
    if (entry.live === null)
      throw new InroError("NOT_RUNNING", {
        what: `cannot link to the container "${entry.name}"`,
        why: `Cannot link to a non running container: /${entry.name} AS /${name}/${alias}`,
        hint: "start that one first",
        at: "--link",
      });
}

/** In the default network the variables that Docker gave its first containers; they come before the container's own. */
export function linkEnvironment(core: Core, name: string, linking: Linking): readonly string[] {
  return reached(core, linking).flatMap(({ entry, alias, shared }) => {
    const address = shared.find(({ network }) => network === DEFAULT)?.addresses[0]?.address;
    return address === undefined ? [] : variables(entry.origin.options, `/${name}/${alias}`, alias, address);
  });
}

function variables(
  { exposedPorts, env }: ContainerOptions,
  path: string,
  alias: string,
  address: string,
): readonly string[] {
  const prefix = alias.toUpperCase().replaceAll("-", "_");
  const host = bracketed(address);
  const ports = exposedPorts
    .map((text) => text.split("/"))
    .map(([port = "", protocol = "tcp"]) => ({ port, protocol }))
    .sort((a, b) => Number(a.port) - Number(b.port) || (a.protocol === "tcp" ? -1 : 1));
  const url = ({ port, protocol }: { port: string; protocol: string }) => `${protocol}://${host}:${port}`;
  const [first] = ports;
  return [
    ...(first === undefined ? [] : [`${prefix}_PORT=${url(first)}`]),
    ...ports.flatMap((each) => {
      const name = `${prefix}_PORT_${each.port}_${each.protocol.toUpperCase()}`;
      return [
        `${name}=${url(each)}`,
        `${name}_ADDR=${address}`,
        `${name}_PORT=${each.port}`,
        `${name}_PROTO=${each.protocol}`,
      ];
    }),
    `${prefix}_NAME=${path}`,
    ...env.filter((entry) => /^(?!(HOME|PATH)=)[^=]+=/.test(entry)).map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

/** Those that run and are linked to this one. */
export function linkedTo(core: Core, id: string): readonly Entry[] {
  const linksOf = (entry: Entry) => [
    ...entry.origin.options.links,
    ...endpointsOf(entry).flatMap(({ links }) => links),
  ];
  return [...core.shelf.all()].filter(
    (entry) => entry.live !== null && linksOf(entry).some(({ container }) => container === id),
  );
}
