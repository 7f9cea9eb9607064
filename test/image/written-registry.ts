/** A registry of the test's own that takes uploads as the distribution spec says, and fails where it is told to. */
import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Arriving {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** How often this method was used on this path before; an upload's id counts as the same for all uploads. */
  readonly before: number;
}

/** What it does instead of its work. */
export type Refusal =
  | undefined
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  /** Takes so many bytes of the body, then closes the connection. */
  | { readonly cutAfter: number }
  /** Does its work and closes the connection instead of telling. */
  | { readonly silent: true };

export interface WrittenRegistry extends AsyncDisposable {
  readonly address: string;
  readonly seen: readonly Arriving[];
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** By `repository:tag` and `repository@digest`. */
  readonly manifests: ReadonlyMap<string, { readonly type: string; readonly content: Buffer }>;
  /** Uploads that were begun and neither finished nor cancelled. */
  readonly open: ReadonlyMap<string, Buffer>;
  /** Bytes of bodies of PATCH and PUT for blobs. */
  readonly received: () => number;
  /** Is not there for so many milliseconds. */
  restart(milliseconds: number): Promise<void>;
}

export interface WrittenOptions {
  readonly decide?: (arriving: Arriving) => Refusal;
  /** How it words the Location of an upload; relative to the registry otherwise. */
  readonly location?: (path: string, address: string) => string;
  /** Knows referrers by itself. */
  readonly referrers?: boolean;
  readonly minChunk?: number;
  /** Reads nothing of what is uploaded, and never answers. */
  readonly hold?: boolean;
}

const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export async function writtenRegistry(options: WrittenOptions = {}): Promise<WrittenRegistry> {
  const seen: Arriving[] = [];
  const blobs = new Map<string, Buffer>();
  const owners = new Map<string, Set<string>>();
  const manifests = new Map<string, { type: string; content: Buffer }>();
  const open = new Map<string, Buffer>();
  let received = 0;
  let address = "";

  const where = (name: string, id: string) => {
    const path = `/v2/${name}/blobs/uploads/${id}?state=${randomUUID()}`;
    return options.location?.(path, address) ?? path;
  };
  const store = (name: string, digest: string, bytes: Buffer) => {
    blobs.set(digest, bytes);
    owners.set(digest, (owners.get(digest) ?? new Set()).add(name));
  };

  /** Adds the body to the upload as it comes, as a registry does that writes to a file. */
  const append = async (request: IncomingMessage, id: string, cutAfter: number): Promise<boolean> => {
    let taken = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      // It was cancelled meanwhile.
      if (!open.has(id)) return false;
      const own = chunk.subarray(0, cutAfter - taken);
      taken += own.length;
      received += own.length;
      open.set(id, Buffer.concat([open.get(id) ?? Buffer.alloc(0), own]));
      if (taken >= cutAfter) return false;
    }
    return true;
  };

  const upload = async (
    request: IncomingMessage,
    answer: ServerResponse,
    name: string,
    id: string,
    fault: Refusal,
  ) => {
    const had = open.get(id);
    const end = (status: number, headers: Record<string, string> = {}, body = "") =>
      answer.writeHead(status, headers).end(body);
    if (had === undefined) return end(404);
    if (request.method === "DELETE") {
      if (fault !== undefined && "cutAfter" in fault) return request.socket.destroy();
      open.delete(id);
      return end(204);
    }
    if (request.method === "GET")
      return end(204, {
        location: where(name, id),
        ...(had.length > 0 ? { range: `0-${had.length - 1}` } : {}),
      });
    if (options.hold === true) return request.pause();
    const range = request.headers["content-range"];
    if (range !== undefined && Number(range.split("-")[0]) !== had.length) return end(416);
    const cutAfter = fault !== undefined && "cutAfter" in fault ? fault.cutAfter : Number.POSITIVE_INFINITY;
    if (!(await append(request, id, cutAfter))) return request.socket.destroy();
    const bytes = open.get(id) ?? Buffer.alloc(0);
    if (request.method === "PATCH") {
      if (fault !== undefined && "silent" in fault) return request.socket.destroy();
      return end(202, { location: where(name, id), range: `0-${bytes.length - 1}` });
    }
    const digest = new URL(`http://x${request.url}`).searchParams.get("digest") ?? "";
    open.delete(id);
    if (sha256(bytes) !== digest)
      return end(
        400,
        {},
        JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "not what it is" }] }),
      );
    store(name, digest, bytes);
    if (fault !== undefined && "silent" in fault) return request.socket.destroy();
    return end(201, { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest });
  };

  const manifest = async (request: IncomingMessage, answer: ServerResponse, name: string, by: string) => {
    const key = by.startsWith("sha256:") ? `${name}@${by}` : `${name}:${by}`;
    if (request.method !== "PUT") {
      const found = manifests.get(key);
      if (found === undefined) return answer.writeHead(404).end();
      const headers = { "content-type": found.type, "docker-content-digest": sha256(found.content) };
      return answer.writeHead(200, headers).end(request.method === "HEAD" ? "" : found.content);
    }
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const content = Buffer.concat(parts);
    const document = JSON.parse(content.toString()) as {
      subject?: { digest: string };
      config?: { digest: string };
      layers?: { digest: string; urls?: string[] }[];
      manifests?: { digest: string }[];
    };
    const wanted = [
      document.config,
      ...(document.layers ?? []).filter(({ urls }) => urls === undefined),
    ].flatMap((each) => each?.digest ?? []);
    const isThere =
      wanted.every((digest) => owners.get(digest)?.has(name)) &&
      (document.manifests ?? []).every(({ digest }) => manifests.has(`${name}@${digest}`));
    if (!isThere) return answer.writeHead(404).end('{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}');
    const entry = { type: request.headers["content-type"] ?? "", content };
    manifests.set(key, entry);
    manifests.set(`${name}@${sha256(content)}`, entry);
    const told =
      document.subject !== undefined && options.referrers ? { "oci-subject": document.subject.digest } : {};
    return answer.writeHead(201, { "docker-content-digest": sha256(content), ...told }).end();
  };

  const referrers = (answer: ServerResponse, name: string, digest: string) => {
    if (options.referrers !== true) return answer.writeHead(404).end();
    const found = [...manifests].flatMap(([key, { type, content }]) => {
      const document = JSON.parse(content.toString()) as {
        subject?: { digest: string };
        artifactType?: string;
        config: { mediaType: string };
      };
      if (!key.startsWith(`${name}@`) || document.subject?.digest !== digest) return [];
      const artifactType = document.artifactType ?? document.config.mediaType;
      return [{ mediaType: type, digest: sha256(content), size: content.length, artifactType }];
    });
    const type = "application/vnd.oci.image.index.v1+json";
    const index = { schemaVersion: 2, mediaType: type, manifests: found };
    return answer.writeHead(200, { "content-type": type }).end(JSON.stringify(index));
  };

  const begin = (answer: ServerResponse, name: string, query: URLSearchParams) => {
    const mount = query.get("mount");
    if (mount !== null && owners.get(mount)?.has(query.get("from") ?? "")) {
      store(name, mount, blobs.get(mount) as Buffer);
      return answer.writeHead(201, { location: `/v2/${name}/blobs/${mount}` }).end();
    }
    const id = randomUUID();
    open.set(id, Buffer.alloc(0));
    const least = options.minChunk === undefined ? {} : { "oci-chunk-min-length": String(options.minChunk) };
    return answer.writeHead(202, { location: where(name, id), ...least }).end();
  };

  const handle = async (request: IncomingMessage, answer: ServerResponse) => {
    const url = new URL(`http://x${request.url}`);
    const path = request.url ?? "/";
    const known = (each: string) => each.replace(/uploads\/[^?]+.*/, "uploads/…");
    const method = request.method ?? "GET";
    const before = seen.filter((each) => each.method === method && known(each.path) === known(path)).length;
    const arriving = { method, path, headers: request.headers, before };
    seen.push(arriving);
    const fault = options.decide?.(arriving);
    if (fault !== undefined && "status" in fault)
      return answer.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? "");
    const [, name = "", kind, rest = ""] =
      /^\/v2\/(.+?)\/(blobs|manifests|referrers)\/(.*)$/.exec(url.pathname) ?? [];
    if (url.pathname === "/v2/") return answer.writeHead(200).end("{}");
    if (kind === "manifests") return manifest(request, answer, name, rest);
    if (kind === "referrers") return referrers(answer, name, rest);
    if (rest === "uploads/" && method === "POST") return begin(answer, name, url.searchParams);
    if (rest.startsWith("uploads/"))
      return upload(request, answer, name, rest.slice("uploads/".length), fault);
    if (!owners.get(rest)?.has(name)) return answer.writeHead(404).end();
    const bytes = blobs.get(rest) as Buffer;
    return answer.writeHead(200, { "content-length": bytes.length }).end(method === "HEAD" ? "" : bytes);
  };
  const server = createServer((request, answer) => {
    handle(request, answer).catch(() => answer.destroy());
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", () => resolve()));
  await listen(0);
  address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ address, seen, blobs, manifests, open },
    received: () => received,
    async restart(milliseconds) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Bun.sleep(milliseconds);
      await listen(Number(address.split(":")[1]));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
