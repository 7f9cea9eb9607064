import { Readable } from "node:stream";
import { extract } from "tar-stream";

// biome-ignore lint/suspicious/noExplicitAny: the API's JSON, as it comes.
type Json = any;

/** What an engine has, with nothing in it that differs between two times that the same is asked of it. */
export interface Outcome {
  readonly containers: Readonly<Record<string, Json>>;
  readonly networks: Readonly<Record<string, Json>>;
  readonly volumes: readonly Json[];
  /** The names of images, but for those that the engine began with. */
  readonly images: readonly string[];
}

export interface Project {
  /** Where its files are: `<project>` in what is answered. */
  readonly path: string;
  /** All text of its files: an address that is not in it was chosen by the engine. */
  readonly text: string;
}

/** Of an engine's whole state, whatever it was that made it. */
export async function outcome(socket: string, project: Project): Promise<Outcome> {
  const get = async (path: string): Promise<Json> =>
    await (await fetch(`http://d${path}`, { unix: socket })).json();
  const list: Json[] = await get("/containers/json?all=1");
  const inspected: Json[] = await Promise.all(list.map(({ Id }) => get(`/containers/${Id}/json`)));
  const networks = ((await get("/networks")) as Json[]).filter(({ Name }) => !predefined.has(Name));
  const images: Json[] = await get("/images/json");
  const volumes: Json[] = (await get("/volumes")).Volumes ?? [];
  const names = new Map<string, string>();
  for (const { Id, Name } of inspected) {
    names.set(Id, `<${Name.slice(1)}>`).set(Id.slice(0, 12), `<${Name.slice(1)}>`);
  }
  for (const { Id, Name } of networks) names.set(Id, `<${Name}>`);
  for (const { Name } of volumes.filter(({ Name }) => /^[0-9a-f]{64}$/.test(Name)))
    names.set(Name, "<anonymous>");
  for (const { Id, RepoTags } of images) names.set(Id, `<${RepoTags[0]}>`);
  const plain = (value: Json) => named(value, names, project.path);
  return {
    containers: Object.fromEntries(
      await Promise.all(
        inspected.map(async (each) => {
          const [container, files] = [plain(each), plain(await addedFiles(get, socket, each.Id))];
          return [container.Name.slice(1), { ...containerOf(container, project), files }];
        }),
      ),
    ),
    networks: Object.fromEntries(networks.map((each) => [each.Name, networkOf(plain(each), project)])),
    volumes: volumes.map((each) => volumeOf(plain(each), project)).sort(byText),
    images: images
      .flatMap(({ RepoTags }) => RepoTags)
      .filter((name) => !initial.has(name))
      .sort(),
  };
}

const predefined = new Set(["bridge", "host", "none"]);

/** The images that a test's engine begins with. */
export const initial: ReadonlySet<string> = new Set(["busybox:latest", "localhost/hello:latest"]);

const byText = (a: Json, b: Json) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

function containerOf(inspected: Json, project: Project): Json {
  const { State, Config, HostConfig, NetworkSettings, Mounts } = inspected;
  const { Labels, Env, Hostname, ...config } = Config;
  return {
    state: { status: State.Status, exit: State.ExitCode, health: State.Health?.Status },
    image: inspected.Image,
    program: [inspected.Path, ...inspected.Args],
    config: { ...config, Hostname, Env: (Env ?? []).toSorted(), Labels: labelsOf(Labels, project) },
    host: {
      ...HostConfig,
      Binds: (HostConfig.Binds ?? []).toSorted(),
      ExtraHosts: (HostConfig.ExtraHosts ?? []).toSorted(),
      Mounts: (HostConfig.Mounts ?? []).toSorted(byText),
      Ulimits: (HostConfig.Ulimits ?? []).toSorted(byText),
    },
    mounts: Mounts.map(({ Source, ...mount }: Json) =>
      mount.Type === "volume" ? mount : { ...mount, Source },
    ).toSorted(byText),
    networks: Object.fromEntries(
      Object.entries<Json>(NetworkSettings.Networks).map(([name, each]) => [name, endpointOf(each, project)]),
    ),
    ports: portsOf(NetworkSettings.Ports ?? {}, HostConfig.PortBindings ?? {}),
  };
}

/** Labels of Compose's own whose text is another one each time. */
const passing = ["version", "slug", "replace"].map((name) => `com.docker.compose.${name}`);

/** A configuration that is about another container is hashed with that one's id in it; a single run's is never asked for. */
const another = /\b(service|container):|volumes_from/;

/** Without what is another text each time, which builder it was, and without the order of what is written in none. */
function labelsOf(labels: Record<string, string> | null, project: Project): Json {
  const plain = { ...labels };
  const hash = "com.docker.compose.config-hash";
  const isOneOff = plain["com.docker.compose.oneoff"] === "True";
  if (hash in plain && (isOneOff || another.test(project.text))) plain[hash] = "<hash>";
  delete plain["com.docker.compose.image.builder"];
  for (const label of passing) if (label in plain) plain[label] = `<${label}>`;
  const on = plain["com.docker.compose.depends_on"];
  if (on !== undefined) plain["com.docker.compose.depends_on"] = on.split(",").sort().join();
  return plain;
}

const isSaid = (text: string, project: Project) => text !== "" && project.text.includes(text);

function endpointOf(
  { Aliases, DNSNames, IPAMConfig, Links, DriverOpts, GwPriority, MacAddress }: Json,
  project: Project,
): Json {
  const ipam = Object.entries<Json>(IPAMConfig ?? {}).filter(([, value]) => value !== "" && value !== null);
  return {
    aliases: (Aliases ?? []).toSorted(),
    names: (DNSNames ?? []).toSorted(),
    ipam: Object.fromEntries(ipam),
    links: (Links ?? []).toSorted(),
    options: DriverOpts ?? {},
    priority: GwPriority,
    mac: isSaid(MacAddress, project) ? MacAddress : "",
  };
}

/** Where each is published; a port that was not asked for by its number was chosen by the engine. */
function portsOf(ports: Json, asked: Json): Json {
  const told = (port: string) => (binding: Json) => {
    const isAsked = asked[port]?.some(({ HostPort }: Json) => HostPort === binding.HostPort);
    return { ...binding, HostPort: isAsked ? binding.HostPort : "<port>" };
  };
  return Object.fromEntries(
    Object.entries<Json>(ports).map(([port, bindings]) => [port, bindings?.map(told(port)) ?? null]),
  );
}

function networkOf(
  { Id: _id, Created: _created, Containers: _containers, IPAM, Labels, ...network }: Json,
  project: Project,
): Json {
  const pools = (IPAM.Config ?? []).filter(({ Subnet }: Json) => isSaid(Subnet, project));
  return { ...network, IPAM: { ...IPAM, Config: pools }, Labels: labelsOf(Labels, project) };
}

const volumeOf = (
  { CreatedAt: _created, Mountpoint: _mountpoint, Labels, ...volume }: Json,
  project: Project,
): Json => ({ ...volume, Labels: labelsOf(Labels, project) });

/** The files that were put into a container's own layer, each with its owner, mode and text. */
async function addedFiles(get: (path: string) => Promise<Json>, socket: string, id: string): Promise<Json> {
  const changes: Json[] = (await get(`/containers/${id}/changes`)) ?? [];
  const files: Record<string, string> = {};
  for (const { Path } of changes.filter(({ Kind }) => Kind === ADDED)) {
    const url = `http://d/containers/${id}/archive?path=${encodeURIComponent(Path)}`;
    if (await isFolder(url, socket)) continue;
    const entries = extract();
    Readable.from([Buffer.from(await (await fetch(url, { unix: socket })).arrayBuffer())]).pipe(entries);
    for await (const entry of entries) {
      const { uid, gid, mode } = entry.header;
      const text = Buffer.concat((await Array.fromAsync(entry)) as Uint8Array[]).toString();
      files[Path] = `${uid}:${gid} ${((mode ?? 0) & 0o7777).toString(8)} ${text}`;
    }
  }
  return files;
}

async function isFolder(url: string, socket: string): Promise<boolean> {
  const { headers } = await fetch(url, { unix: socket, method: "HEAD" });
  const stat = Buffer.from(headers.get("x-docker-container-path-stat") ?? "", "base64").toString();
  return JSON.parse(stat).mode >= GO_MODE_DIR;
}

/** Go's os.ModeDir is the mode's highest bit. */
const GO_MODE_DIR = 2 ** 31;

/** A kind of change, as the API counts them. */
const ADDED = 1;

const ids = /\b(sha256:)?[0-9a-f]{12,64}\b/g;

/** Texts with ids as the names of what has them, and paths below the project's. */
function named(value: Json, names: ReadonlyMap<string, string>, path: string): Json {
  if (Array.isArray(value)) return value.map((each) => named(each, names, path));
  if (typeof value === "string")
    return value.replaceAll(path, "<project>").replace(ids, (id) => names.get(id) ?? id);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]): [string, Json] => [named(key, names, path), named(each, names, path)])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
