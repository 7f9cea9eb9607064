import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError, at, type Client } from "../../client/client.ts";
import { InroError } from "../../oci/error.ts";
import { type CreateContext, createBody } from "../converge/body/create.ts";
import { copies } from "../converge/files.ts";
import { imageName, label } from "../converge/labels.ts";
import { hashOf, joined, linked, type Peer } from "../converge/resolve.ts";
import type { Project, Service, Texts } from "../model/project.ts";
import { putFiles } from "./files.ts";
import type { Hands } from "./hands.ts";
import { lookImage } from "./look.ts";

export interface Creating {
  readonly project: Project;
  readonly service: Service;
  readonly number: number;
  readonly name: string;
  readonly inherits?: Readonly<Record<string, string>>;
  readonly replaces?: string;
  readonly oneOff?: NonNullable<CreateContext["oneOff"]>;
}

/** What the engine is asked for. */
export async function bodyOf(hands: Hands, creating: Creating): Promise<Record<string, unknown>> {
  const { client, env, socket } = hands;
  const { project, service } = creating;
  const [image, peers] = await Promise.all([
    lookImage(client, imageName(project, service)),
    peersOf(client, project, [...joined(service), ...linked(service)]),
  ]);
  const body = createBody({
    ...creating,
    image: image ?? { id: "", entrypoint: null },
    hash: hashOf(service, peers),
    peers,
    env,
    ...(socket === undefined ? {} : { socket }),
  });
  return withProfiles(body, project);
}

/** Makes a service's container, with its secrets and configurations in it. Answers its id. COMPOSE_NAME_TAKEN. */
export async function createContainer(
  hands: Hands,
  creating: Creating,
  warn: (text: string) => void,
): Promise<string> {
  const { client, env } = hands;
  const { project, service, name } = creating;
  const body = await bodyOf(hands, creating);
  const id = await post(client, { name, platform: service.platform }, body, warn);
  try {
    await putFiles(client, id, copies(project, service), env);
  } catch (error) {
    // Without them it must never start.
    await client.send({ method: "DELETE", path: at`/containers/${id}`, query: { force: true, v: true } });
    throw error;
  }
  return id;
}

async function peersOf(
  client: Client,
  project: Project,
  services: readonly string[],
): Promise<(name: string) => readonly Peer[]> {
  const found = await Promise.all(
    services.map(async (service) => {
      const filters = {
        label: [`${label.project}=${project.name}`, `${label.service}=${service}`, `${label.oneOff}=False`],
      };
      const all = await client.json<
        readonly { Id: string; Names: readonly string[]; Labels: Readonly<Record<string, string>> }[]
      >({ method: "GET", path: "/containers/json", query: { all: true, filters: JSON.stringify(filters) } });
      const peers = all.map(({ Id, Names, Labels }) => ({
        id: Id,
        name: (Names[0] ?? "").replace(/^\//, ""),
        service,
        number: Number(Labels[label.number] ?? 0),
      }));
      return [service, peers.sort((a, b) => a.number - b.number)] as const;
    }),
  );
  const map = new Map(found);
  return (name) => map.get(name) ?? [];
}

interface Networking {
  readonly EndpointsConfig: Readonly<Record<string, unknown>>;
}

/** Engines before the API's version 1.44 take one network at a time. */
const MANY_NETWORKS = 44;

async function post(
  client: Client,
  query: { readonly name: string; readonly platform: string | undefined },
  body: Readonly<Record<string, unknown>>,
  warn: (text: string) => void,
): Promise<string> {
  const { version } = await client.peer();
  const endpoints = Object.entries(
    (body["NetworkingConfig"] as Networking | undefined)?.EndpointsConfig ?? {},
  );
  const [first, ...others] = endpoints;
  const later = Number(version.split(".")[1]) < MANY_NETWORKS ? others : [];
  const now = later.length === 0 ? endpoints : [first ?? ["", {}]];
  const asked =
    endpoints.length === 0
      ? body
      : { ...body, NetworkingConfig: { EndpointsConfig: Object.fromEntries(now) } };
  const made = await create(client, query, asked);
  for (const text of made.Warnings ?? []) warn(text);
  for (const [network, EndpointConfig] of later)
    await client.send({
      method: "POST",
      path: at`/networks/${network}/connect`,
      body: { Container: made.Id, EndpointConfig },
    });
  return made.Id;
}

interface Made {
  readonly Id: string;
  readonly Warnings?: readonly string[] | null;
}

/** Milliseconds between two tries, and how many: what another run has begun the engine still ends. */
const AGAIN = 100;
const TRIES = 50;

/** What a run that was cut off has asked for may just have come to be: the same container is not made twice. COMPOSE_NAME_TAKEN. */
async function create(
  client: Client,
  query: { readonly name: string; readonly platform: string | undefined },
  body: Readonly<Record<string, unknown>>,
): Promise<Made> {
  for (let tries = 1; ; tries++)
    try {
      return await client.json<Made>({ method: "POST", path: "/containers/create", query, body });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      const holder = await holderOf(client, query.name);
      if (holder !== undefined && isTwin(holder, body)) return holder;
      if (holder !== undefined || tries === TRIES)
        throw new InroError("COMPOSE_NAME_TAKEN", {
          what: `cannot make the container "${query.name}"`,
          why: error.message,
          hint: "rename or remove the one that has the name",
          cause: error,
        });
      await sleep(AGAIN);
    }
}

interface Holder extends Made {
  readonly State: { readonly Status: string };
  readonly Config: { readonly Labels: Texts | null };
}

/** Undefined: it is being made at this moment, or has just gone. */
async function holderOf(client: Client, name: string): Promise<Holder | undefined> {
  try {
    return await client.json<Holder>({ method: "GET", path: at`/containers/${name}/json` });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

const isTwin = ({ State, Config }: Holder, { Labels }: Readonly<Record<string, unknown>>): boolean =>
  State.Status === "created" &&
  [label.project, label.service, label.number, label.oneOff, label.hash].every(
    (name) => Config.Labels?.[name] === (Labels as Texts)[name],
  );

/** A seccomp profile is a file of this side: the engine gets its text. */
function withProfiles(body: Record<string, unknown>, { workingDir }: Project): Record<string, unknown> {
  const host = body["HostConfig"] as Record<string, unknown>;
  const entries = host["SecurityOpt"] as readonly string[] | undefined;
  if (entries === undefined) return body;
  const SecurityOpt = entries.map((entry) => {
    const file = /^seccomp[=:](.*)$/.exec(entry)?.[1];
    if (file === undefined || file === "unconfined" || file === "builtin") return entry;
    try {
      return `seccomp=${JSON.stringify(JSON.parse(readFileSync(resolve(workingDir, file), "utf8")))}`;
    } catch (error) {
      throw new InroError("COMPOSE_FILE_MISSING", {
        what: `cannot use "${file}" as the seccomp profile`,
        why: (error as Error).message,
      });
    }
  });
  return { ...body, HostConfig: { ...host, SecurityOpt } };
}
