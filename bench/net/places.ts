import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Engine } from "../contenders/engine.ts";
import { until } from "../contenders/engine.ts";
import { IMAGE } from "../image.ts";
import { finish } from "../programs.ts";

/** Where traffic goes: a host, and two containers on its bridge, the first of which listens. */
export interface Place {
  readonly name: string;
  /** Words that run a program on the host, and in the container that asks. */
  readonly host: readonly string[];
  readonly client: readonly string[];
  /** The container that listens. */
  readonly address: string;
  /** What the host's ports are called on the host: by loopback, and by another of its addresses; null without any. */
  readonly published: { readonly loopback: string; readonly own: string } | null;
  close(): Promise<unknown>;
}

export const PORT = "7000";
const HOST_PORT = "8070";
/** An address of each host that is no loopback's, though its traffic stays there too. */
const OWN_ADDRESS = "198.51.100.1";

/** Compiles the program that makes traffic into `folder`; answers its path. */
export function compileTraffic(folder: string): string {
  const program = join(folder, "traffic");
  const words = ["-O2", "-static", "-o", program, join(import.meta.dir, "traffic.c")];
  const { status, stderr } = spawnSync(process.env["CC"] ?? "cc", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cannot compile traffic.c: ${stderr}`);
  return program;
}

export const networkOf = (pid: string) => ["nsenter", "--target", pid, "--net"];

async function serve(words: readonly string[]): Promise<ChildProcess> {
  const [program = "", ...rest] = words;
  const server = spawn(program, rest, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  server.stdout.on("data", (data) => {
    said += data;
  });
  await until("the server", () => said !== "");
  return server;
}

/** Two containers of an engine. The programs are the host's, in the containers' networks: these are what is measured. */
export async function engineThere(engine: Engine, traffic: string): Promise<Place> {
  const by = (...words: string[]) => finish([...engine.cli, ...words], engine.environment);
  const start = async (name: string, ...words: string[]) => {
    await by("run", "-d", "--name", name, ...words, IMAGE, "sleep", "3600");
    const format = "{{.State.Pid}} {{.NetworkSettings.IPAddress}}";
    return (await by("inspect", "--format", format, name)).trim().split(" ");
  };
  const names = [`bench-server-${process.pid}`, `bench-client-${process.pid}`] as const;
  const [server = "", address = ""] = await start(names[0], "-p", `${HOST_PORT}:${PORT}`);
  const [client = ""] = await start(names[1]);
  await finish([...engine.enter, "ip", "address", "replace", `${OWN_ADDRESS}/32`, "dev", "lo"], {});
  const listens = await serve([...networkOf(server), traffic, "serve", PORT]);
  return {
    name: engine.name,
    host: engine.enter,
    client: networkOf(client),
    address,
    published: { loopback: `127.0.0.1 ${HOST_PORT}`, own: `${OWN_ADDRESS} ${HOST_PORT}` },
    async close() {
      listens.kill("SIGKILL");
      await by("rm", "-f", ...names);
    },
  };
}

/** The same made by hand of namespaces, pairs and a bridge: what the kernel costs when nobody adds to it. */
export async function bareBridge(traffic: string): Promise<Place> {
  const holders = ["host", "server", "client"].map(() =>
    spawn("unshare", ["--net", "sh", "-c", "ip link set lo up; echo; exec sleep 3600"], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  await Promise.all(holders.map((holder) => new Promise((ready) => holder.stdout.once("data", ready))));
  const [host = "", ...ends] = holders.map(({ pid }) => String(pid));
  const script = [
    "set -e; ip link add bare0 type bridge; ip address add 10.200.0.1/24 dev bare0; ip link set bare0 up",
    ...ends.flatMap((pid, n) => [
      `ip link add bare-${n} type veth peer name eth0 netns ${pid}`,
      `ip link set bare-${n} master bare0 up`,
      `nsenter --target ${pid} --net ip address add 10.200.0.${n + 2}/24 dev eth0`,
      `nsenter --target ${pid} --net ip link set eth0 up`,
    ]),
  ].join("\n");
  await finish([...networkOf(host), "sh", "-c", script], {});
  const [server = "", client = ""] = ends;
  const listens = await serve([...networkOf(server), traffic, "serve", PORT]);
  return {
    name: "bare pair and bridge",
    host: networkOf(host),
    client: networkOf(client),
    address: "10.200.0.2",
    published: null,
    async close() {
      for (const child of [listens, ...holders]) child.kill("SIGKILL");
    },
  };
}
