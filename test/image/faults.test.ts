import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { PullOptions } from "../../src/image/images.ts";
import { openRepository } from "../../src/image/registry/repository.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing, testEngine } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import {
  type Asked,
  cut,
  type FaultyImage,
  type FaultyRegistry,
  faultyRegistry,
  indexType,
  type Misbehave,
  manifestType,
  type Part,
  sha256,
  testImage,
} from "./faulty-registry.ts";
import { type TestStore, testStore } from "./fixtures.ts";

/** Nothing half made is there; what is whole and named by nothing may be used again by the next pull. */
function expectClean({ root, images }: TestStore, pulled: boolean): void {
  const left = {
    images: images.list().length,
    ingest: readdirSync(join(root, "ingest")),
    unfinished: readdirSync(join(root, "snapshots")).filter((name) => name.startsWith(".")),
  };
  expect(left).toEqual({ images: pulled ? 1 : 0, ingest: [], unfinished: [] });
  for (const name of readdirSync(join(root, "blobs/sha256")))
    expect(sha256(readFileSync(join(root, "blobs/sha256", name)))).toBe(`sha256:${name}`);
}

interface Outcome {
  readonly code: string | undefined;
  readonly message: string;
  readonly registry: FaultyRegistry;
}

async function pullFrom(
  image: FaultyImage,
  misbehave: Misbehave,
  options: PullOptions = {},
): Promise<Outcome> {
  await using registry = await faultyRegistry(image, misbehave);
  await using store = await testStore();
  const outcome = await store.images.pull(parseReference(`${registry.address}/team/app:1`), options).then(
    () => ({ code: undefined, message: "" }),
    (error: { code?: string; message: string }) => ({ code: error.code ?? "none", message: error.message }),
  );
  expectClean(store, outcome.code === undefined);
  // Whatever it was doing, it does no more.
  await Promise.all(registry.seen.map(({ closed }) => closed));
  return { ...outcome, registry };
}

interface Case {
  readonly misbehave?: Misbehave;
  /** Changes the image before it is served. */
  readonly image?: (image: FaultyImage) => FaultyImage;
  readonly options?: PullOptions;
  /** The error's code; undefined where the pull succeeds all the same. */
  readonly code?: string;
  readonly says?: RegExp;
  /** Requests at most. */
  readonly most?: number;
}

const on =
  (part: Part, work: (asked: Asked, answer: ServerResponse) => unknown): Misbehave =>
  (asked, answer) =>
    asked.part === part ? (work(asked, answer) ?? true) : undefined;

const onceOn =
  (part: Part, work: (asked: Asked, answer: ServerResponse) => unknown): Misbehave =>
  (asked, answer) =>
    asked.part === part && asked.before === 0 ? (work(asked, answer) ?? true) : undefined;

const status =
  (code: number, headers: Record<string, string> = {}, body = "") =>
  (_: Asked, answer: ServerResponse) =>
    void answer.writeHead(code, headers).end(body);

function flipped(content: Buffer, at: number): Buffer {
  const bytes = Buffer.from(content);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
}

/** Writes until the other side goes away. */
function endless(answer: ServerResponse, piece: Buffer): void {
  const go = () => {
    while (!answer.destroyed) if (!answer.write(piece)) return void answer.once("drain", go);
  };
  go();
}

const fromRange = ({ range }: Asked) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);

const withLayer =
  (change: (layer: FaultyImage["manifest"]["layers"][number]) => object) => (image: FaultyImage) => {
    const [first, ...others] = image.manifest.layers;
    if (first === undefined) throw new Error("the image has layers");
    return { ...image, manifest: { ...image.manifest, layers: [{ ...first, ...change(first) }, ...others] } };
  };

const indexOf = (digests: readonly string[], more: object = {}) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: indexType,
    manifests: digests.map((digest) => ({ mediaType: indexType, digest, size: 100, ...more })),
  });

/** Indexes that lead to indexes: each level's documents are made as they are asked for, by their digest. */
function bomb(width: number, levels: number): Misbehave {
  const documents = new Map<string, string>();
  const make = (level: number, path: string): string => {
    const children =
      level === 0 ? [] : Array.from({ length: width }, (_, i) => make(level - 1, `${path}.${i}`));
    const text = indexOf(children, { platform: { os: "linux", architecture: "amd64" } }).replace(
      "{",
      `{"x":"${path}",`,
    );
    documents.set(sha256(text), text);
    return sha256(text);
  };
  const top = make(levels, "");
  return on("manifest", ({ path }, answer) => {
    const by = path.slice(path.lastIndexOf("/") + 1);
    answer.writeHead(200, { "content-type": indexType }).end(documents.get(by) ?? documents.get(top));
  });
}

/** Lets in whom its own token service sent, whose tokens it takes so many times. */
function guarded(uses: number, realm?: string): Misbehave {
  let [used, given] = [0, 0];
  return (asked, answer) => {
    if (asked.part === "v2") return undefined;
    if (asked.part === "token") {
      used = 0;
      return answer.end(JSON.stringify({ token: `let-me-in-${++given}` }));
    }
    if (asked.authorization === `Bearer let-me-in-${given}` && used++ < uses) return undefined;
    const service = realm ?? `http://${answer.req.headers.host}/token`;
    return answer.writeHead(401, { "www-authenticate": `Bearer realm="${service}",service="x"` }).end();
  };
}

const gzipBomb = gzipSync(Buffer.alloc(64 << 20), { level: 9 });
const encoded = { "content-encoding": "gzip" };
const tokenAnswer = (work: (answer: ServerResponse) => unknown): Misbehave => {
  const guard = guarded(0);
  return (asked, answer) => (asked.part === "token" ? (work(answer) ?? true) : guard(asked, answer));
};

const cases: Readonly<Record<string, Case>> = {
  "a layer's bytes are not those of its digest": {
    misbehave: on("large", ({ content }, answer) => answer.end(flipped(content, 500_000))),
    code: "DIGEST_MISMATCH",
  },
  "the configuration's are not": {
    misbehave: on("config", ({ content }, answer) => answer.end(flipped(content, 20))),
    code: "DIGEST_MISMATCH",
  },
  "the manifest is another one than its header says": {
    misbehave: on("manifest", ({ content }, answer) =>
      answer
        .writeHead(200, { "content-type": manifestType, "docker-content-digest": sha256("x") })
        .end(content),
    ),
    code: "DIGEST_MISMATCH",
  },
  "a layer always ends at the same place": {
    misbehave: on("large", ({ content }, answer) => cut(answer, content, 500_000)),
    code: "BLOB_TRUNCATED",
    most: 12,
  },
  "a layer is cut at every tenth": {
    misbehave: on("large", (asked, answer) => {
      const from = fromRange(asked);
      const tenth = Math.ceil(asked.content.length / 10);
      if (from > 0) {
        const { length } = asked.content;
        answer.writeHead(206, { "content-range": `bytes ${from}-${length - 1}/${length}` });
      }
      cut(answer, asked.content.subarray(from), Math.min(tenth, asked.content.length - from));
    }),
  },
  "a layer is cut at every tenth, and ranges are not honoured": {
    misbehave: on("large", ({ content, before }, answer) =>
      cut(answer, content, Math.ceil((content.length * (before + 1)) / 10)),
    ),
  },
  "a layer is cut, and goes on from further back than was asked": {
    misbehave: on("large", (asked, answer) => {
      const { content, before } = asked;
      if (before === 0) return cut(answer, content, 400_000);
      const from = fromRange(asked) - 1000;
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      return void answer.writeHead(206, { "content-range": range }).end(content.subarray(from));
    }),
  },
  "a layer is cut, and goes on from further ahead than was asked": {
    misbehave: on("large", (asked, answer) => {
      const { content, before } = asked;
      if (before === 0) return cut(answer, content, 400_000);
      const from = fromRange(asked) + 1000;
      const range = `bytes ${from}-${content.length - 1}/${content.length}`;
      return void answer.writeHead(206, { "content-range": range }).end(content.subarray(from));
    }),
    code: "REGISTRY_ERROR",
    says: /was asked for the bytes from \d+ on, and gives those from \d+ on/,
  },
  "a layer is cut, and goes on as another one": {
    misbehave: on("large", (asked, answer) => {
      const { content, before } = asked;
      if (before === 0) return cut(answer.writeHead(200, { etag: '"one"' }), content, 400_000);
      const from = fromRange(asked);
      const headers = {
        etag: '"two"',
        "content-range": `bytes ${from}-${content.length - 1}/${content.length}`,
      };
      return void answer.writeHead(206, headers).end(flipped(content, content.length - 100).subarray(from));
    }),
    code: "DIGEST_MISMATCH",
  },
  "what is left of a layer is refused": {
    misbehave: on("large", ({ content, before }, answer) =>
      before === 0 ? cut(answer, content, 400_000) : status(416)({} as Asked, answer),
    ),
    code: "BLOB_TRUNCATED",
  },
  "nobody is let in": {
    misbehave: on("manifest", status(401, { "www-authenticate": 'Basic realm="x"' })),
    code: "UNAUTHORIZED",
    most: 2,
  },
  "a token is good for two requests": { misbehave: guarded(2) },
  "a token is good for nothing": { misbehave: guarded(0), code: "UNAUTHORIZED", most: 6 },
  "tokens are to be had from another host, without TLS": {
    misbehave: guarded(0, "http://tokens.example/token"),
    code: "REGISTRY_ERROR",
    says: /which is no https address/,
  },
  "the token service has no words": {
    misbehave: tokenAnswer((answer) => answer.end("<html>")),
    code: "REGISTRY_ERROR",
    says: /answered something that is no token/,
  },
  "the token service breaks": {
    misbehave: tokenAnswer((answer) => answer.writeHead(500).end()),
    code: "REGISTRY_ERROR",
    says: /its token service answered 500/,
  },
  "the token service does not end": {
    misbehave: tokenAnswer((answer) => endless(answer, Buffer.alloc(65_536, " "))),
    code: "REGISTRY_ERROR",
    says: /larger than 1048576 bytes/,
  },
  "429, and the time to wait": { misbehave: onceOn("large", status(429, { "retry-after": "0" })) },
  "429 for ever": {
    misbehave: on("manifest", status(429, { "retry-after": "0" }, '{"errors":[{"message":"too many"}]}')),
    code: "REGISTRY_BUSY",
    says: /limits how often it is asked, and names 0 s to wait: too many \(wait, or log in\)/,
    most: 7,
  },
  "500, and 200 after it": {
    misbehave: (asked, answer) =>
      asked.part !== "v2" && asked.before === 0 ? (status(500)(asked, answer) ?? true) : undefined,
  },
  "500 for ever": {
    misbehave: on("large", status(500)),
    code: "REGISTRY_ERROR",
    says: /answered 500/,
    most: 12,
  },
  "a manifest redirects to itself": {
    misbehave: on("manifest", (asked, answer) => status(302, { location: asked.path })(asked, answer)),
    code: "REGISTRY_UNREACHABLE",
    says: /redirects more than 10 times/,
    most: 12,
  },
  "a layer redirects in a circle": {
    misbehave: (asked, answer) => {
      if (asked.part !== "large" && asked.part !== "other") return undefined;
      return status(307, { location: asked.path === "/a" ? "/b" : "/a" })(asked, answer) ?? true;
    },
    code: "REGISTRY_UNREACHABLE",
    says: /redirects more than 10 times/,
    most: 20,
  },
  "a layer redirects to what is no web address": {
    misbehave: on("large", status(302, { location: "file:///etc/passwd" })),
    code: "REGISTRY_UNREACHABLE",
    says: /redirects to an address of file:/,
    most: 8,
  },
  "a manifest of 9 MiB": {
    misbehave: on("manifest", (_, answer) =>
      answer.writeHead(200, { "content-type": manifestType }).end(Buffer.alloc(9 << 20, " ")),
    ),
    code: "REGISTRY_ERROR",
    says: /larger than 8388608 bytes/,
  },
  "a manifest without end": {
    misbehave: on("manifest", (_, answer) => endless(answer, Buffer.alloc(65_536, "["))),
    code: "REGISTRY_ERROR",
    says: /larger than 8388608 bytes/,
  },
  "a manifest of nothing but brackets": {
    misbehave: on("manifest", (_, answer) =>
      answer.writeHead(200, { "content-type": manifestType }).end("[".repeat(1 << 20)),
    ),
    code: "IMAGE_INVALID",
  },
  "a manifest that holds a million layers": {
    misbehave: on("manifest", (_, answer) =>
      answer
        .writeHead(200, { "content-type": manifestType })
        .end(`{"schemaVersion":2,"layers":[${"{},".repeat(1 << 20)}{}]}`),
    ),
    code: "IMAGE_INVALID",
  },
  "indexes that lead to indexes, ten deep": { misbehave: bomb(1, 10), code: "IMAGE_INVALID", most: 8 },
  "indexes that lead to a thousand and more": {
    misbehave: bomb(34, 2),
    options: { platform: "all" },
    code: "IMAGE_INVALID",
    says: /leads to more than 1000 manifests/,
    most: 1003,
  },
  "an index that is called a manifest": {
    misbehave: on("manifest", (_, answer) =>
      answer.writeHead(200, { "content-type": manifestType }).end(indexOf([])),
    ),
    code: "IMAGE_INVALID",
    says: /was given as .* and calls itself/,
  },
  "a manifest that is called an index": {
    misbehave: on("manifest", ({ content }, answer) =>
      answer.writeHead(200, { "content-type": indexType }).end(content),
    ),
    code: "IMAGE_INVALID",
    says: /was given as .* and calls itself/,
  },
  "a layer of a kind that is none": {
    image: withLayer(() => ({ mediaType: "application/x-evil" })),
    code: "IMAGE_INVALID",
    says: /it holds application\/x-evil/,
  },
  "a layer that is called zstd and is gzip": {
    image: withLayer(() => ({ mediaType: "application/vnd.oci.image.layer.v1.tar+zstd" })),
  },
  "a layer larger than its manifest says": {
    image: withLayer(({ size }) => ({ size: size - 1 })),
    code: "BLOB_TOO_LARGE",
  },
  "the same, and the answer does not tell its length": {
    image: withLayer(({ size }) => ({ size: size - 1 })),
    misbehave: on("large", ({ content }, answer) => answer.write(content, () => answer.end())),
    code: "BLOB_TOO_LARGE",
  },
  "a layer smaller than its manifest says": {
    image: withLayer(({ size }) => ({ size: size + 1 })),
    code: "BLOB_TRUNCATED",
    most: 8,
  },
  "a layer of as many bytes as there are numbers": {
    image: withLayer(() => ({ size: Number.MAX_SAFE_INTEGER })),
    code: "BLOB_TRUNCATED",
  },
  "a layer of less than no bytes": { image: withLayer(() => ({ size: -1 })), code: "IMAGE_INVALID" },
  "a layer of half a byte": { image: withLayer(() => ({ size: 0.5 })), code: "IMAGE_INVALID" },
  "a layer without end": {
    misbehave: on("large", ({ content }, answer) => {
      answer.write(content);
      endless(answer, Buffer.alloc(65_536));
    }),
    code: "BLOB_TOO_LARGE",
  },
  "a layer's answer is longer than it is said to be": {
    misbehave: on("large", ({ content }, answer) => {
      answer.writeHead(200, { "content-length": content.length + 10 });
      answer.end(Buffer.concat([content, Buffer.alloc(10)]));
    }),
    code: "BLOB_TOO_LARGE",
  },
  "a manifest in an encoding that nobody asked for": {
    misbehave: on("manifest", (_, answer) =>
      answer.writeHead(200, { ...encoded, "content-type": manifestType }).end(gzipBomb),
    ),
    code: "IMAGE_INVALID",
  },
  "a layer that is said to be encoded, as some stores say of what ends in .gz": {
    misbehave: on("large", ({ content }, answer) => answer.writeHead(200, encoded).end(content)),
  },
  "a layer in an encoding that nobody asked for": {
    misbehave: on("large", (_, answer) => answer.writeHead(200, encoded).end(gzipBomb)),
    code: "BLOB_TRUNCATED",
  },
};

describe.skipIf(rootMissing)("a pull ends well or with an error, and leaves nothing half, when", () => {
  test.concurrent.each(Object.entries(cases))(
    "%s",
    async (_, { misbehave, image, options, code, says, most }) => {
      const served = image === undefined ? testImage() : image(testImage());
      const outcome = await pullFrom(served, misbehave ?? (() => undefined), options);
      expect({ code: outcome.code, message: outcome.message }).toEqual({
        code,
        message: says === undefined ? expect.any(String) : expect.stringMatching(says),
      });
      expect(outcome.registry.seen.length).toBeLessThanOrEqual(most ?? 40);
    },
  );
});

/** Where a registry may stop to answer. */
const stages: Readonly<Record<string, Misbehave>> = {
  "before the first answer": on("v2", () => true),
  "at its token service": tokenAnswer(() => true),
  "within a token": tokenAnswer((answer) => answer.write('{"token":')),
  "before the manifest": on("manifest", () => true),
  "within the manifest": on("manifest", ({ content }, answer) => answer.write(content.subarray(0, 50))),
  "before the configuration": on("config", () => true),
  "within a layer": on("large", ({ content }, answer) => answer.write(content.subarray(0, 500_000))),
  "behind a redirect": (asked, answer) => {
    if (asked.part === "large") return status(307, { location: "/elsewhere" })(asked, answer) ?? true;
    return asked.part === "other" ? true : undefined;
  },
  "until a time that it names": on("manifest", status(429, { "retry-after": "3000" })),
};

describe.skipIf(rootMissing)("a pull that is stopped while a registry says nothing", () => {
  test.concurrent.each(Object.entries(stages))(
    "%s: it ends at once, and so does the connection",
    async (_, stage) => {
      const stop = new AbortController();
      const { code, registry } = await pullFrom(
        testImage(),
        (asked, answer) => {
          const handled = stage(asked, answer);
          if (handled !== undefined)
            setTimeout(() => stop.abort(new DOMException("stopped", "AbortError")), 50);
          return handled;
        },
        { signal: stop.signal },
      );
      expect(code).not.toBe(undefined);
      expect(registry.seen.length).toBeLessThan(12);
    },
  );
});

test.skipIf(rootMissing)("a client that goes away ends its pull, at the registry too", async () => {
  const reached = Promise.withResolvers<Asked>();
  const held = on("large", (asked, answer) => {
    answer.write(asked.content.subarray(0, 100_000));
    reached.resolve(asked);
  });
  await using registry = await faultyRegistry(testImage(), held);
  using host = machine();
  await using engine = await testEngine(host);
  const [program = "", ...words] = engine.command;
  const client = host.spawn(program, [...words, "pull", `${registry.address}/team/app:1`], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const asked = await reached.promise;
  client.kill("SIGKILL");
  await asked.closed;
  expect((await engine.inro("images")).stdout).not.toContain(registry.address);
});

describe("a registry that is silent is not waited for without end", () => {
  const silence = 100;
  const opened = async (
    misbehave: Misbehave,
    work: (registry: FaultyRegistry, image: FaultyImage) => Promise<unknown>,
  ) => {
    const image = testImage();
    await using registry = await faultyRegistry(image, misbehave);
    const error = await work(registry, image).catch((each: unknown) => each);
    return { error: error as { code?: string; message?: string }, seen: registry.seen };
  };
  const open = (registry: FaultyRegistry) =>
    openRepository(parseReference(`${registry.address}/team/app:1`), { silence, retryBase: 1 });
  const readLarge = async (registry: FaultyRegistry, { large }: FaultyImage) => {
    const repository = await open(registry);
    const bytes: Uint8Array[] = [];
    for await (const chunk of repository.blob({ digest: sha256(large) as Digest, size: large.length }))
      bytes.push(chunk);
    return { code: Buffer.concat(bytes).equals(large) ? "whole" : "damaged" };
  };
  const readManifest = async (registry: FaultyRegistry) => await (await open(registry)).manifest("1");

  test("before its first answer", async () => {
    const { error } = await opened(
      on("v2", () => true),
      open,
    );
    expect(error).toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringContaining("did not answer within 0.1 s"),
    });
  });

  test("nor its token service, before or within a token", async () => {
    for (const answer of [() => true, (each: ServerResponse) => each.write('{"token":')]) {
      const { error } = await opened(tokenAnswer(answer), readManifest);
      expect(error).toMatchObject({
        code: "REGISTRY_UNREACHABLE",
        message: expect.stringContaining("did not answer within 0.1 s"),
      });
    }
  });

  test("within a blob: it is asked again for the rest, three times", async () => {
    const stuck = on("large", (asked, answer) => {
      const { content } = asked;
      const from = fromRange(asked);
      if (from > 0)
        answer.writeHead(206, { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` });
      answer.write(content.subarray(from, from + 1000));
    });
    const { error, seen } = await opened(stuck, readLarge);
    expect(error).toMatchObject({
      code: "BLOB_TRUNCATED",
      message: expect.stringContaining("only 1000 bytes came within 0.1 s"),
    });
    expect(seen.filter(({ part }) => part === "large").map(({ range }) => range)).toEqual([
      undefined,
      "bytes=1000-",
      "bytes=2000-",
    ]);
  });

  test("nor when a blob comes drop by drop", async () => {
    const drip = on("large", ({ content }, answer) => {
      let at = 0;
      const timer = setInterval(() => answer.write(content.subarray(at, ++at)), 5);
      answer.once("close", () => clearInterval(timer));
    });
    const { error, seen } = await opened(drip, readLarge);
    expect(error).toMatchObject({
      code: "BLOB_TRUNCATED",
      message: expect.stringMatching(/only \d+ bytes came within 0.1 s/),
    });
    expect(seen.filter(({ part }) => part === "large").length).toBe(3);
  });

  test("one that pauses now and then, and gets on in between, is waited for", async () => {
    const pausing = on("large", (asked, answer) => {
      const { content, before } = asked;
      const from = fromRange(asked);
      if (from > 0)
        answer.writeHead(206, { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` });
      if (before < 2) answer.write(content.subarray(from, from + 300_000));
      else answer.end(content.subarray(from));
    });
    expect((await opened(pausing, readLarge)).error).toEqual({ code: "whole" });
  });

  test("its list of referrers ends, however many pages it has", async () => {
    const pages: Misbehave = ({ path }, answer) => {
      if (!path.includes("/referrers/")) return undefined;
      const link = { link: `<${path.split("?")[0]}?page=${Math.random()}>; rel="next"` };
      return answer.writeHead(200, { "content-type": indexType, ...link }).end(indexOf([]));
    };
    const { error, seen } = await opened(pages, async (registry) => {
      const repository = await open(registry);
      return { code: String((await repository.referrers(sha256("x") as Digest)).length) };
    });
    expect(error).toEqual({ code: "0" });
    expect(seen.length).toBeLessThanOrEqual(101);
  });
});
