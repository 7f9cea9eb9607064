import { describe, expect, test } from "bun:test";
import { bodyOf } from "../../src/image/registry/answer.ts";
import { authorizer } from "../../src/image/registry/auth.ts";
import { parseChallenges } from "../../src/image/registry/challenge.ts";
import { request } from "../../src/image/registry/http.ts";
import { checkCredentials } from "../../src/image/registry/login.ts";
import { joinScopes } from "../../src/image/registry/scope.ts";
import { writtenRegistry } from "./written-registry.ts";

describe("challenges of a registry", () => {
  for (const [header, challenges] of [
    [
      'Bearer realm="https://auth.example.com/token",service="registry",scope="repository:a/b:pull,push"',
      [
        {
          scheme: "bearer",
          parameters: {
            realm: "https://auth.example.com/token",
            service: "registry",
            scope: "repository:a/b:pull,push",
          },
        },
      ],
    ],
    [
      'Basic realm="a \\"quoted\\" one", Bearer realm=plain',
      [
        { scheme: "basic", parameters: { realm: 'a "quoted" one' } },
        { scheme: "bearer", parameters: { realm: "plain" } },
      ],
    ],
    ["Negotiate", [{ scheme: "negotiate", parameters: {} }]],
    ["", []],
    ["==,,", []],
  ] as const)
    test(`${header === "" ? "none" : header}`, () => {
      expect(parseChallenges(header)).toEqual(challenges as never);
    });
});

test("scopes are joined: each resource once, with all that is asked for it", () => {
  expect(joinScopes("repository:a/b:pull,push", "repository:a/b:pull repository:c:pull", "")).toEqual([
    "repository:a/b:pull,push",
    "repository:c:pull",
  ]);
  expect(joinScopes("registry.example.com:5000/x:pull")).toEqual(["registry.example.com:5000/x:pull"]);
});

describe("a token service", () => {
  /** What becomes of a challenge that leads to the service, and what the service hears. */
  async function challenged(
    answer: (request: Request) => Response | Promise<Response>,
    options: { realm?: string; secret?: string; registry?: string } = {},
  ) {
    const heard: { url: string; authorization: string | null; body: string }[] = [];
    await using service = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        const authorization = request.headers.get("authorization");
        heard.push({ url: request.url, authorization, body: await request.text() });
        return await answer(request);
      },
    });
    const auth =
      options.secret === undefined
        ? { username: "me", password: "secret" }
        : { identityToken: options.secret };
    const { registry = "http://localhost:5000" } = options;
    const authorize = authorizer({ registry, scope: "repository:a:pull", auth });
    const realm = options.realm ?? `http://127.0.0.1:${service.port}/token`;
    const outcome = await authorize.answer(`Bearer realm="${realm}"`, undefined, undefined).then(
      (better) => ({ better, code: "", why: "" }),
      ({ code, why }: { code: string; why: string }) => ({ better: false, code, why }),
    );
    return { ...outcome, heard, header: await authorize.current(undefined) };
  }

  test("gives a token for a password, or for an identity token", async () => {
    const byPassword = await challenged(() => Response.json({ access_token: "good" }));
    expect(byPassword).toMatchObject({ better: true, header: "Bearer good" });
    const byToken = await challenged(() => Response.json({ token: "good" }), { secret: "lasting" });
    expect(byToken).toMatchObject({ better: true, header: "Bearer good" });
    expect(byToken.heard).toEqual([
      {
        url: expect.stringMatching(/\/token$/),
        authorization: null,
        body: "grant_type=refresh_token&refresh_token=lasting&client_id=inro&scope=repository%3Aa%3Apull",
      },
    ]);
  });

  test("that is reached without TLS elsewhere hears nothing", async () => {
    for (const realm of ["http://192.0.2.1/token", "ftp://127.0.0.1/", "", "/token"]) {
      const { code, why } = await challenged(() => Response.json({}), { realm });
      expect([code, why]).toEqual(["REGISTRY_ERROR", expect.stringContaining("which is no https address")]);
    }
  });

  test("of this machine is a registry's of this machine alone: no other one has us ask what listens here", async () => {
    for (const registry of [
      "https://registry.example",
      "http://10.0.0.5:5000",
      "https://127.0.0.1.example",
    ]) {
      const { code, heard } = await challenged(() => Response.json({ token: "good" }), { registry });
      expect({ code, heard }).toEqual({ code: "REGISTRY_ERROR", heard: [] });
    }
  });

  test("that is named a hundred times is asked a few times, and its query is in no message", async () => {
    let asked = 0;
    await using service = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        asked++;
        return new Response("", { status: 401 });
      },
    });
    const authorize = authorizer({ registry: "http://127.0.0.1", scope: "", auth: undefined });
    const challenge = `Bearer realm="http://127.0.0.1:${service.port}/token"`;
    expect(await authorize.answer(Array(100).fill(challenge).join(", "), undefined, undefined)).toBe(false);
    expect(asked).toBe(4);
    const large = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("x".repeat(100)) });
    const signedUrl = `http://127.0.0.1:${large.port}/blob?signature=secret`;
    const reading = bodyOf(await fetch(signedUrl), 10);
    await expect(reading).rejects.toMatchObject({ message: expect.not.stringContaining("secret") });
    await large.stop(true);
  });

  test("whose token would add a header is refused before it is sent on", async () => {
    const token = "good\r\nx-injected: 1";
    const { header } = await challenged(() => Response.json({ token }));
    await using registry = await writtenRegistry();
    const asked = request({
      url: `http://${registry.address}/v2/`,
      headers: { authorization: header ?? "" },
      signal: undefined,
    });
    await expect(asked).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.not.stringContaining("good"),
    });
    expect(registry.seen).toEqual([]);
  });

  test("that refuses, fails, or answers nonsense", async () => {
    expect(await challenged(() => new Response("", { status: 401 }))).toMatchObject({
      better: false,
      code: "",
    });
    for (const [answer, why] of [
      [() => new Response("", { status: 503 }), "its token service answered 503"],
      [() => new Response("<html>"), "its token service answered something that is no token"],
      [() => Response.json({ token: 5 }), "its token service answered something that is no token"],
      [() => Response.json({}), "its token service answered without a token"],
    ] as const)
      expect(await challenged(answer)).toMatchObject({ code: "REGISTRY_ERROR", why });
    const endless = await challenged(() => new Response(new Uint8Array(2 << 20)));
    expect(endless).toMatchObject({ code: "REGISTRY_ERROR", why: expect.stringContaining("larger than") });
  });

  test("that redirects elsewhere takes neither password nor identity token along", async () => {
    const heard: string[] = [];
    await using elsewhere = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      async fetch(request) {
        heard.push(`${request.headers.get("authorization")} ${await request.text()}`);
        return Response.json({ token: "good" });
      },
    });
    const away = () => Response.redirect(`http://127.0.0.1:${elsewhere.port}/`, 307);
    expect(await challenged(away)).toMatchObject({ better: true });
    expect(heard).toEqual(["null "]);
    const secret = await challenged(away, { secret: "lasting" });
    expect([secret.code, secret.why]).toEqual([
      "REGISTRY_UNREACHABLE",
      `it redirects a secret to http://127.0.0.1:${elsewhere.port}`,
    ]);
    expect(heard.length).toBe(1);
  });

  test("is asked once for many requests that are refused at once", async () => {
    let asked = 0;
    await using service = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => Response.json({ token: `token ${++asked}` }),
    });
    const authorize = authorizer({
      registry: "http://127.0.0.1",
      scope: "repository:a:pull",
      auth: undefined,
    });
    const challenge = `Bearer realm="http://127.0.0.1:${service.port}/token"`;
    const answers = Array.from({ length: 8 }, () => authorize.answer(challenge, undefined, undefined));
    expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    // One that comes late has its answer already.
    expect(await authorize.answer(challenge, undefined, undefined)).toBe(true);
    expect(asked).toBe(1);
    expect(await authorize.answer(challenge, "Bearer token 1", undefined)).toBe(true);
    expect(asked).toBe(2);
  });
});

test("login: a registry that asks nobody takes everybody; one that refuses is told as that", async () => {
  await using open = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({}) });
  const auth = { username: "me", password: "secret" };
  expect(await checkCredentials(`127.0.0.1:${open.port}`, auth)).toEqual({ identityToken: undefined });
  await using closed = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () => new Response("", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
  });
  await expect(checkCredentials(`127.0.0.1:${closed.port}`, auth)).rejects.toMatchObject({
    code: "CREDENTIALS_REFUSED",
  });
});

describe("an answer is read", () => {
  const served = async (bytes: number, end: boolean) => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new Uint8Array(bytes));
              if (end) controller.close();
            },
          }),
        ),
    });
    const response = await request({ url: `http://127.0.0.1:${server.port}/`, signal: undefined });
    return { response, [Symbol.asyncDispose]: () => server.stop(true) };
  };

  test("whole, unless it is too large or does not come to its end", async () => {
    await using whole = await served(1000, true);
    expect((await bodyOf(whole.response, 1000)).length).toBe(1000);
    await using large = await served(1001, false);
    await expect(bodyOf(large.response, 1000)).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
    await using endless = await served(1000, false);
    await expect(bodyOf(endless.response, 1000, 200)).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      why: "it did not answer within 0.2 s",
    });
  });
});
