import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { busyboxArchive } from "../../engine/busybox.ts";
import { type TestEngine, testEngine } from "../../support/engine.ts";
import { type Host, ownHost } from "../../support/host.ts";
import { temporaryFolder } from "../../support/temporary.ts";

/** What the client says of one query. */
export type Told =
  | {
      readonly rcode: number;
      readonly cut: boolean;
      readonly data: readonly string[];
      readonly bytes: number;
    }
  | "silence";

/** An engine with busybox on a host of its own, which has a resolv.conf and DNS servers of its own. */
export interface Setting extends AsyncDisposable {
  readonly engine: TestEngine;
  readonly host: Host & { readonly pid: number };
  /** Standard output of a command that has to succeed. */
  ok(...words: string[]): Promise<string>;
  /** Starts `sleep` under a name. */
  run(name: string, ...words: string[]): Promise<void>;
  /** What a container's queries are answered with. */
  ask(container: string, how: "udp" | "tcp", ...words: string[]): Promise<readonly Told[]>;
  /** Runs a program of the tests in a container's network. */
  inside(container: string, program: string, ...words: string[]): Promise<string>;
  /** glibc's resolver in a container's network, with its resolv.conf. */
  getent(container: string, ...words: string[]): Promise<string>;
  /** The host's /etc/resolv.conf from here on. */
  resolvConf(text: string): void;
  /** Starts a DNS server at these addresses of the host; answers what it is asked. */
  server(...addresses: string[]): Promise<{ readonly asked: readonly string[]; stop(): void }>;
}

export async function setting(): Promise<Setting> {
  const host = await ownHost({ mounts: true });
  const folder = temporaryFolder("names");
  const resolvConf = join(folder.path, "resolv.conf");
  writeFileSync(resolvConf, "nameserver 127.0.0.53\n");
  await host.run("mount", ["--bind", resolvConf, "/etc/resolv.conf"]);
  for (const address of ["198.51.100.1/32", "198.51.100.2/32"])
    await host.run("ip", ["address", "add", address, "dev", "lo"]);
  const engine = await testEngine(host);
  await engine.inroWith({ input: busyboxArchive() }, "load");
  const stops: (() => void)[] = [];
  const ok: Setting["ok"] = async (...words) => {
    const { code, stdout, stderr } = await engine.inro(...words);
    if (code !== 0) throw new Error(`inro ${words.join(" ")}: ${stderr}${stdout}`);
    return stdout.trim();
  };
  const pidOf = (container: string) => ok("inspect", "-f", "{{.State.Pid}}", container);
  const inside: Setting["inside"] = async (container, program, ...words) => {
    const enter = ["-t", await pidOf(container), "-n"];
    const { code, stdout, stderr } = await host.run("nsenter", [...enter, program, ...words]);
    if (code !== 0) throw new Error(`${program} ${words.join(" ")}: ${stderr}${stdout}`);
    return stdout.trim();
  };
  return {
    engine,
    host,
    ok,
    inside,
    run: async (name, ...words) =>
      void (await ok("run", "-d", "--name", name, ...words, "busybox", "sleep", "600")),
    ask: async (container, how, ...words) =>
      JSON.parse(
        await inside(container, process.execPath, join(import.meta.dir, "client.ts"), how, ...words),
      ),
    getent: async (container, ...words) => {
      const file = await ok("inspect", "-f", "{{.ResolvConfPath}}", container);
      const shell = 'mount --bind "$0" /etc/resolv.conf && getent "$@" || echo "code $?"';
      return inside(container, "unshare", "-m", "sh", "-c", shell, file, ...words);
    },
    resolvConf: (text) => writeFileSync(resolvConf, text),
    server: async (...addresses) => {
      const program = join(import.meta.dir, "other-server.ts");
      const child = host.spawn(process.execPath, [program, ...addresses]);
      const stop = () => void child.kill("SIGKILL");
      stops.push(stop);
      const asked: string[] = [];
      const lines = createInterface({ input: child.stdout as Readable });
      await new Promise<void>((resolve) =>
        lines.on("line", (line) => void (line === "up" ? resolve() : asked.push(line))),
      );
      return { asked, stop };
    },
    [Symbol.asyncDispose]: async () => {
      for (const stop of stops) stop();
      await engine[Symbol.asyncDispose]();
      host[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}
