/** Registries for engines that each have a network of their own: one process in each, over one folder of blobs. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tool } from "../../test/support/tools.ts";
import { end, until } from "../contenders/engine.ts";
import { finish } from "../programs.ts";

/** Where images are pulled from, and where they are pushed to: inside each engine's network. */
export const from = "127.0.0.1:5000";
export const to = "127.0.0.1:5001";

function serve(folder: string, data: string, address: string, enter: readonly string[]): ChildProcess {
  const config = join(folder, `${address}.yml`);
  writeFileSync(
    config,
    `version: 0.1\nstorage: {filesystem: {rootdirectory: ${data}}}\nhttp: {addr: "${address}"}\nlog: {level: error}\n`,
  );
  const [program = "", ...words] = [...enter, tool("docker-registry") ?? "", "serve", config];
  return spawn(program, words, { stdio: "ignore" });
}

/** Waits for a registry; `enter` enters the network that it is in. */
const answering = (address: string, enter: readonly string[]) =>
  until(`the registry at ${address}`, () =>
    finish([...enter, "curl", "-s", `http://${address}/v2/`], {}).then(
      () => true,
      () => false,
    ),
  );

export interface Registries extends AsyncDisposable {
  /** Forgets what this engine has pushed. */
  empty(): void;
}

/** Starts both in the network that `enter` enters; `data` is what they share that are pulled from. */
export async function registries(
  folder: string,
  data: string,
  enter: readonly string[],
): Promise<Registries> {
  const own = join(folder, "pushed");
  mkdirSync(own, { recursive: true });
  const started = [serve(folder, data, from, enter), serve(folder, own, to, enter)];
  for (const address of [from, to]) await answering(address, enter);
  return {
    empty() {
      for (const name of readdirSync(own)) rmSync(join(own, name), { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map(end));
    },
  };
}

/** Puts a layout into the folder of a registry, by a registry that runs as long. */
export async function publish(folder: string, data: string, layout: string, name: string): Promise<void> {
  const address = "127.0.0.1:5002";
  const server = serve(folder, data, address, []);
  try {
    const copy = [tool("skopeo") ?? "", "--insecure-policy", "copy", "--dest-tls-verify=false"];
    await answering(address, []);
    await finish([...copy, `oci:${layout}:bench`, `docker://${address}/${name}`], {});
  } finally {
    await end(server);
  }
}

/** The layers' addresses below `http://from`. */
export function layersOf(layout: string, name: string): string[] {
  const read = (digest: string) =>
    JSON.parse(readFileSync(join(layout, "blobs", digest.replace(":", "/")), "utf8"));
  const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
  const { layers } = read(index.manifests[0].digest) as { layers: { digest: string }[] };
  return layers.map(({ digest }) => `http://${from}/v2/${name}/blobs/${digest}`);
}
