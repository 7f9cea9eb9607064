import { describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import type { RepositoryOptions } from "../../src/image/registry/ask.ts";
import { retryAfter } from "../../src/image/registry/http.ts";
import { openRepository } from "../../src/image/registry/repository.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { chunks } from "./fixtures.ts";
import { type Refusal, type WrittenOptions, writtenRegistry } from "./written-registry.ts";

/** The same numbers every time. */
function numbers(seed: number): (below: number) => number {
  let count = 0;
  return (below) => createHash("sha256").update(`${seed}:${count++}`).digest().readUInt32LE() % below;
}

const size = 5 << 20;
const content = randomBytes(size);
const digest = digestOf(content);
const source = (bytes: Uint8Array) => ({
  digest: digestOf(bytes),
  size: bytes.length,
  read: (from: number) => chunks(bytes.subarray(from)),
});

/** Uploads the blob (5 MiB unless told otherwise) into a registry that does what the options say. */
async function upload(
  options: WrittenOptions,
  more: { bytes?: Uint8Array; from?: string } & RepositoryOptions = {},
) {
  await using registry = await writtenRegistry(options);
  const { bytes = content, from, ...asking } = more;
  const reference = parseReference(`${registry.address}/team/app:1`);
  const repository = await openRepository(reference, { access: "push", retryBase: 5, ...asking });
  const retries: string[] = [];
  const told: number[] = [];
  const outcome = await repository
    .putBlob(source(bytes), {
      from,
      onBytes: (n) => told.push(n),
      onRetry: ({ why }) => retries.push(why),
    })
    .then(
      (how) => ({ how, error: undefined }),
      (error: Error & { code: string; hint?: string }) => ({ how: undefined, error }),
    );
  return {
    ...outcome,
    ...{ retries, told },
    received: registry.received(),
    open: registry.open.size,
    there: registry.blobs.get(digestOf(bytes))?.equals(bytes) ?? false,
    methods: registry.seen.map(({ method }) => method).join(" "),
    seen: registry.seen,
  };
}

const patch = ({ method }: { method: string }) => method === "PATCH";
const put = ({ method }: { method: string }) => method === "PUT";

describe("a blob is uploaded", () => {
  test("in one request where it is small, with its length told", async () => {
    const { how, there, methods, seen } = await upload({}, { bytes: Buffer.from("small") });
    expect({ how, there, methods }).toEqual({ how: "uploaded", there: true, methods: "GET HEAD POST PUT" });
    expect(seen.at(-1)?.headers).toMatchObject({ "content-length": "5", "user-agent": "inro" });
    expect(seen.at(-1)?.headers["transfer-encoding"]).toBeUndefined();
  });

  test("as one chunk where it is large, its range and length told, its progress too", async () => {
    const { how, there, methods, seen, told, open } = await upload({});
    expect({ how, there, methods, open }).toEqual({
      how: "uploaded",
      there: true,
      methods: "GET HEAD POST PATCH PUT",
      open: 0,
    });
    expect(seen.find(patch)?.headers).toMatchObject({
      "content-range": `0-${size - 1}`,
      "content-length": String(size),
    });
    // Requests without a body say so, as the specification asks.
    for (const each of seen.filter((a) => a.method === "POST" || put(a)))
      expect(each.headers["content-length"]).toBe("0");
    expect(told.at(-1)).toBe(size);
    expect(told.length).toBeGreaterThan(10);
  });

  test("not at all where it is there, and empty ones too", async () => {
    await using registry = await writtenRegistry();
    const reference = parseReference(`${registry.address}/team/app`);
    const repository = await openRepository(reference, { access: "push" });
    expect(await repository.putBlob(source(Buffer.alloc(0)))).toBe("uploaded");
    expect(await repository.putBlob(source(content))).toBe("uploaded");
    const before = registry.received();
    expect(await repository.putBlob(source(content))).toBe("present");
    expect(registry.received()).toBe(before);
  });

  test("by a mount from another repository of the registry", async () => {
    await using registry = await writtenRegistry();
    const open = (name: string) =>
      openRepository(parseReference(`${registry.address}/${name}`), { access: "push" });
    await (await open("team/base")).putBlob(source(content));
    const before = registry.received();
    expect(await (await open("team/app")).putBlob(source(content), { from: "team/base" })).toBe("mounted");
    expect(registry.received()).toBe(before);
  });

  test("a mount that is refused becomes an upload: with a session instead, or with any error", async () => {
    const session = await upload({}, { from: "somebody/else" });
    expect([session.how, session.there, session.methods]).toEqual([
      "uploaded",
      true,
      "GET HEAD POST PATCH PUT",
    ]);
    const refused = await upload(
      { decide: ({ path }) => (path.includes("mount=") ? { status: 403 } : undefined) },
      { from: "somebody/else" },
    );
    expect([refused.how, refused.there, refused.methods]).toEqual([
      "uploaded",
      true,
      "GET HEAD POST POST PATCH PUT",
    ]);
  });
});

describe("an upload goes on", () => {
  for (let tenth = 0; tenth < 10; tenth++) {
    const at = Math.floor((size * tenth) / 10);
    test(`where it was cut, after ${tenth} tenths`, async () => {
      const { how, there, seen, received } = await upload({
        decide: (a) => (patch(a) && a.before === 0 ? { cutAfter: at } : undefined),
      });
      expect({ how, there }).toEqual({ how: "uploaded", there: true });
      // Nothing that the registry had is sent again.
      expect(received).toBe(size);
      expect(seen.filter(patch).at(-1)?.headers["content-range"]).toBe(`${at}-${size - 1}`);
    });
  }

  test("however often it is cut, as long as it comes forward", async () => {
    const { how, there, received } = await upload({
      decide: (a) => (patch(a) && a.before < 12 ? { cutAfter: 300_000 } : undefined),
    });
    expect({ how, there, received }).toEqual({ how: "uploaded", there: true, received: size });
  });

  test("and is given up when it stands still, and nothing is left at the registry", async () => {
    const { error, open, retries } = await upload({
      decide: (a) => (patch(a) ? { cutAfter: 0 } : undefined),
    });
    expect(error).toMatchObject({ code: "REGISTRY_UNREACHABLE" });
    expect({ open, retries: retries.length }).toEqual({ open: 0, retries: 5 });
  });

  test("anew where the registry has forgotten it", async () => {
    const { how, there, methods } = await upload({
      decide: (a) =>
        patch(a) && a.before === 0
          ? { cutAfter: 1_000_000 }
          : a.method === "GET" && a.path.includes("/uploads/")
            ? { status: 404 }
            : undefined,
    });
    expect({ how, there }).toEqual({ how: "uploaded", there: true });
    expect(methods).toBe("GET HEAD POST PATCH HEAD GET POST PATCH PUT");
  });

  test("after 500, and after 429 when the time that it names is over", async () => {
    const { how, there, retries } = await upload({
      decide: (a) =>
        (patch(a) || put(a)) && a.before === 0
          ? { status: patch(a) ? 500 : 429, headers: { "retry-after": "0" } }
          : undefined,
    });
    expect({ how, there, retries }).toEqual({
      how: "uploaded",
      there: true,
      retries: ["it answered 500", "it answered 429"],
    });
  });

  test("whole again when the credentials are refused in its middle", async () => {
    const challenge = { "www-authenticate": 'Basic realm="x"' };
    const right = `Basic ${btoa("me:secret")}`;
    const { how, there, methods, received } = await upload(
      {
        decide: (a) =>
          patch(a) && a.headers.authorization !== right ? { status: 401, headers: challenge } : undefined,
      },
      { auth: { username: "me", password: "secret" } },
    );
    expect({ how, there, received }).toEqual({ how: "uploaded", there: true, received: size });
    expect(methods).toBe("GET HEAD POST PATCH PATCH PUT");
  });

  test("in smaller chunks where the registry takes no large bodies, not smaller than it wants them", async () => {
    const big = randomBytes(40 << 20);
    const limit = 20 << 20;
    const small = await upload(
      {
        decide: (a) =>
          Number(a.headers["content-length"]) > limit
            ? { status: 413, headers: { connection: "close" } }
            : undefined,
      },
      { bytes: big },
    );
    expect([small.how, small.there]).toEqual(["uploaded", true]);
    const ranges = small.seen.filter(patch).map(({ headers }) => headers["content-range"]);
    expect(ranges).toEqual([
      `0-${(40 << 20) - 1}`,
      `0-${(16 << 20) - 1}`,
      `${16 << 20}-${(32 << 20) - 1}`,
      `${32 << 20}-${(40 << 20) - 1}`,
    ]);
    const least = await upload(
      {
        minChunk: 18 << 20,
        decide: (a) => (Number(a.headers["content-length"]) > limit ? { status: 413 } : undefined),
      },
      { bytes: big },
    );
    expect(least.there).toBe(true);
    expect(least.seen.filter(patch)[1]?.headers["content-range"]).toBe(`0-${(18 << 20) - 1}`);
  });

  test("in one request where the registry knows no chunks", async () => {
    for (const status of [400, 405, 501]) {
      const { how, there, methods } = await upload({ decide: (a) => (patch(a) ? { status } : undefined) });
      expect({ how, there, methods }).toEqual({
        how: "uploaded",
        there: true,
        methods: "GET HEAD POST PATCH HEAD GET PUT",
      });
    }
  });

  test("when the registry is started again in its middle", async () => {
    let restarted: Promise<void> | undefined;
    await using registry = await writtenRegistry({
      decide(a) {
        if (!patch(a) || a.before > 0) return undefined;
        restarted = Bun.sleep(0).then(() => registry.restart(200));
        return { cutAfter: 1_000_000 };
      },
    });
    const reference = parseReference(`${registry.address}/team/app`);
    const repository = await openRepository(reference, { access: "push", retryBase: 50 });
    expect(await repository.putBlob(source(content))).toBe("uploaded");
    await restarted;
    expect(registry.blobs.get(digest)?.equals(content)).toBe(true);
  });

  test("is done when only the last answer was lost", async () => {
    const { how, there, received } = await upload({ decide: (a) => (put(a) ? { silent: true } : undefined) });
    expect({ how, there, received }).toEqual({ how: "uploaded", there: true, received: size });
  });

  test("takes up a chunk whose answer was lost where the registry says", async () => {
    const { how, received } = await upload({
      decide: (a) => (patch(a) && a.before === 0 ? { silent: true } : undefined),
    });
    expect({ how, received }).toEqual({ how: "uploaded", received: size });
  });
});

test("whatever a registry does, the blob is there whole or an error says why", async () => {
  const outcomes = { uploaded: 0, refused: 0 };
  for (let seed = 0; seed < 60; seed++) {
    const roll = numbers(seed);
    const bytes = content.subarray(0, (1 << 20) + roll(3 << 20));
    const ill = 2 + roll(4);
    const fault = (): Refusal =>
      [
        { cutAfter: roll(bytes.length) },
        { silent: true as const },
        { status: 500 + roll(4) },
        { status: 429, headers: { "retry-after": "0" } },
        { status: [400, 404, 413, 416][roll(4)] ?? 400 },
        { cutAfter: 0 },
      ][roll(6)];
    const { how, error, there } = await upload(
      { decide: (a) => (a.path !== "/v2/" && a.method !== "DELETE" && roll(10) < ill ? fault() : undefined) },
      { bytes, retryBase: 1 },
    );
    if (error === undefined) expect([seed, how, there]).toEqual([seed, expect.any(String), true]);
    else
      expect([seed, error.code]).toEqual([
        seed,
        expect.stringMatching(/^REGISTRY_|^BLOB_|^DIGEST_|^NO_SUCH/),
      ]);
    outcomes[error === undefined ? "uploaded" : "refused"]++;
  }
  expect(outcomes.uploaded).toBeGreaterThan(10);
  expect(outcomes.refused).toBeGreaterThan(3);
}, 60_000);

describe("an upload ends", () => {
  test("at a registry that is always busy, with its words and the time that it names", async () => {
    const words = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your limit"}]}';
    const busy = { status: 429, headers: { "retry-after": "0" }, body: words };
    const { error, open } = await upload({ decide: (a) => (a.method === "POST" ? busy : undefined) });
    expect(error).toMatchObject({ code: "REGISTRY_BUSY", hint: "wait, or log in" });
    expect(error?.message).toContain(
      "limits how often it is asked, and names 0 s to wait: You have reached your limit",
    );
    expect(open).toBe(0);
  });

  test("the time that an answer names is seconds, or a date", () => {
    const named = (value: string) => retryAfter(new Response("", { headers: { "retry-after": value } }));
    expect(named("7")).toBeWithin(6900, 7001);
    expect(named(new Date(Date.now() + 20_000).toUTCString())).toBeWithin(18_000, 20_001);
    expect(named(new Date(Date.now() - 20_000).toUTCString())).toBe(0);
    expect(named("soon")).toBeUndefined();
  });

  test("at one that takes chunks and keeps nothing of them", async () => {
    const { error, methods } = await upload({
      decide: (a) => (patch(a) ? { status: 202, headers: { location: a.path, range: "0-99" } } : undefined),
    });
    expect(error).toMatchObject({
      code: "REGISTRY_ERROR",
      message: expect.stringContaining("takes chunks and keeps nothing of them"),
    });
    expect(methods.split("PATCH").length).toBeLessThan(30);
  });

  test("at one that does not let it in", async () => {
    const denied = { errors: [{ code: "DENIED", message: "requested access to the resource is denied" }] };
    const { error } = await upload({
      decide: (a) => (a.method === "POST" ? { status: 403, body: JSON.stringify(denied) } : undefined),
    });
    expect(error?.message).toMatch(
      /^cannot push ".*team\/app:1": .* does not let you write there: requested access to the resource is denied \(log in with `inro login 127/,
    );
  });

  test("where the registry has got other bytes than were promised", async () => {
    await using registry = await writtenRegistry();
    const repository = await openRepository(parseReference(`${registry.address}/x`), { access: "push" });
    const liar = { digest: digestOf("else"), size: 5, read: () => chunks(Buffer.from("small")) };
    await expect(repository.putBlob(liar)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(registry.open.size).toBe(0);
  });

  test("where the registry says that it stored something else", async () => {
    const other = digestOf("something else");
    const { error } = await upload({
      decide: (a) => (put(a) ? { status: 201, headers: { "docker-content-digest": other } } : undefined),
    });
    expect(error).toMatchObject({
      code: "DIGEST_MISMATCH",
      message: expect.stringContaining(`has stored it as ${other}`),
    });
  });

  test("where its source ends too early or breaks, for the source's reason", async () => {
    await using registry = await writtenRegistry();
    const repository = await openRepository(parseReference(`${registry.address}/x`), { access: "push" });
    const short = { digest, size: size + 1, read: () => chunks(content) };
    await expect(repository.putBlob(short)).rejects.toMatchObject({ code: "BLOB_TRUNCATED" });
    const broken = {
      ...{ digest, size },
      async *read() {
        yield content.subarray(0, 1000);
        throw new Error("the disk is gone");
      },
    };
    await expect(repository.putBlob(broken)).rejects.toThrow("the disk is gone");
    expect(registry.open.size).toBe(0);
  });

  test("when it is stopped, and gives back what it began", async () => {
    const stop = new AbortController();
    const { error, open, there } = await upload(
      {
        decide: (a) => {
          if (patch(a)) stop.abort();
          return undefined;
        },
      },
      { signal: stop.signal },
    );
    expect(error?.name).toBe("AbortError");
    expect({ open, there }).toEqual({ open: 0, there: false });
  });
});

describe("the place to upload to", () => {
  test("may be absolute, relative to the root, or to what was asked", async () => {
    for (const location of [
      (path: string, address: string) => `http://${address}${path}`,
      (path: string) => path,
      (path: string) => path.replace(/^.*\/uploads\//, ""),
    ]) {
      const { how, there } = await upload({ location });
      expect({ how, there }).toEqual({ how: "uploaded", there: true });
    }
  });

  test("is no other host's without TLS, and no host's by another protocol", async () => {
    for (const place of ["http://192.0.2.1/upload", "ftp://127.0.0.1/upload", "file:///etc/passwd"]) {
      const { error, methods } = await upload({ location: () => place });
      expect(error).toMatchObject({
        code: "REGISTRY_ERROR",
        message: expect.stringContaining("without TLS"),
      });
      expect(methods).toBe("GET HEAD POST");
    }
    const { error } = await upload({ location: () => "http://[" });
    expect(error?.message).toContain("which is no address");
  });

  test("is followed where a redirect leads, but not without TLS to others", async () => {
    await using storage = await writtenRegistry();
    const followed = await upload({
      decide: ({ method, path }) =>
        method === "POST"
          ? { status: 307, headers: { location: `http://${storage.address}${path}` } }
          : undefined,
    });
    expect([followed.how, storage.blobs.has(digest)]).toEqual(["uploaded", true]);
    for (const place of ["http://192.0.2.1/x", "http://["]) {
      const { error } = await upload({
        decide: (a) => (patch(a) ? { status: 307, headers: { location: place } } : undefined),
      });
      expect(error).toMatchObject({
        code: "REGISTRY_UNREACHABLE",
        message: expect.stringMatching(/without TLS|no address/),
      });
    }
  });

  test("gets no credentials when it is another host's", async () => {
    await using storage = await writtenRegistry();
    const right = `Basic ${btoa("me:secret")}`;
    const { seen } = await upload(
      {
        location: (path) => `http://${storage.address}${path}`,
        decide: ({ headers, path }) =>
          headers.authorization === right || path === "/v2/"
            ? undefined
            : { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } },
      },
      { auth: { username: "me", password: "secret" }, retryBase: 1 },
    );
    expect(seen.some(({ headers }) => headers.authorization === right)).toBe(true);
    expect(storage.seen.length).toBeGreaterThan(0);
    expect(
      storage.seen.map(({ headers }) => headers.authorization).filter((each) => each !== undefined),
    ).toEqual([]);
  });
});

test("a registry that says it has more of a blob than there is gets it anew, and not without end", async () => {
  const { error, methods } = await upload({
    decide: ({ method, path }) => {
      if (method === "PATCH") return { cutAfter: 1000 };
      const isStand = method === "GET" && path.includes("/uploads/");
      const headers = { location: path, range: `0-${"9".repeat(12)}` };
      return isStand ? { status: 204, headers } : undefined;
    },
  });
  expect(error?.code).toBe("REGISTRY_UNREACHABLE");
  expect(methods.match(/PATCH/g)?.length).toBe(6);
});
