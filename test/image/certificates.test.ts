import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { parseReference } from "../../src/oci/reference.ts";
import { rootMissing } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { listening } from "../support/listening.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { certificate, type Pair, tlsRegistry } from "../support/tls-registry.ts";
import { tar, testStore } from "./fixtures.ts";

const places = ["/etc/inro/certs.d", "/etc/containers/certs.d", "/etc/docker/certs.d"] as const;

/** Files for one server in a `certs.d`; the folder goes with the scope, and those above it that are empty then. */
function certsFor(place: string, server: string, files: Readonly<Record<string, string>>): Disposable {
  const folder = join(place, server);
  const made = mkdirSync(folder, { recursive: true });
  for (const [name, from] of Object.entries(files)) copyFileSync(from, join(folder, name));
  return {
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true });
      for (let above = place; made !== undefined && above.startsWith(made); above = dirname(above)) {
        // Another test has a server of its own there.
        if (readdirSync(above).length > 0) return;
        rmdirSync(above);
      }
    },
  };
}

const isMissing = rootMissing || registryMissing || Bun.which("openssl") === null;

describe.skipIf(isMissing)("certs.d, with a real registry", () => {
  const host = machine();
  const folder = temporaryFolder("certificates");
  let real: Registry;
  let server: Pair;
  let client: Pair;

  beforeAll(async () => {
    real = await registry(host);
    await real.push("team/app:1", { layers: [tar({ name: "hello", content: "world" })] });
    server = certificate(folder.path, "server", "IP:127.0.0.1,DNS:registry.test");
    client = certificate(folder.path, "client");
  }, 30_000);
  afterAll(async () => {
    await real[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
    host[Symbol.dispose]();
  });

  const pulled = async (name: string) => {
    await using store = await testStore();
    return await store.images.pull(parseReference(name)).then(
      ({ names }) => names,
      (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
    );
  };

  test.each(places)("an authority of %s is trusted, and only while it is there", async (place) => {
    await using tls = await tlsRegistry(host, real.folder, server);
    const address = `127.0.0.1:${tls.port}`;
    expect(await pulled(`${address}/team/app:1`)).toMatchObject({ code: "REGISTRY_UNREACHABLE" });
    {
      using _ = certsFor(place, address, { "own.crt": server.certificate });
      expect(await pulled(`${address}/team/app:1`)).toEqual([`${address}/team/app:1`]);
    }
    expect(existsSync(join(place, address))).toBe(false);
    expect(await pulled(`${address}/team/app:1`)).toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  });

  test("a registry that wants a client's certificate gets it, and lets nobody else in", async () => {
    await using tls = await tlsRegistry(host, real.folder, server, client.certificate);
    const address = `127.0.0.1:${tls.port}`;
    const authority = { "own.crt": server.certificate };
    {
      using _ = certsFor(places[0], address, authority);
      expect(await pulled(`${address}/team/app:1`)).toMatchObject({
        code: "REGISTRY_UNREACHABLE",
        message: expect.stringContaining("handshake"),
      });
    }
    {
      using _ = certsFor(places[0], address, { ...authority, "me.cert": client.certificate });
      expect(await pulled(`${address}/team/app:1`)).toMatchObject({
        code: "CERTIFICATES_INVALID",
        message: expect.stringContaining("me.key"),
      });
    }
    using _ = certsFor(places[0], address, {
      ...authority,
      "me.cert": client.certificate,
      "me.key": client.key,
    });
    expect(await pulled(`${address}/team/app:1`)).toEqual([`${address}/team/app:1`]);
  });

  /** A proxy that knows registry.test, and tells whom it was asked for; another process pulls through it. */
  const throughProxy = async (port: number, environment: Record<string, string>, name: string) => {
    const asked: string[] = [];
    const proxy: Server = createServer((request, answer) => {
      asked.push(`${request.method} ${request.url}`);
      answer.writeHead(502).end();
    });
    proxy.on("connect", (request, socket) => {
      asked.push(`CONNECT ${request.url} ${request.headers["proxy-authorization"] ?? ""}`);
      const up = connect(port, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(up).pipe(socket);
      });
      up.on("error", () => socket.destroy());
      socket.on("error", () => up.destroy());
    });
    await using served = await listening(proxy);
    const program = `
      const { openRepository } = await import("${join(import.meta.dir, "../../src/image/registry/repository.ts")}");
      const { parseReference } = await import("${join(import.meta.dir, "../../src/oci/reference.ts")}");
      const repository = await openRepository(parseReference("${name}"), {});
      console.log((await repository.manifest("1")).digest);`;
    const env = {
      HTTP_PROXY: `http://${served.address}`,
      HTTPS_PROXY: `http://me:word@${served.address}`,
      NO_PROXY: "",
      ...environment,
    };
    const ran = await host.run(process.execPath, ["-e", program], { env });
    return { asked, ...ran };
  };

  test("a registry behind a proxy is reached by CONNECT, its certificate checked; loopback goes past the proxy", async () => {
    await using tls = await tlsRegistry(host, real.folder, server);
    const untrusted = await throughProxy(tls.port, {}, "registry.test/team/app");
    expect(untrusted.code).not.toBe(0);
    expect(untrusted.stderr).toMatch(/certificate/);
    using _ = certsFor(places[0], "registry.test", { "own.crt": server.certificate });
    const found = await throughProxy(tls.port, {}, "registry.test/team/app");
    expect(found.stderr).toBe("");
    expect(found.stdout).toStartWith("sha256:");
    expect(new Set(found.asked)).toEqual(new Set([`CONNECT registry.test:443 Basic ${btoa("me:word")}`]));

    const direct = await throughProxy(
      tls.port,
      { NO_PROXY: ".test,registry.test:443" },
      "registry.test/team/app",
    );
    expect({ asked: direct.asked, code: direct.code }).toMatchObject({ asked: [], code: 1 });
    const local = await throughProxy(tls.port, {}, `${real.address}/team/app`);
    expect({ asked: local.asked, code: local.code }).toEqual({ asked: [], code: 0 });
  });
});
