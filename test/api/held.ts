import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { passBetween } from "../../src/api/handed-over.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { type ApiDescription, apiDescription, type Endpoint, type Schema } from "./description.ts";
import { type Message, messages } from "./http-messages.ts";

/** A way to the engine on which every answer is held against Docker's description of its API. */
export interface HeldSocket extends AsyncDisposable {
  readonly socket: string;
  /** How often each endpoint that the description has was answered: `GET /info 200`. */
  readonly answered: ReadonlyMap<string, number>;
  /** What broke the description until now, each once. */
  readonly breaches: ReadonlySet<string>;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly version: "1.41" | "1.51";
}

const error: Schema = {
  type: "object",
  properties: { message: { type: "string" } },
  required: ["message"],
};

/** Lines of JSON, of which the description says what they are but not where. */
const streams: Readonly<Record<string, string>> = {
  "POST /images/create": "CreateImageInfo",
  "POST /images/{name}/push": "PushImageInfo",
};

/** Where we go beyond the description: what is ours (docs/API.md), and where the description errs. */
const beyond: readonly (readonly [endpoint: RegExp, breach: RegExp])[] = [
  // It lies within `Size`.
  [/^GET \/images\//, /ImageData must have required property 'UnpackedSize'$/],
  // What nobody asked for is null, as dockerd writes it: scripts compare what inspect tells with that.
  [
    /^GET \/(containers\/|exec\/|images\/|system\/df)/,
    /\/(CapAdd|CapDrop|DeviceRequests|ExtraHosts|Links|SecurityOpt|VolumesFrom|MemorySwappiness|MaskedPaths|ReadonlyPaths|Volumes|Cmd|Entrypoint|Aliases|DNSNames|ExitCode) must be (array|object|integer)$/,
  ],
  [/^GET \/containers\/\{id\}\/json /, /^\/HostConfig\/(NetworkBandwidth|HealthOnFailure) is not in/],
  // Still sent by dockerd for clients of before 1.22.
  [/^GET \/events /, /^\/(status|id|from) is not in/],
  // As attach does, which the description knows of.
  [/^POST \/exec\/\{id\}\/start /, /^the description has no such answer$/],
  // dockerd sends both, and its command line reads both.
  [/^POST \/images\/\{name\}\/push /, /^\/(id|aux) is not in the description$/],
];

export async function heldSocket(engine: string): Promise<HeldSocket> {
  const folder = temporaryFolder("held");
  const socket = join(folder.path, "s");
  const answered = new Map<string, number>();
  const breaches = new Set<string>();
  const clients = new Set<Socket>();

  const hold = (asked: Asked, answer: Message): void => {
    const description = apiDescription(asked.version);
    const endpoint = description.find(asked.method, asked.path);
    if (endpoint === undefined) return;
    const status = answer.first.split(" ")[1] ?? "";
    const name = `${endpoint.method} ${endpoint.path}`;
    answered.set(`${name} ${status}`, (answered.get(`${name} ${status}`) ?? 0) + 1);
    for (const breach of breachesOf(description, endpoint, status, answer)) {
      const about = breach.replace(/\/\d+/g, "/0");
      // dockerd answers old clients with new fields too.
      if (asked.version === "1.41" && /is not in the description$/.test(about)) continue;
      if (beyond.some(([where, what]) => where.test(`${name} `) && what.test(about))) continue;
      breaches.add(`${asked.version} ${name} ${status}: ${about}`);
    }
  };

  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ path: engine, allowHalfOpen: true });
    const open: Asked[] = [];
    const requests = messages(
      (_first, headers) => (headers.has("upgrade") ? "end" : "any"),
      ({ first }) => open.push(askedBy(first)),
    );
    const answers = messages(
      (first) => {
        const status = first.split(" ")[1];
        if (status === "101") return "end";
        return open[0]?.method === "HEAD" || status === "204" || status === "304" ? "none" : "any";
      },
      (answer) => {
        const asked = open.shift();
        if (asked !== undefined) hold(asked, answer);
      },
    );
    client.on("data", (part: Buffer) => requests.read(part));
    upstream.on("data", (part: Buffer) => answers.read(part));
    upstream.on("close", () => answers.close());
    passBetween(client, upstream, clients);
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    socket,
    answered,
    breaches,
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const client of clients) client.destroy();
      folder[Symbol.dispose]();
    },
  };
}

function askedBy(first: string): Asked {
  const [method = "", target = ""] = first.split(" ");
  const [path = ""] = target.split("?");
  const version = /^\/v1\.(\d+)\//.exec(path)?.[1];
  return {
    method,
    path: decodeURIComponent(path.replace(/^\/v[\d.]+(?=\/)/, "")),
    version: version !== undefined && Number(version) <= 41 ? "1.41" : "1.51",
  };
}

function breachesOf(
  description: ApiDescription,
  endpoint: Endpoint,
  status: string,
  answer: Message,
): string[] {
  if (Number(status) >= 400) {
    if (endpoint.method === "HEAD") return [];
    return documents(answer.body).flatMap((found) => description.breaches(error, found));
  }
  const described = endpoint.responses[status];
  if (described === undefined) return ["the description has no such answer"];
  const line = streams[`${endpoint.method} ${endpoint.path}`];
  const schema = line === undefined ? described.schema : { $ref: `#/definitions/${line}` };
  if (schema === undefined || schema.type === "string") return [];
  return documents(answer.body).flatMap((found) => description.breaches(schema, found));
}

/** The JSON of a body: one document, or one a line. A line that was cut short is not looked at. */
function documents(body: Buffer): unknown[] {
  const lines = body.toString().split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line));
}
