import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./host.ts";
import { type TestImage, writeIndexLayout, writeLayout } from "./oci-layout.ts";
import { temporaryFolder } from "./temporary.ts";
import { tool } from "./tools.ts";

/** Debian's docker-registry on a loopback port of the host. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Where it keeps its blobs, for tests that damage them. */
  readonly folder: string;
  /** Pushes an image made by the test, by skopeo; answers its full reference. */
  push(name: string, image: TestImage): Promise<string>;
  /** The same for an index of several platforms; answers its digest too. */
  pushIndex(
    name: string,
    images: readonly TestImage[],
  ): Promise<{ readonly reference: string; readonly digest: string }>;
  stop(): Promise<void>;
}

export const registryMissing = tool("docker-registry") === undefined || tool("skopeo") === undefined;

/** `auth` is the part of its configuration of this name, as JSON. */
export async function registry(host: Host, auth?: object): Promise<Registry> {
  const folder = temporaryFolder("registry");
  const port = 20_000 + Math.floor(Math.random() * 10_000);
  const address = `127.0.0.1:${port}`;
  const config = join(folder.path, "config.yml");
  const data = join(folder.path, "data");
  mkdirSync(data);
  writeFileSync(
    config,
    [
      `version: 0.1\nstorage: {filesystem: {rootdirectory: ${data}}}\nhttp: {addr: "${address}"}\nlog: {level: error}\n`,
      ...(auth === undefined ? [] : [`auth: ${JSON.stringify(auth)}\n`]),
    ].join(""),
  );
  const server = host.spawn(tool("docker-registry") ?? "docker-registry", ["serve", config], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const stop = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGKILL");
    await ended;
  };
  for (let tries = 0; (await host.run("curl", ["-s", `http://${address}/v2/`])).code !== 0; tries++) {
    if (tries > 200) throw new Error("docker-registry does not answer");
    await Bun.sleep(25);
  }
  const copied = async (layout: string, name: string, ...options: string[]) => {
    const reference = `${address}/${name}`;
    const words = ["--insecure-policy", "copy", "--dest-tls-verify=false", ...options];
    const from = `oci:${layout}:test`;
    const pushed = await host.run(tool("skopeo") ?? "skopeo", [...words, from, `docker://${reference}`]);
    if (pushed.code !== 0) throw new Error(`skopeo: ${pushed.stderr}`);
    return reference;
  };
  return {
    address,
    folder: data,
    stop,
    push: async (name, image) => {
      using layout = temporaryFolder("layout");
      writeLayout(layout.path, "test", image);
      return await copied(layout.path, name);
    },
    pushIndex: async (name, images) => {
      using layout = temporaryFolder("layout");
      const digest = writeIndexLayout(layout.path, "test", images);
      return { reference: await copied(layout.path, name, "--all", "--preserve-digests"), digest };
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      folder[Symbol.dispose]();
    },
  };
}
