import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import { temporaryFolder } from "./temporary.ts";
import { tool } from "./tools.ts";

/** A certificate and its key, as files. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

const ec = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";

/** One that signs itself: an authority, a server's with its names, or a client's. */
export function certificate(folder: string, name: string, alternatives = "DNS:none.test"): Pair {
  const pair = { certificate: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
  const words = `req -x509 ${ec} -subj /CN=${name} -addext subjectAltName=${alternatives} -keyout ${pair.key} -out ${pair.certificate}`;
  execFileSync("openssl", words.split(" "), { stdio: "ignore" });
  return pair;
}

export interface TlsRegistry extends AsyncDisposable {
  readonly port: number;
}

/** Debian's docker-registry with TLS over the blobs of another one; `clients` is the authority of those it lets in. */
export async function tlsRegistry(
  host: Host,
  data: string,
  server: Pair,
  clients?: string,
): Promise<TlsRegistry> {
  const folder = temporaryFolder("tls-registry");
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const http = {
    addr: `127.0.0.1:${port}`,
    tls: {
      certificate: server.certificate,
      key: server.key,
      ...(clients === undefined ? {} : { clientcas: [clients] }),
    },
  };
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: data } },
    http,
    log: { level: "error" },
  };
  mkdirSync(folder.path, { recursive: true });
  const path = join(folder.path, "config.yml");
  writeFileSync(path, JSON.stringify(config));
  const child = host.spawn(tool("docker-registry") ?? "docker-registry", ["serve", path], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  // 35 is a handshake that failed and 56 one without the client's certificate: somebody is there.
  for (let tries = 0; ; tries++) {
    const { code } = await host.run("curl", ["-sk", `https://127.0.0.1:${port}/v2/`]);
    if (code === 0 || code === 56 || code === 35) break;
    if (tries > 200) throw new Error("docker-registry does not answer");
    await Bun.sleep(25);
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await ended;
      }
      folder[Symbol.dispose]();
    },
  };
}
