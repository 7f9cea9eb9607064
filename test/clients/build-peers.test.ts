import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { docker as dockerd } from "../../bench/contenders/docker.ts";
import { podman as podmanWith } from "../../bench/contenders/podman.ts";
import { write } from "../build/building.ts";
import { differences, type ImageView, imageView } from "../build/peers/image.ts";
import { type Builder, cases } from "../build/peers/table.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Finished, type Host, machine } from "../support/host.ts";
import { tool, toolRoot } from "../support/tools.ts";
import { busyboxMissing, busyboxTar } from "./busybox.ts";
import { peer } from "./peer.ts";

const missing =
  rootMissing || busyboxMissing || tool("dockerd") === undefined || tool("podman") === undefined;

const BASE = "localhost/busybox";

describe.skipIf(missing)("the same Dockerfiles by us, docker's two builders and podman", () => {
  const scope = new AsyncDisposableStack();
  let host: Host;
  let engine: TestEngine;
  let path: string;
  let views: (number: number, which: Builder | "inro", words: readonly string[]) => Promise<ImageView>;

  beforeAll(async () => {
    host = scope.use(machine());
    engine = scope.use(await testEngine(host));
    const cgroups = `inro-test-builders-${process.pid}`;
    let environment: Readonly<Record<string, string>> = {};
    const docker = await peer({
      start: async (folder) => {
        const started = await dockerd(folder, ["--cgroup-parent", `/${cgroups}`]);
        environment = started?.environment ?? {};
        return started;
      },
      takeAway: async () => {},
      cgroups,
    });
    scope.use(docker);
    const podman = scope.use(
      await peer({
        start: (folder) => podmanWith(folder),
        takeAway: async () => {},
        cgroups: "libpod_parent",
      }),
    );
    path = docker.path;
    const archive = join(path, "busybox.tar");
    await Bun.write(archive, busyboxTar());
    const words = ["import", "-c", "ENV PATH=/bin", archive, BASE];
    for (const each of [docker, podman, engine.inro]) expect(await each(...words)).toMatchObject({ code: 0 });
    // Docker 20's own command line speaks BuildKit's protocol without a plugin.
    const old = join(toolRoot("dockerd") ?? "", "usr/bin/docker");
    const run: Record<Builder | "inro", (...words: string[]) => Promise<Finished>> = {
      inro: engine.inro,
      classic: (...words) => host.run(old, words, { env: { ...environment, DOCKER_BUILDKIT: "0" } }),
      buildkit: (...words) => host.run(old, words, { env: { ...environment, DOCKER_BUILDKIT: "1" } }),
      podman,
    };
    views = async (number, which, words) => {
      const name = `localhost/made-${which}-${number}`;
      // OCI's own format has no SHELL, ONBUILD or HEALTHCHECK.
      const format = which === "podman" ? ["--format", "docker"] : [];
      const built = await run[which]("build", "-t", name, ...format, ...words, join(path, String(number)));
      if (built.code !== 0) throw new Error(`${which}: ${built.stdout}${built.stderr}`);
      const file = join(path, `${number}-${which}.tar`);
      const saved = await run[which]("save", "-o", file, name);
      if (saved.code !== 0) throw new Error(`${which}: ${saved.stderr}`);
      return imageView(await Bun.file(file).bytes());
    };
  }, 120_000);
  afterAll(() => scope.disposeAsync(), 120_000);

  for (const [number, each] of cases.entries())
    test(each.name, async () => {
      const folder = join(path, String(number));
      mkdirSync(folder);
      write(folder, { Dockerfile: `${each.file.join("\n")}\n`, ...each.files });
      const builders = (["classic", "buildkit", "podman"] as const).filter(
        (which) => !each.unknown?.includes(which),
      );
      const [ours, ...theirs] = await Promise.all(
        (["inro", ...builders] as const).map((which) => views(number, which, each.words ?? [])),
      );
      const found = builders.map((which, i) => [
        which,
        differences(ours as ImageView, theirs[i] as ImageView),
      ]);
      const expected = builders.map((which) => [which, each.differs?.[which]?.lines ?? []]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected));
    }, 60_000);
});
