/** A build's command line as a request of the API. */
import { ApiError, type Client, type Query, type Request } from "../../client/client.ts";
import type { BuildLine } from "../../oci/build-line.ts";
import { folderId } from "../../platform/folder-id.ts";
import { hostLine } from "../create/body.ts";
import { labels } from "../create/environment.ts";
import { ulimit } from "../create/limits.ts";
import { allRegistryHeaders } from "../credentials/header.ts";
import type { Values } from "../options/option.ts";
import { UsageError } from "../options/usage-error.ts";
import { type BuildContext, inlineOf } from "./context.ts";
import { agents, buildArgs, cachePlaces, contexts, type Output } from "./inputs.ts";
import type { AnyLine } from "./line.ts";
import type { buildOptions } from "./options.ts";
import { inlineName, packContext } from "./pack.ts";

export type BuildValues = Values<typeof buildOptions>;

const jsonOf = (record: object): string | undefined =>
  Object.keys(record).length === 0 ? undefined : JSON.stringify(record);

/** What the engine's answer to a folder is that it does not see as we do. */
const ELSEWHERE = 412;

export interface Building {
  readonly options: BuildValues;
  readonly context: BuildContext;
  readonly outputs: readonly Output[];
  /** Base64 by id. */
  readonly secrets: Secrets;
}

/** The lines of the build, as they come. */
export async function* builtLines(
  client: Client,
  { options, context, outputs, secrets }: Building,
  tell: (line: BuildLine) => void,
): AsyncGenerator<AnyLine, void> {
  const { foreign } = await client.peer();
  const base: Request = {
    ...{ method: "POST", path: "/build" },
    query: {
      ...queryOf(options, outputs),
      ...(foreign === null ? oursOf(options) : refuseOurs(options, foreign)),
    },
    headers: await allRegistryHeaders(),
  };
  if (foreign === null && context.kind !== "tar") {
    try {
      yield* client.values<AnyLine>(readThere(base, context, secrets));
      return;
    } catch (error) {
      if (context.kind !== "folder" || !(error instanceof ApiError) || error.status !== ELSEWHERE)
        throw error;
    }
  }
  const request = sent(base, context, secrets);
  const { stream } = request;
  yield* client.values<AnyLine>(stream === undefined ? request : { ...request, stream: told(stream, tell) });
}

/** The engine reads the context itself. */
function readThere(base: Request, context: Exclude<BuildContext, { kind: "tar" }>, given: Secrets): Request {
  const { dockerfile } = context;
  const query: Query = {
    ...base.query,
    ...(context.kind === "folder" ? { contextfolder: context.path, contextid: folderId(context.path) } : {}),
    ...(context.kind === "url" ? { remote: context.url } : {}),
    ...(typeof dockerfile === "string" ? { dockerfile } : {}),
  };
  const inline = inlineOf(dockerfile);
  return { ...base, query, body: { secrets: given, ...(inline === null ? {} : { dockerfile: inline }) } };
}

/** The context is sent. */
function sent(base: Request, context: BuildContext, given: Secrets): Request {
  const { dockerfile } = context;
  const inline = inlineOf(dockerfile);
  const query: Query = {
    ...base.query,
    dockerfile: inline === null ? ((dockerfile ?? undefined) as string) : inlineName(),
  };
  const headers = { ...base.headers, ...secretHeaders(given), "content-type": "application/x-tar" };
  switch (context.kind) {
    case "url":
      if (inline !== null) throw new UsageError("-f - needs a context that is a folder, with this engine", 1);
      return { ...base, query: { ...query, remote: context.url } };
    case "tar":
      return { ...base, query, headers, stream: context.bytes };
    case "folder":
      return { ...base, query, headers, stream: packContext({ folder: context.path, dockerfile }) };
    case "none":
      return { ...base, query, headers, stream: packContext({ folder: null, dockerfile: inline }) };
  }
}

/** A step that is the client's own: nobody else counts it. */
const SENDING = -1;

async function* told(
  bytes: AsyncIterable<Uint8Array>,
  tell: (line: BuildLine) => void,
): AsyncGenerator<Uint8Array> {
  const step = SENDING;
  let current = 0;
  tell({ type: "started", at: Date.now(), step, place: "context", text: "sent to the engine" });
  for await (const part of bytes) {
    current += part.length;
    yield part;
    tell({ type: "progress", at: Date.now(), step, what: "sent", current });
  }
  tell({ type: "progress", at: Date.now(), step, what: "sent", current, total: current });
  const why = "the engine does not read it itself";
  tell({ type: "ended", at: Date.now(), step, outcome: { kind: "done", why } });
}

type Secrets = Readonly<Record<string, string>>;

/** What a server takes of headers is about 16 KB in all. */
const MOST_HEADER = 12 * 1024;

function secretHeaders(given: Secrets): Record<string, string> {
  if (Object.keys(given).length === 0) return {};
  const header = Buffer.from(JSON.stringify(given)).toString("base64");
  if (header.length > MOST_HEADER)
    throw new UsageError("secrets of more than 9 KB need a context that the engine reads itself", 1);
  return { "x-build-secrets": header };
}

/** Docker's own parameters. */
function queryOf(options: BuildValues, outputs: readonly Output[]): Query {
  const from = cachePlaces("cache-from", options["cache-from"]);
  return {
    t: [...options.tag, ...outputs.flatMap(({ names }) => names)],
    target: options.target,
    buildargs: jsonOf(buildArgs(options["build-arg"])),
    labels: jsonOf(labels([], options.label)),
    platform: onePlatform(options.platform),
    pull: options.pull,
    nocache: options["no-cache"],
    rm: options.rm,
    forcerm: options["force-rm"],
    squash: options.squash,
    securityopt: options["security-opt"],
    isolation: options.isolation,
    networkmode: options.network,
    extrahosts: options["add-host"].map(hostLine),
    memory: options.memory,
    memswap: options["memory-swap"],
    cpushares: options["cpu-shares"],
    cpuperiod: options["cpu-period"],
    cpuquota: options["cpu-quota"],
    cpusetcpus: options["cpuset-cpus"],
    cpusetmems: options["cpuset-mems"],
    cgroupparent: options["cgroup-parent"],
    shmsize: options["shm-size"],
    ulimits: options.ulimit.length === 0 ? undefined : JSON.stringify(options.ulimit.map(ulimit)),
    cachefrom: from.length === 0 ? undefined : JSON.stringify(from),
  };
}

/** What only our engine has. */
function oursOf(options: BuildValues): Query {
  const named = contexts(options["build-context"]);
  const to = cachePlaces("cache-to", options["cache-to"]);
  return {
    progress: "events",
    onerror: options["on-error"] === "shell" ? "shell" : undefined,
    check: checks(options) !== null,
    nocachefilter: options["no-cache-filter"].flatMap((each) => each.split(",")),
    contexts: jsonOf(named.places),
    contextids: jsonOf(named.ids),
    ssh: jsonOf(agents(options.ssh)),
    allow: options.allow.flatMap((each) => each.split(",")),
    dns: options.dns,
    timestamp: options.timestamp,
    cacheto: to.length === 0 ? undefined : JSON.stringify(to),
  };
}

/** How what was found is printed, where the Dockerfile is only to be checked. */
export function checks({ check, call }: BuildValues): "text" | "json" | null {
  if (call === undefined || call === "build") return check ? "text" : null;
  const asked = /^(?:check|lint)(?:,format=(text|json))?$/.exec(call);
  if (asked !== null) return asked[1] === "json" ? "json" : "text";
  throw new UsageError(`cannot use "${call}" for --call: there are build, check, and check,format=json`);
}

const OURS = [
  "no-cache-filter",
  "build-context",
  "ssh",
  "allow",
  "dns",
  "timestamp",
  "cache-to",
  "secret",
  "check",
  "on-error",
] as const satisfies readonly (keyof BuildValues)[];

function refuseOurs(options: BuildValues, foreign: string): Query {
  const asked = OURS.find((name) => {
    const value = options[name];
    return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
  });
  if (asked === undefined) return {};
  throw new UsageError(
    `--${asked} needs inro's own engine: ${foreign} has it only for BuildKit's clients`,
    1,
  );
}

function onePlatform(platform: string | undefined): string | undefined {
  if (platform?.includes(",")) throw new UsageError(`cannot use "${platform}" for --platform: one at a time`);
  return platform;
}
