import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fetched } from "../../src/image/import.ts";
import { openRepository } from "../../src/image/registry/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { certificate } from "../support/tls-registry.ts";

/** A registry with a certificate of its own; it counts what comes without TLS too. */
async function withRegistry(
  work: (address: string, certificate: string) => Promise<void>,
  answer: (request: Request) => Response = () => Response.json({ schemaVersion: 2 }),
): Promise<void> {
  using folder = temporaryFolder("tls");
  const own = certificate(folder.path, "registry", "IP:127.0.0.1");
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { key: readFileSync(own.key), cert: readFileSync(own.certificate) },
    fetch: (request) => (new URL(request.url).pathname === "/v2/" ? Response.json({}) : answer(request)),
  });
  try {
    await work(`127.0.0.1:${server.port}`, own.certificate);
  } finally {
    await server.stop(true);
  }
}

/** While it works, the host's bundle is this certificate. */
async function trusting(certificate: string, work: () => Promise<void>): Promise<void> {
  const before = process.env["SSL_CERT_FILE"];
  process.env["SSL_CERT_FILE"] = certificate;
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env["SSL_CERT_FILE"];
    else process.env["SSL_CERT_FILE"] = before;
  }
}

describe.skipIf(Bun.which("openssl") === null)("TLS", () => {
  test("a certificate that the host does not trust is refused, and plain HTTP is not tried instead", () =>
    withRegistry(async (address) => {
      await expect(openRepository(parseReference(`${address}/x`), {})).rejects.toMatchObject({
        code: "REGISTRY_UNREACHABLE",
        message: expect.stringMatching(/certificate|self.signed/i),
      });
    }));

  test("a certificate of the host's bundle is trusted", () =>
    withRegistry(async (address, certificate) => {
      await trusting(certificate, async () => {
        const repository = await openRepository(parseReference(`${address}/x`), {});
        expect((await repository.manifest("latest")).content.toString()).toBe('{"schemaVersion":2}');
      });
    }));

  test("what is imported from a URL is fetched with the host's bundle as well, and not without", () =>
    withRegistry(
      async (address, certificate) => {
        const root = () =>
          Array.fromAsync(fetched(`https://${address}/root.tar`, AbortSignal.timeout(10_000)));
        await expect(root()).rejects.toMatchObject({ code: "SOURCE_UNREACHABLE" });
        await trusting(certificate, async () => {
          expect(Buffer.concat(await root()).toString()).toBe("a tar");
        });
      },
      () => new Response("a tar"),
    ));

  test("a registry behind a proxy that ends TLS calls its uploads http: they go on with TLS", async () => {
    const heard: string[] = [];
    const answer = ({ method, url }: Request) => {
      heard.push(`${method} ${url.replace(/:\d+\//, "/")}`);
      if (method === "POST")
        return new Response("", { status: 202, headers: { location: "http://127.0.0.1/upload/1?state=2" } });
      return new Response("", { status: method === "PUT" ? 201 : 404 });
    };
    await withRegistry(
      (address, certificate) =>
        trusting(certificate, async () => {
          const repository = await openRepository(parseReference(`${address}/x`), { access: "push" });
          await repository.putBytes(Buffer.from("small"));
        }),
      answer,
    );
    expect(heard.at(-1)).toStartWith("PUT https://127.0.0.1/upload/1?state=2&digest=sha256%3A");
  });
});
