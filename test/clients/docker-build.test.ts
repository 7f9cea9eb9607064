import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { write } from "../build/building.ts";
import type { Finished } from "../support/host.ts";
import { ownHost } from "../support/host.ts";
import { tarOf } from "../support/oci-layout.ts";
import { registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { toolRoot } from "../support/tools.ts";
import { busyboxTar } from "./busybox.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

const files = {
  Dockerfile: [
    ...["FROM busybox AS base", "ARG A=1", "LABEL of=file", "RUN echo building $A", "COPY f /f"],
    ...["FROM base AS two", "RUN cat /f; echo two >&2", 'CMD ["cat", "/f"]', ""],
  ].join("\n"),
  f: "content\n",
  "sub/Other": "FROM busybox\nRUN echo of the other\n",
};

describe.skipIf(engineMissing)("docker build, without the buildx plugin", () => {
  const docker = dockerEngine(ownHost);
  const folder = temporaryFolder("context");
  const buildkit = toolRoot("docker-buildx");
  const old = toolRoot("dockerd");
  beforeAll(() => write(folder.path, files));
  afterAll(() => folder[Symbol.dispose]());

  /** What it says but for docker's own advice, which is to install the plugin. */
  const said = ({ code, stdout, stderr }: Finished) => ({
    code,
    stdout: stdout.replace(/^(Sending build context .*\s+)+/, ""),
    stderr: stderr.replace(/^DEPRECATED: .*\n( {12}.*\n)*\n?/, ""),
  });
  const build = async (...words: string[]) => said(await docker.docker("build", ...words));
  const from = async (input: string | Uint8Array, ...words: string[]) =>
    said(await docker.dockerWith({ input }, "build", ...words));
  const file = (name: string, ...lines: string[]) => {
    writeFileSync(join(folder.path, name), `${lines.join("\n")}\n`);
    return ["-f", join(folder.path, name), folder.path];
  };
  const idOf = (stdout: string) => /^Successfully built (\w{12})$/m.exec(stdout)?.[1] ?? "";

  test("prints steps as docker's builder does, and names the image", async () => {
    const { code, stdout, stderr } = await build("-t", "made:1", "-t", "made:2", folder.path);
    const id = (await docker.inspect("image", "made:1")).Id;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(
      [
        ...["Step 1/8 : FROM busybox AS base", "Step 2/8 : ARG A=1", "Step 3/8 : LABEL of=file"],
        ...["Step 4/8 : RUN echo building $A", "building 1", "Step 5/8 : COPY f /f"],
        ...["Step 6/8 : FROM base AS two", "Step 7/8 : RUN cat /f; echo two >&2", "content", "two"],
        ...['Step 8/8 : CMD ["cat", "/f"]', `Successfully built ${id.slice(7, 19)}`],
        ...["Successfully tagged made:1", "Successfully tagged made:2", ""],
      ].join("\n"),
    );
    expect((await docker.inspect("image", "made:2")).Id).toBe(id);
    expect(await docker.ok("run", "--rm", "made:1")).toBe("content");
  });

  test("is quick the second time, and not with --no-cache", async () => {
    const again = await build(folder.path);
    expect(again.stdout).toContain("Step 4/8 : RUN echo building $A\n ---> Using cache\n");
    const same = await build("--cache-from", "made:1", folder.path);
    expect(idOf(same.stdout)).toBe(idOf(again.stdout));
    expect((await build("--no-cache", folder.path)).stdout).toContain("building 1\n");
  });

  test("-q prints the id alone, and --iidfile writes it", async () => {
    const iid = join(folder.path, "iid");
    const quiet = await build("-q", "--iidfile", iid, folder.path);
    expect(quiet).toMatchObject({ code: 0, stderr: "" });
    expect(quiet.stdout).toMatch(/^sha256:\w{64}\n$/);
    expect(readFileSync(iid, "utf8")).toBe(quiet.stdout);
  });

  test("--build-arg, --target, --label, limits and hosts", async () => {
    const words = ["--build-arg", "A=5", "--target", "base", "--label", "of=build", "-t", "target"];
    const limits = ["-m", "100m", "--cpu-shares", "5", "--shm-size", "10m", "--ulimit", "nofile=100:200"];
    const { code, stdout } = await build(...words, ...limits, folder.path);
    expect({ code, of5: stdout.includes("building 5") }).toEqual({ code: 0, of5: true });
    expect((await docker.inspect("image", "target")).Config.Labels).toMatchObject({ of: "build" });
    const hosts = file("Hosts", "FROM busybox", "RUN cat /etc/hosts; ls /sys/class/net");
    const said = await build("--add-host", "far:10.1.2.3", "--network", "none", ...hosts);
    expect(said.stdout).toMatch(/^10\.1\.2\.3\tfar\nlo$/m);
    expect((await build("--build-arg", "NOBODY=1", folder.path)).stdout).toContain(
      "[Warning] One or more build-args [NOBODY] were not consumed\n",
    );
  });

  test("Dockerfile and context come by name or standard input", async () => {
    const other = "Step 2/2 : RUN echo of the other\n";
    expect((await build("-f", join(folder.path, "sub/Other"), folder.path)).stdout).toContain(other);
    expect((await from(files["sub/Other"], "-f", "-", folder.path)).stdout).toContain(other);
    expect((await from(files["sub/Other"], "-")).stdout).toContain(other);
    const tar = tarOf(folder.path);
    expect((await from(tar, "-f", "sub/Other", "-")).stdout).toContain(other);
    expect((await from(Bun.gzipSync(new Uint8Array(tar)), "-")).stdout).toContain("Step 8/8");
    const image = await docker.dockerWith(
      { input: files["sub/Other"] },
      "image",
      "build",
      "-f",
      "-",
      folder.path,
    );
    expect(said(image).stdout).toContain(other);
    expect(await docker.ok("builder", "build", "-q", folder.path)).toMatch(/^sha256:/);
  });

  test(".dockerignore is read on both sides", async () => {
    using own = temporaryFolder("context");
    write(own.path, {
      Dockerfile: "FROM busybox\nCOPY . /all\nRUN ls -A /all\n",
      ...{ a: "", b: "", hidden: "", ".dockerignore": "hidden\n!b\nDockerfile\n.dockerignore\n" },
    });
    expect((await build(own.path)).stdout).toContain("RUN ls -A /all\na\nb\nSuccessfully");
  });

  test.each([
    [
      "a command",
      ["RUN echo said; exit 7"],
      7,
      "The command '/bin/sh -c echo said; exit 7' returned a non-zero code: 7\n",
    ],
    [
      "a word",
      ["RUNN x"],
      1,
      "Error response from daemon: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)\n",
    ],
    ["a copy", ["COPY nosuch /x"], 1, 'cannot copy "nosuch" from the build context: file not found\n'],
    ["a program", ['RUN ["nosuch"]'], 1, 'cannot start "nosuch": executable file not found in $PATH\n'],
  ] as const)("fails with %s, its message and its exit code", async (_what, lines, code, stderr) => {
    const words = file("Bad", "FROM busybox", ...lines);
    expect(await build(...words)).toMatchObject({ code, stderr });
    expect(await build("-q", ...words)).toMatchObject({ code, stderr: expect.stringContaining(stderr) });
  });

  test("a base that cannot be had and a target that is none fail the same way", async () => {
    expect(await build(...file("Far", "FROM nosuch.invalid/x"))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot reach the registry nosuch.invalid"),
    });
    expect(await build("--pull", folder.path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot reach the registry registry-1.docker.io"),
    });
    expect(await build("--target", "nosuch", folder.path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('target stage "nosuch" could not be found'),
    });
  });

  test.skipIf(registryMissing)("a base that is pulled shows how far it is", async () => {
    await using far = await registry(docker.host);
    using own = temporaryFolder("context");
    write(own.path, { more: "of the layer that is not here\n" });
    const layers = [busyboxTar(), tarOf(own.path)];
    const base = await far.push("base:1", { layers, config: { Env: ["PATH=/bin"] } });
    write(own.path, { Dockerfile: `FROM ${base}\nRUN echo upon it\n` });
    const body = tarOf(own.path);
    const answer = await fetch("http://engine/v1.51/build", {
      ...{ method: "POST", unix: docker.engine.socket, body },
      headers: { "content-type": "application/x-tar" },
    });
    const said = (await answer.text()).split("\r\n").filter(Boolean);
    const lines = said.map((line) => JSON.parse(line));
    expect(lines).toContainEqual({
      ...{ status: "Downloading", id: expect.stringMatching(/^\w{12}$/) },
      ...{ progressDetail: { current: expect.any(Number), total: expect.any(Number) } },
      progress: expect.stringContaining("B/"),
    });
    expect(lines.map(({ stream = "" }) => stream).join("")).toContain("upon it\nSuccessfully built");
  });

  test("options that would do nothing are refused", async () => {
    expect(await build("--security-opt", "seccomp=unconfined", folder.path)).toMatchObject({ code: 1 });
    expect(await build("--isolation", "hyperv", folder.path)).toMatchObject({ code: 1 });
    expect(
      await build("--isolation", "default", "--force-rm", "--rm=false", "--compress", folder.path),
    ).toMatchObject({ code: 0 });
  });

  test.skipIf(old === undefined)(
    "BuildKit's protocol is refused by name: to docker 20, which speaks it itself",
    async () => {
      const env = { DOCKER_HOST: `unix://${docker.engine.socket}` };
      const program = join(old ?? "", "usr/bin/docker");
      const run = (more: Record<string, string>) =>
        docker.host.run(program, ["build", folder.path], { env: { ...env, ...more } });
      expect(await run({ DOCKER_BUILDKIT: "1" })).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          "BuildKit's protocol is not spoken here: build with DOCKER_BUILDKIT=0",
        ),
      });
      expect(await run({})).toMatchObject({ code: 0, stdout: expect.stringContaining("Successfully built") });
    },
  );

  test.skipIf(buildkit === undefined)(
    "with the buildx plugin there, DOCKER_BUILDKIT=0 still builds here",
    async () => {
      const config = join(folder.path, "config");
      mkdirSync(join(config, "cli-plugins"), { recursive: true });
      const plugin = join(buildkit ?? "", "usr/libexec/docker/cli-plugins/docker-buildx");
      symlinkSync(plugin, join(config, "cli-plugins/docker-buildx"));
      const with_ = (DOCKER_BUILDKIT: string) =>
        docker.dockerWith({ env: { DOCKER_CONFIG: config, DOCKER_BUILDKIT } }, "build", "-q", folder.path);
      expect(await with_("0")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^sha256:/) });
      // It would run a BuildKit of its own in a container, and says what it lacks for that.
      expect(await with_("1")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("cannot reach the registry registry-1.docker.io"),
      });
    },
  );
});
