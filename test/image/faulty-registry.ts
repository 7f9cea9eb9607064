/** A registry of the test's own that has one image, serves it as it should, and errs where it is told to. */
import { createHash, randomBytes } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { listening } from "../support/listening.ts";
import { gzip, tar } from "./fixtures.ts";

export type Part = "v2" | "token" | "manifest" | "config" | "small" | "large" | "other";

export interface Asked {
  readonly part: Part;
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
  /** How often this path was asked for before. */
  readonly before: number;
  /** What it would answer with. */
  readonly content: Buffer;
  /** Resolves when nothing more is sent: all of it was, or the client has left. */
  readonly closed: Promise<void>;
}

/** Answers itself, or lets the registry do it by answering nothing. */
export type Misbehave = (asked: Asked, answer: ServerResponse) => unknown;

export interface FaultyRegistry extends AsyncDisposable {
  readonly address: string;
  readonly seen: readonly Asked[];
}

export const sha256 = (bytes: Uint8Array | string) =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
export const manifestType = "application/vnd.oci.image.manifest.v1+json";
export const indexType = "application/vnd.oci.image.index.v1+json";
const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

export interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const describe = (mediaType: string, content: Uint8Array): Described => ({
  mediaType,
  digest: sha256(content),
  size: content.length,
});

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

/** A layer of 1 MiB, a small one (or this tar), a configuration and the manifest of them. */
export function testImage(tarOfSmall: Uint8Array = tar({ name: "etc/motd", content: "hello" })) {
  const tars = [tar({ name: "noise", content: randomBytes(1 << 20) }), tarOfSmall];
  const [large = Buffer.alloc(0), small = Buffer.alloc(0)] = tars.map(gzip);
  const config = json({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: tars.map(sha256) },
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: [describe(layerType, large), describe(layerType, small)],
  };
  return { large, small, config, manifest };
}

export type FaultyImage = ReturnType<typeof testImage>;

/** Whole, or from where a range begins (RFC 9110, 14). */
function serve(answer: ServerResponse, content: Buffer, range: string | undefined, type: string): void {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
  const told = from > 0 ? { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` } : {};
  const headers = { "content-type": type, "content-length": content.length - from, ...told };
  answer.writeHead(from > 0 ? 206 : 200, headers).end(content.subarray(from));
}

/** The first `length` bytes, and then the connection ends. */
export function cut(answer: ServerResponse, content: Buffer, length: number): void {
  answer.write(content.subarray(0, length), () => setTimeout(() => answer.destroy(), 10));
}

export async function faultyRegistry(image: FaultyImage, misbehave: Misbehave): Promise<FaultyRegistry> {
  const seen: Asked[] = [];
  const manifest = json(image.manifest);
  const parts: readonly (readonly [Part, Buffer])[] = [
    ["large", image.large],
    ["small", image.small],
    ["config", image.config],
  ];
  const partOf = (path: string): readonly [Part, Buffer] => {
    if (path === "/v2/") return ["v2", Buffer.from("{}")];
    if (path.startsWith("/token")) return ["token", Buffer.from("{}")];
    if (path.includes("/manifests/")) return ["manifest", manifest];
    return parts.find(([, content]) => path.includes(sha256(content))) ?? ["other", Buffer.alloc(0)];
  };
  const server = createServer((request, answer) => {
    const path = request.url ?? "/";
    const [part, content] = partOf(path);
    const { range, authorization } = request.headers;
    const closed = new Promise<void>((resolve) => answer.once("close", () => resolve()));
    const before = seen.filter((each) => each.path === path).length;
    const asked = { part, path, range, authorization, before, content, closed };
    seen.push(asked);
    answer.on("error", () => {});
    if (misbehave(asked, answer) !== undefined) return;
    serve(answer, content, range, part === "manifest" ? manifestType : "application/octet-stream");
  });
  return { ...(await listening(server)), seen };
}
