/** What a request asks to be built: Docker's parameters, and ours for what Docker sends through BuildKit's own protocol. */
import { isAbsolute } from "node:path";
import type { BuildRequest, ContextRequest } from "../../build/request.ts";
import type { RegistryAuth } from "../../image/images.ts";
import { registryOf } from "../../image/registry/login.ts";
import { InroError } from "../../oci/error.ts";
import { parseReference, withDefaultRegistry } from "../../oci/reference.ts";
import { folderId } from "../../platform/folder-id.ts";
import { extraHosts } from "../ask/container.ts";
import { askedPlatform } from "../ask/image.ts";
import { modes } from "../ask/modes.ts";
import { resources, ulimits } from "../ask/resources.ts";
import {
  type Asked,
  asked,
  field as fieldOf,
  integerOrNull,
  invalid,
  object,
  text as textOf,
  textOrNull,
  texts as textsOf,
} from "../asked.ts";
import { body } from "../body.ts";
import type { Exchange } from "../exchange.ts";
import { credentials } from "../images/auth.ts";
import { flag, integer, type Query, text, texts } from "../query.ts";

export async function askedBuild(x: Exchange): Promise<BuildRequest> {
  // The body is the context, where that is not elsewhere.
  const more = isJson(x) ? await body(x.request) : asked({});
  const { query } = x;
  if (text(query, "version") === "2" || text(query, "remote") === "client-session")
    throw invalid("version", "BuildKit's protocol is not spoken here: build with DOCKER_BUILDKIT=0");
  if (flag(query, "squash")) throw invalid("squash", "layers are not squashed");
  if (query.getAll("securityopt").length > 0)
    throw invalid("securityopt", "steps are confined as containers are by default");
  if (!["", "default"].includes(text(query, "isolation") ?? ""))
    throw invalid("isolation", "only the default isolation is there");
  const args = argsOf(query);
  const folderIds = texts(query, "contextids");
  return {
    context: contextOf(x),
    contexts: new Map(
      Object.entries(texts(query, "contexts")).map(([name, value]) => [
        name,
        namedContext(name, value, folderIds[name] ?? null),
      ]),
    ),
    dockerfile: dockerfileOf(x, more),
    isCheck: flag(query, "check"),
    holdsFailed: text(query, "onerror") === "shell",
    target: text(query, "target"),
    args,
    labels: texts(query, "labels"),
    names: query.getAll("t").map((name) => named(x, name)),
    platform: askedPlatform(text(query, "platform")) ?? null,
    pull: flag(query, "pull"),
    cacheFrom: placesOf(query, "cachefrom", "src"),
    cacheTo: placesOf(query, "cacheto", "dest"),
    noCache: flag(query, "nocache") || query.getAll("nocachefilter"),
    secrets: new Map([
      ...secretsOf(headerJson(x, "X-Build-Secrets")),
      ...secretsOf(fieldOf(more, "secrets")),
    ]),
    ssh: new Map(Object.entries(texts(query, "ssh"))),
    entitlements: new Set(query.getAll("allow")),
    ...stepsOf(query),
    timestamp: timestampOf(query, args),
    authFor: authOf(x),
  };
}

/** A folder of this host is ours to read where the client says so; else the body is the context. */
function contextOf(x: Exchange): ContextRequest {
  const folder = text(x.query, "contextfolder");
  if (folder !== null)
    return { kind: "folder", path: seen(absolute("contextfolder", folder), text(x.query, "contextid")) };
  const url = text(x.query, "remote");
  if (url !== null) return { kind: "url", url };
  if (isJson(x)) return { kind: "none" };
  return { kind: "stream", bytes: x.request as AsyncIterable<Uint8Array> };
}

/** A client in another mount namespace, or on another machine, means another folder by the same path. CONTEXT_ELSEWHERE. */
function seen(path: string, id: string | null): string {
  if (id === null || id === folderId(path)) return path;
  throw new InroError("CONTEXT_ELSEWHERE", {
    what: `cannot build "${path}"`,
    why: "the engine does not see the folder that the client sees there",
    hint: "send it as a tar",
  });
}

const isJson = (x: Exchange): boolean => /^application\/json\b/.test(x.request.headers["content-type"] ?? "");

/** A file of the context, or what the request's body says. */
function dockerfileOf(x: Exchange, more: Asked): BuildRequest["dockerfile"] {
  if (fieldOf(more, "dockerfile") === undefined) return { path: text(x.query, "dockerfile") ?? "Dockerfile" };
  const given = object(more, "dockerfile");
  return { name: textOf(given, "name"), text: textOf(given, "text"), ignore: textOrNull(given, "ignore") };
}

/**
 * Docker's list of images to take steps from means nothing here, where all that was built or pulled is found anyway;
 * `type=local` names a folder.
 */
function placesOf(query: Query, name: string, key: "src" | "dest"): string[] {
  const value = jsonOf(query, name);
  if (value === null) return [];
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string"))
    throw invalid(name, "it is no list of texts");
  return value.flatMap((each) => {
    if (!each.includes("=") && key === "src") return [];
    const fields = new Map(
      each.split(",").map((field) => /^([^=]*)=?(.*)$/s.exec(field)?.slice(1) as [string, string]),
    );
    const unknown = [...fields.keys()].find((field) => !["type", "mode", key].includes(field));
    if (
      fields.get("type") !== "local" ||
      unknown !== undefined ||
      ![undefined, "max"].includes(fields.get("mode"))
    )
      throw invalid(name, `"${each}" is not there: write type=local,${key}=FOLDER`);
    return [absolute(name, fields.get(key) ?? "")];
  });
}

function absolute(name: string, path: string): string {
  if (!isAbsolute(path)) throw invalid(name, `"${path}" is no absolute path`);
  return path;
}

/** `--build-context`: an image, something behind a URL, or a folder. */
function namedContext(name: string, value: string, id: string | null): ContextRequest {
  const image = /^docker-image:\/\/(.+)$/.exec(value)?.[1];
  if (image !== undefined) return { kind: "image", reference: image };
  if (/^(https?|git|ssh):\/\/|^git@/.test(value)) return { kind: "url", url: value };
  return { kind: "folder", path: seen(absolute(`contexts.${name}`, value), id) };
}

/** A build argument of null has no value, and is as good as none. */
function argsOf(query: Query): ReadonlyMap<string, string> {
  const { fields } = asked(jsonOf(query, "buildargs"), "buildargs.");
  return new Map(
    Object.entries(fields).flatMap(([name, each]) => {
      if (each === null) return [];
      if (typeof each !== "string") throw invalid(`buildargs.${name}`, "it is not a text");
      return [[name, each]];
    }),
  );
}

function named(x: Exchange, name: string) {
  const reference = parseReference(withDefaultRegistry(name, x.engine.images.registries().default));
  if (reference.digest !== undefined) throw invalid("t", "an image is named by a tag, not by a digest");
  return reference;
}

/** Docker's HostConfig of the steps' containers, spread over the query. */
function stepsOf(query: Query): Pick<BuildRequest, "network" | "limits"> {
  const host = asked({
    Memory: integer(query, "memory"),
    MemorySwap: integer(query, "memswap"),
    CpuShares: integer(query, "cpushares"),
    CpusetCpus: text(query, "cpusetcpus"),
    CpusetMems: text(query, "cpusetmems"),
    CpuPeriod: integer(query, "cpuperiod"),
    CpuQuota: integer(query, "cpuquota"),
    CgroupParent: text(query, "cgroupparent"),
    ShmSize: integer(query, "shmsize"),
    NetworkMode: text(query, "networkmode"),
    Ulimits: jsonOf(query, "ulimits"),
    // docker's own command line separates them by commas.
    ExtraHosts: query.getAll("extrahosts").flatMap((each) => each.split(",").filter((one) => one !== "")),
    Dns: query.getAll("dns"),
  });
  return {
    network: modes(asked({}), host).network,
    limits: {
      resources: resources(host),
      ulimits: ulimits(host),
      shmSize: integerOrNull(host, "ShmSize") || null,
      extraHosts: extraHosts(host),
      dns: textsOf(host, "Dns"),
    },
  };
}

function jsonOf(query: Query, name: string): unknown {
  const value = text(query, name);
  if (value === null) return null;
  try {
    return JSON.parse(value);
  } catch {
    throw invalid(name, "it is not JSON");
  }
}

/** `--timestamp`, or the build argument that other builders know. */
function timestampOf(query: Query, args: BuildRequest["args"]): number | null {
  const given = integer(query, "timestamp");
  if (given !== null) return given;
  const epoch = args.get("SOURCE_DATE_EPOCH");
  if (epoch === undefined || epoch === "") return null;
  if (!/^\d{1,12}$/.test(epoch)) throw invalid("buildargs.SOURCE_DATE_EPOCH", "it is no number of seconds");
  return Number(epoch);
}

function headerJson(x: Exchange, header: string): unknown {
  const value = x.request.headers[header.toLowerCase()];
  if (typeof value !== "string" || value === "") return null;
  try {
    return JSON.parse(Buffer.from(value, "base64").toString("utf8"));
  } catch {
    throw invalid(header, "it is not the base64 of JSON");
  }
}

/** Base64 by id: in a header or the body, which no log has. */
function secretsOf(given: unknown): ReadonlyMap<string, Uint8Array> {
  const { fields } = asked(given, "secrets.");
  return new Map(
    Object.entries(fields).map(([id, value]) => {
      if (typeof value !== "string") throw invalid(`secrets.${id}`, "it is not a text");
      return [id, Buffer.from(value, "base64")];
    }),
  );
}

/** X-Registry-Config: Docker's AuthConfigs by the addresses of their registries. */
function authOf(x: Exchange): (domain: string) => RegistryAuth | undefined {
  const config = asked(headerJson(x, "X-Registry-Config"), "X-Registry-Config.");
  const known = new Map<string, RegistryAuth>();
  for (const address of Object.keys(config.fields)) {
    const found = credentials(object(config, address));
    if (found !== null) known.set(registryOf(address), found);
  }
  return (domain) => known.get(domain);
}
