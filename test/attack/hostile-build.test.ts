import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "../../src/oci/digest.ts";
import { build, lines } from "../build/building.ts";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { dockerArchive, forged, tar } from "../image/fixtures.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe.skipIf(engineMissing)("hostile builds", () => {
  const cli = cliEngine();
  const run = (...all: string[]) => build(cli.engine, { Dockerfile: lines(...all), f: "f" });
  const answers = async () => expect((await cli.inro("version")).code).toBe(0);
  const nothingLeft = () => {
    for (const folder of ["steps", "build/tmp", "ingest"])
      expect(readdirSync(join(cli.engine.dataRoot, folder))).toEqual([]);
  };

  test("R9 targets and sources of a whole build lead nowhere but into the root", async () => {
    using outside = temporaryFolder("r9");
    writeFileSync(join(outside.path, "secret"), "of-the-host");
    const place = outside.path;
    const { error, image } = await run(
      ...[
        "FROM busybox AS trap",
        `RUN ln -s ${place} /host; ln -s ../../../../../..${place} /up; ln -s / /root-of`,
      ],
      ...[
        "WORKDIR /host/in",
        "COPY f /up/copied",
        "ADD f /root-of/added",
        "WORKDIR ../../../../..",
        "COPY f ../../etc/f",
      ],
      "RUN ls /etc/f /added",
    );
    expect(error).toBe("");
    expect(readdirSync(place)).toEqual(["secret"]);
    const seen = await cli.out("run", "--rm", image, "ls", place);
    expect(seen).toBe("copied\nin\n");
    for (const from of ["/host/secret", "/up/secret", `/root-of${place}/secret`, `../../..${place}/secret`]) {
      const taken = await run(
        ...[
          "FROM busybox AS trap",
          `RUN ln -s ${place} /host; ln -s ../../../../../..${place} /up; ln -s / /root-of`,
        ],
        ...["FROM busybox", `COPY --from=trap ${from} /stolen`, "RUN cat /stolen"],
      );
      expect(taken.error).not.toBe("");
      expect(taken.output).not.toContain("of-the-host");
    }
  });

  test("R9 a context folder that leads out of itself, and is swapped while it is read", async () => {
    using outside = temporaryFolder("r9");
    using context = temporaryFolder("r9-context");
    writeFileSync(join(outside.path, "secret"), "of-the-host");
    writeFileSync(
      join(context.path, "Dockerfile"),
      lines("FROM busybox", "COPY . /all", "RUN cat /all/sub/secret /all/swap/secret || true"),
    );
    Bun.spawnSync(["ln", "-s", outside.path, join(context.path, "sub")]);
    const swap = `cd ${context.path}; while :; do mkdir swap; rmdir swap; ln -s ${outside.path} swap; rm swap; done`;
    const swapper = Bun.spawn(["sh", "-c", swap], { stderr: "ignore" });
    try {
      for (let n = 0; n < 10; n++) {
        const { output } = await build(cli.engine, new Uint8Array(), {
          contextfolder: context.path,
          nocache: "1",
        });
        expect(output).not.toContain("of-the-host");
      }
    } finally {
      swapper.kill();
      await swapper.exited;
    }
  }, 60_000);

  test("R10 a context's tar is refused where it leads out, is forged, or has no end", async () => {
    using outside = temporaryFolder("r10");
    const Dockerfile = { name: "Dockerfile", content: "FROM busybox\nCOPY . /all\n" };
    const hostile = [
      tar(Dockerfile, { name: "../../escape", content: "x" }),
      tar(
        Dockerfile,
        { name: "l", type: "symlink", linkName: outside.path },
        { name: "l/escape", content: "x" },
      ),
      tar(Dockerfile, { name: "h", type: "hardlink", linkName: "../../../../../../etc/passwd" }),
      tar(
        Dockerfile,
        forged({ name: "f", content: "x" }, (header) => header.write("99999999999", 124, "latin1")),
      ),
      tar(Dockerfile).subarray(0, 700),
      Buffer.from("\x1f\x8b\x08 this is no gzip"),
      Buffer.alloc(100_000, 0xff),
    ];
    for (const bytes of hostile) {
      const { error, image } = await build(cli.engine, bytes);
      if (image !== "") expect(await cli.out("run", "--rm", image, "ls", "/all")).not.toContain("root:");
      else expect(error).not.toBe("");
    }
    expect(readdirSync(outside.path)).toEqual([]);
    expect(readdirSync(join(cli.engine.dataRoot, "build")).filter((name) => name === "escape")).toEqual([]);
    nothingLeft();
    await answers();
  });

  test("a Dockerfile that is a bomb is built or refused, and the engine goes on", async () => {
    const stages = Array.from(
      { length: 10_000 },
      (_, n) => `FROM ${n === 0 ? "scratch" : `s${n - 1}`} AS s${n}`,
    );
    const bombs = [
      lines(...stages, "FROM busybox"),
      lines(...stages),
      lines(
        "FROM busybox",
        ...Array.from({ length: 20_000 }, (_, n) => `ENV V${n % 50}=$V${(n + 1) % 50}$V${n % 50}x`),
      ),
      lines("FROM busybox", `LABEL a=${"x".repeat(4 << 20)}`),
      lines("FROM busybox", `RUN true ${"\\\n".repeat(100_000)}`),
      lines("FROM busybox", `ENV A=${"${B:-".repeat(5000)}x${"}".repeat(5000)}`),
      lines("FROM busybox", `RUN <<${"E".repeat(100_000)}`, "x"),
      "\\\n".repeat(200_000),
      "\0\0\0FROM busybox\n",
    ];
    for (const Dockerfile of bombs) await build(cli.engine, { Dockerfile });
    nothingLeft();
    await answers();
  }, 120_000);

  const base = async (name: string, config: object, more: object = {}) => {
    const layer = tar({ name: "l", content: "l" });
    const archive = dockerArchive(name, [layer], [digestOf(layer)], { config, ...more });
    return await cli.engine.inroWith({ input: archive }, "load");
  };

  test("a base image's hostile configuration is refused or stays what it is", async () => {
    const configs: Record<string, object> = {
      "onbuild-from:1": { OnBuild: ["FROM busybox"] },
      "onbuild-onbuild:1": { OnBuild: ["ONBUILD RUN true"] },
      "onbuild-nonsense:1": { OnBuild: ["NONSENSE \0\n", "", "RUN <<X"] },
      "onbuild-lines:1": { OnBuild: ["ENV A=1\nRUN --security=insecure true"] },
      "env-lines:1": { Env: ["A=1\nRUN touch /injected", "=x", "noequals", "PATH=\n"] },
      "workdir:1": { WorkingDir: "../../../../../tmp" },
      "user:1": { User: "../../etc/passwd:-1" },
      "shell:1": { Shell: ["/l", "\0"] },
    };
    for (const [name, config] of Object.entries(configs)) {
      await base(name, config);
      const { error, image } = await build(cli.engine, {
        Dockerfile: lines(`FROM ${name}`, "COPY f f", "ENV B=$A"),
        f: "f",
      });
      if (name.startsWith("onbuild")) expect({ name, error: error !== "" }).toEqual({ name, error: true });
      if (image !== "") expect(await cli.out("history", "--no-trunc", image)).not.toContain("\nRUN touch");
    }
    await answers();
    nothingLeft();
  });

  test("a secret is in no layer, record, log, history or file of the engine, whatever the step does with it", async () => {
    const secret = `s3cr3t-${crypto.randomUUID()}`;
    const headers = { "X-Build-Secrets": btoa(JSON.stringify({ key: btoa(secret) })) };
    const Dockerfile = lines(
      ...[
        "FROM busybox",
        "RUN --mount=type=secret,id=key,target=/opt/deep/key,mode=0444 test -s /opt/deep/key",
      ],
      'RUN --mount=type=secret,id=key,env=KEY test -n "$KEY"',
      "RUN --mount=type=secret,id=key --mount=type=cache,target=/c cp /run/secrets/key /dev/shm/x; touch /c/used",
      "RUN ls -A /opt /run 2>/dev/null; env | grep -c KEY || true",
    );
    const { error, output, image } = await build(cli.engine, { Dockerfile }, { t: "secretive" }, headers);
    expect(error).toBe("");
    expect(output).not.toContain("key\n");
    // A step that fails, too.
    const failing = lines(
      "FROM busybox",
      "RUN --mount=type=secret,id=key cp /run/secrets/key /stolen; exit 3",
    );
    expect((await build(cli.engine, { Dockerfile: failing }, {}, headers)).error).not.toBe("");
    await cli.engine.kill();
    const found = Bun.spawnSync(["grep", "-rl", secret, cli.engine.dataRoot, cli.engine.execRoot]);
    expect(found.stdout.toString()).toBe("");
    await cli.engine.serve();
    for (const words of [
      ["history", "--no-trunc", image],
      ["inspect", image],
      ["builder", "du", "-v"],
    ])
      expect(await cli.out(...words)).not.toContain(secret);
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(cli.engine.execRoot);
  });
});
