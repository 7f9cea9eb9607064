import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openRepository } from "../../src/image/registry/repository.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A registry with a certificate of its own; it counts what comes without TLS too. */
async function withRegistry(work: (address: string, certificate: string) => Promise<void>): Promise<void> {
  using folder = temporaryFolder("tls");
  const [key, certificate] = [join(folder.path, "key.pem"), join(folder.path, "certificate.pem")];
  const make = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=registry -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${certificate}`;
  execFileSync("openssl", make.split(" "), { stdio: "ignore" });
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { key: readFileSync(key), cert: readFileSync(certificate) },
    fetch: (request) =>
      new URL(request.url).pathname === "/v2/" ? Response.json({}) : Response.json({ schemaVersion: 2 }),
  });
  try {
    await work(`127.0.0.1:${server.port}`, certificate);
  } finally {
    await server.stop(true);
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
      const before = process.env["SSL_CERT_FILE"];
      process.env["SSL_CERT_FILE"] = certificate;
      try {
        const repository = await openRepository(parseReference(`${address}/x`), {});
        expect((await repository.manifest("latest")).content.toString()).toBe('{"schemaVersion":2}');
      } finally {
        if (before === undefined) delete process.env["SSL_CERT_FILE"];
        else process.env["SSL_CERT_FILE"] = before;
      }
    }));
});
