import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { flagsAndProgram, made, sets } from "../cli/recover-sets.ts";
import { type TestEngine, testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";
import { loadBusybox } from "./busybox.ts";
import { engineMissing } from "./docker.ts";
import { dockerCompose } from "./python.ts";

/** What Compose adds of its own, and says in another way. */
// biome-ignore lint/suspicious/noExplicitAny: a part of the API's record.
function plain(inspected: any) {
  const { Config, HostConfig, endpoints, ...rest } = made(inspected);
  const { AttachStdin, AttachStdout, AttachStderr, StdinOnce, ...config } = Config;
  const labels = Object.entries(Config.Labels).filter(([key]) => !key.startsWith("com.docker.compose."));
  const sorted = (list: readonly string[] | null) => (list ?? []).toSorted();
  return {
    ...rest,
    Config: { ...config, Labels: Object.fromEntries(labels), Env: sorted(Config.Env) },
    HostConfig: { ...HostConfig, Binds: undefined, Mounts: undefined },
    mounts: inspected.Mounts.map(mountOf).sort(),
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    endpoints: endpoints.map(([name, { Aliases, IPAMConfig }]: any) => [
      name,
      {
        IPAMConfig: IPAMConfig ?? {},
        Aliases: sorted(Aliases).filter((alias) => alias !== "again" && !/^[0-9a-f]{12}$/.test(alias)),
      },
    ]),
  };
}

/** Volumes of its own have other names each time. */
function mountOf({ Type, Name = "", Source, Destination, RW, Propagation }: Record<string, string>): string {
  const anonymous = /^[0-9a-f]{64}$/.test(Name);
  return [Type, anonymous ? "its own" : Source, Destination, RW, Propagation].join(" ");
}

/** What the Compose specification has said since docker-compose 1.29, and how a container is without it. */
const newer: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  annotations: { Annotations: undefined },
  cgroup: { CgroupnsMode: "private" },
  uts: { UTSMode: "" },
  gw_priority: {},
  mode: {},
};

/** What is told as not in Compose, and how a container is without it. */
const unsaid: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "--publish-all": { PublishAllPorts: false },
  "--network-bandwidth": { NetworkBandwidth: { In: 0, Out: 0 } },
  "--rm": { AutoRemove: false },
  "--health-on-failure": { HealthOnFailure: "none" },
  "--attach": {},
};

/** The file as 1.29 knows its words, and what the container is without the others. */
function forOldCompose(text: string): readonly [file: string, without: Readonly<Record<string, unknown>>] {
  const file = Bun.YAML.parse(text) as { services: Record<string, Record<string, unknown>> };
  const without = [...text.matchAll(/^# not in Compose: (--[\w-]+)/gm)].map(
    ([, option = ""]) => unsaid[option],
  );
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, each]) => {
        const neutral = newer[key];
        if (neutral === undefined) return [[key, strip(each)]];
        without.push(neutral);
        return [];
      }),
    );
  };
  const stripped = JSON.stringify(strip(file));
  expect(without).not.toContain(undefined);
  return [stripped === JSON.stringify(file) ? text : stripped, Object.assign({}, ...without)];
}

describe.skipIf(engineMissing || toolRoot("docker-compose") === undefined)("inspect --as compose", () => {
  let engine: TestEngine;
  const scope = new AsyncDisposableStack();
  let up: (file: string) => Promise<void>;
  beforeAll(async () => {
    const host = scope.use(await ownHost());
    engine = scope.use(await testEngine(host));
    await loadBusybox(engine);
    const run = dockerCompose(host, engine, "again");
    up = async (file) => {
      const { code, stdout, stderr } = await run("-f", file, "up", "-d");
      if (code !== 0) throw new Error(`docker-compose up: ${stdout}${stderr}`);
    };
    await engine.inro("network", "create", "--subnet", "10.99.1.0/24", "one");
    await engine.inro("network", "create", "two");
    await engine.inro("run", "-d", "--init", "--name", "friend", "busybox", "sleep", "6000");
  }, 60_000);
  afterAll(() => scope.disposeAsync(), 60_000);

  const inspect = async () => JSON.parse((await engine.inro("inspect", "again")).stdout)[0];

  test.each(sets)(
    "docker-compose makes the same container again: %s",
    async (_title, line) => {
      using folder = temporaryFolder("again");
      const file = join(folder.path, "docker-compose.yml");
      const [flags, program] = flagsAndProgram(line);
      // The host's root may be a private mount, from which nothing can come.
      const script = `exec "$@" create --name again ${flags.replace("rslave", "private")} ${program}`;
      const child = Bun.spawn(["sh", "-c", script, "sh", ...engine.command]);
      expect(await child.exited).toBe(0);
      const before = plain(await inspect());
      const text = (await engine.inro("inspect", "--as", "compose", "again")).stdout;
      const [written, without] = forOldCompose(text);
      Object.assign(before.HostConfig, without);
      writeFileSync(file, written);
      await engine.inro("rm", "-f", "again");
      try {
        await up(file);
        expect(plain(await inspect())).toEqual(before);
      } finally {
        await engine.inro("rm", "-f", "again");
      }
    },
    30_000,
  );
});
