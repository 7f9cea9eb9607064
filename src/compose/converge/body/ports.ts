import type { Service } from "../../model/project.ts";

/** `1300-1302/udp` is three of them. */
function range(entry: string): readonly string[] {
  const [, from = "", to = from, protocol = "tcp"] = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(entry) ?? [];
  if (from === "") return [entry];
  return Array.from(
    { length: Number(to) - Number(from) + 1 },
    (_, index) => `${Number(from) + index}/${protocol}`,
  );
}

/** Ports that its containers offer, published or not: `80/tcp`. */
export const expose = ({ expose: exposed = [], ports = [] }: Service): readonly string[] => [
  ...exposed.flatMap(range),
  ...ports.map(({ target, protocol }) => `${target}/${protocol}`),
];

export const portBindings = ({ ports = [] }: Service): Record<string, unknown[]> =>
  Object.fromEntries(
    Map.groupBy(ports, ({ target, protocol }) => `${target}/${protocol}`)
      .entries()
      .map(([port, bindings]) => [
        port,
        bindings.map(({ host_ip: address = "", published = "" }) => ({
          HostIp: address,
          HostPort: published,
        })),
      ]),
  );

/** Ports of the host that its containers take, or may take: `8080/tcp`. */
export const hostPorts = ({ ports = [] }: Service): readonly string[] =>
  ports.flatMap(({ published, protocol }) =>
    published === undefined ? [] : range(`${published}/${protocol}`),
  );
