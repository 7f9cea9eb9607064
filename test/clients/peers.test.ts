/** One registry, and every program that reads and writes images: what one gives the others take, with equal digests. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../../bench/contenders/engine.ts";
import { podman as podmanWith } from "../../bench/contenders/podman.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Finished, type Host, within } from "../support/host.ts";
import { tarOf, writeLayout } from "../support/oci-layout.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool, toolRoot } from "../support/tools.ts";
import { busyboxMissing, busyboxTar, loadBusybox } from "./busybox.ts";
import { RUNTIME } from "./peer.ts";

const missing =
  rootMissing ||
  busyboxMissing ||
  registryMissing ||
  toolRoot("podman") === undefined ||
  [tool("umoci"), tool("buildah")].includes(undefined);

const insecure = "--tls-verify=false";

describe.skipIf(missing)("images go round between the engines", () => {
  let room: ReturnType<typeof temporaryFolder>;
  let peer: Engine;
  let host: Host;
  let remote: Registry;
  let engine: TestEngine;
  const at = (name: string) => `${remote.address}/${name}`;
  const path = (name: string) => join(room.path, name);
  const done = ({ code, stdout, stderr }: Finished): string => {
    if (code !== 0) throw new Error(stderr || stdout);
    return stdout.trim();
  };
  const inro = async (...words: string[]) => done(await engine.inro(...words));
  const docker = async (...words: string[]) => done(await engine.docker(...words));
  const skopeo = async (verb: string, ...words: string[]) =>
    done(await host.run(tool("skopeo") ?? "", ["--insecure-policy", verb, ...words]));
  const copy = (from: string, to: string, ...words: string[]) =>
    skopeo("copy", "--src-tls-verify=false", "--dest-tls-verify=false", ...words, from, to);
  const umoci = async (...words: string[]) => done(await host.run(tool("umoci") ?? "", words));
  // Its command begins with what enters the namespaces that `host` is in already.
  const podman = async (...words: string[]) => {
    const [program = "", ...first] = peer.cli.slice(peer.enter.length);
    return done(await host.run(program, [...first, ...words], { env: peer.environment }));
  };
  const buildah = async (...words: string[]) =>
    done(
      await host.run(
        tool("buildah") ?? "",
        ["--root", path("buildah"), "--runroot", path("buildah-run"), "--storage-driver", "vfs", ...words],
        { env: { HOME: join(room.path, "podman"), BUILDAH_ISOLATION: "chroot" } },
      ),
    );
  const digestAt = async (name: string) =>
    JSON.parse(await skopeo("inspect", insecure, `docker://${at(name)}`)).Digest as string;
  const idOf = async (name: string) => JSON.parse(await inro("image", "inspect", name))[0].Id as string;
  const says = async (name: string) => await inro("run", "--rm", "--network", "none", name, "echo", "hi");

  beforeAll(async () => {
    room = temporaryFolder("peers");
    mkdirSync(path("podman"));
    const started = await podmanWith(path("podman"), {
      ...{ name: "inro", program: RUNTIME, oneCgroupVersion: false },
    });
    if (started === undefined) throw new Error("podman was not fetched");
    peer = started;
    host = within(peer.enter);
    [remote, engine] = await Promise.all([registry(host), testEngine(host)]);
    await loadBusybox(engine);
  }, 60_000);

  afterAll(async () => {
    if (peer !== undefined) await podman("rm", "-f", "-a", "-t", "0");
    await engine?.[Symbol.asyncDispose]();
    await remote?.[Symbol.asyncDispose]();
    await peer?.stop();
    room?.[Symbol.dispose]();
  }, 60_000);

  test("what we push: skopeo, umoci, podman and buildah read it, and find the digest that we say", async () => {
    await inro("tag", "busybox", at("ours:1"));
    const pushed = /digest: (\S+) size/.exec(await inro("push", at("ours:1")))?.[1] ?? "";
    expect(await digestAt("ours:1")).toBe(pushed);
    await copy(`docker://${at("ours:1")}`, `oci:${path("layout")}:1`);
    await umoci("unpack", "--image", `${path("layout")}:1`, path("bundle"));
    expect(readFileSync(join(path("bundle"), "rootfs/bin/busybox")).length).toBeGreaterThan(100_000);
    await podman("pull", "-q", insecure, at("ours:1"));
    expect(await podman("image", "inspect", "--format", "{{.Digest}}", at("ours:1"))).toBe(pushed);
    expect(await podman("run", "--rm", "--network", "none", at("ours:1"), "echo", "hi")).toBe("hi");
    const from = await buildah("from", "-q", insecure, at("ours:1"));
    expect(JSON.parse(await buildah("inspect", from)).FromImageDigest).toBe(pushed);
  }, 60_000);

  test("what we save: docker-archive and OCI archive at once", async () => {
    const id = await idOf("busybox");
    await inro("tag", "busybox", "saved:1");
    await inro("save", "-o", path("saved.tar"), "saved:1");
    expect(await podman("load", "-q", "-i", path("saved.tar"))).toContain("saved:1");
    expect(`sha256:${await podman("image", "inspect", "--format", "{{.Id}}", "saved:1")}`).toBe(id);
    for (const form of ["docker-archive", "oci-archive"]) {
      const raw = await skopeo("inspect", "--raw", `${form}:${path("saved.tar")}`);
      expect(JSON.parse(raw).config.digest).toBe(id);
    }
    mkdirSync(path("saved"));
    done(await host.run("tar", ["-C", path("saved"), "-xf", path("saved.tar")]));
    await umoci(
      "unpack",
      "--image",
      `${path("saved")}:docker.io/library/saved:1`,
      path("saved-bundle"),
    ).catch(async () => {
      // umoci takes no name with a colon: the layout is told by skopeo.
      await copy(`oci-archive:${path("saved.tar")}`, `oci:${path("saved-layout")}:1`);
      await umoci("unpack", "--image", `${path("saved-layout")}:1`, path("saved-bundle"));
    });
    expect(existsSync(join(path("saved-bundle"), "rootfs/bin/sh"))).toBe(true);
  }, 60_000);

  /** A root that no registry has seen: peers send no blob again, and so compress none, that they know to be there. */
  const fresh = async (name: string) => {
    mkdirSync(path(`${name}-root`));
    await host.run("tar", ["-C", path(`${name}-root`), "-xf", "-"], { input: busyboxTar() });
    writeFileSync(join(path(`${name}-root`), "fresh"), randomBytes(32));
    writeFileSync(path(`${name}.tar`), tarOf(path(`${name}-root`)));
    return path(`${name}.tar`);
  };

  const compressed = async (format: string, name: string) => {
    const layers = [readFileSync(await fresh(name))];
    writeLayout(path(name), "1", { layers, config: { Env: ["PATH=/bin"] } });
    await copy(`oci:${path(name)}:1`, `dir:${path(`${name}-dir`)}`, "--dest-decompress");
    const words = ["--dest-compress", "--dest-compress-format", format];
    await copy(`dir:${path(`${name}-dir`)}`, `docker://${at(name)}:1`, ...words);
  };

  /** How others bring an image to the registry; each gives its name there. */
  const writers: Readonly<Record<string, () => Promise<void>>> = {
    "podman push": async () => {
      await podman("push", "-q", insecure, at("ours:1"), at("podman:1"));
    },
    "podman push, zstd": async () => {
      await podman("import", "-q", await fresh("podman-zstd"), at("podman-zstd:1"));
      await podman("push", "-q", insecure, "--compression-format", "zstd", at("podman-zstd:1"));
    },
    "buildah build and push": async () => {
      mkdirSync(path("context"));
      writeFileSync(join(path("context"), "file"), "built");
      const steps = ["COPY file /built", "LABEL by=buildah", "ENV A=b", 'CMD ["sh"]'];
      writeFileSync(join(path("context"), "Dockerfile"), [`FROM ${at("ours:1")}`, ...steps, ""].join("\n"));
      await buildah("build", "-q", insecure, "-t", at("buildah:1"), path("context"));
      await buildah("push", "-q", insecure, at("buildah:1"));
    },
    "buildah commit and push, docker's format": async () => {
      const from = await buildah("from", "-q", insecure, at("ours:1"));
      await buildah("config", "--label", "by=buildah", from);
      await buildah("commit", "-q", "--format", "docker", from, at("buildah-docker:1"));
      await buildah("push", "-q", insecure, at("buildah-docker:1"));
    },
    "skopeo copy to schema 2": async () => {
      await copy(`docker://${at("ours:1")}`, `docker://${at("v2s2:1")}`, "--format", "v2s2");
    },
    // Not zstd:chunked: Debian 12's skopeo and podman break their own uploads of it ("short write").
    "skopeo copy, zstd": () => compressed("zstd", "skopeo-zstd"),
    "umoci's layout by skopeo": async () => {
      await umoci("init", "--layout", path("umoci"));
      await umoci("new", "--image", `${path("umoci")}:1`);
      mkdirSync(path("umoci-root"));
      writeFileSync(path("umoci-root.tar"), busyboxTar());
      await umoci("raw", "add-layer", "--image", `${path("umoci")}:1`, path("umoci-root.tar"));
      await umoci("config", "--image", `${path("umoci")}:1`, "--config.env", "PATH=/bin");
      await copy(`oci:${path("umoci")}:1`, `docker://${at("umoci:1")}`);
    },
  };
  const names = [
    ...["podman:1", "podman-zstd:1", "buildah:1"],
    ...["buildah-docker:1", "v2s2:1", "skopeo-zstd:1", "umoci:1"],
  ];

  for (const [i, [writer, write]] of Object.entries(writers).entries()) {
    const name = names[i] ?? "";
    test(`what others push: ${writer}`, async () => {
      await write();
      const digest = await digestAt(name);
      const raw = JSON.parse(await skopeo("inspect", "--raw", insecure, `docker://${at(name)}`));
      if (/zstd|chunked/.test(name)) expect(raw.layers[0].mediaType).toMatch(/zstd$/);
      await inro("pull", "-q", at(name));
      expect(await inro("image", "inspect", "-f", "{{json .RepoDigests}}", at(name))).toContain(digest);
      expect(await says(at(name))).toBe("hi");
      const again = at(`again/${name}`);
      await inro("tag", at(name), again);
      await inro("push", again);
      expect(await digestAt(`again/${name}`)).toBe(digest);
      await inro("rmi", again);
    }, 60_000);
  }

  const archives: Readonly<Record<string, () => Promise<string>>> = {
    "podman save, docker's format": async () => {
      await podman("save", "-q", "--format", "docker-archive", "-o", path("podman.tar"), at("ours:1"));
      return path("podman.tar");
    },
    "podman save, OCI": async () => {
      await podman("save", "-q", "--format", "oci-archive", "-o", path("podman-oci.tar"), at("ours:1"));
      return path("podman-oci.tar");
    },
    "skopeo's docker-archive": async () => {
      await copy(`docker://${at("ours:1")}`, `docker-archive:${path("skopeo.tar")}:${at("loaded:1")}`);
      return path("skopeo.tar");
    },
    "skopeo's oci-archive": async () => {
      await copy(`docker://${at("ours:1")}`, `oci-archive:${path("skopeo-oci.tar")}:${at("loaded:2")}`);
      return path("skopeo-oci.tar");
    },
    "a layout that umoci made": async () => {
      writeFileSync(path("umoci.tar"), tarOf(path("umoci")));
      return path("umoci.tar");
    },
  };
  for (const [writer, write] of Object.entries(archives))
    test(`what others save: ${writer}`, async () => {
      const loaded = await inro("load", "-i", await write());
      const found = /^Loaded image(?: ID)?: (.*)$/m.exec(loaded)?.[1] ?? loaded;
      expect(await says(found)).toBe("hi");
    }, 60_000);

  test("the docker command line: platforms of an index pulled, shown, saved, loaded and pushed", async () => {
    const layers = [busyboxTar()];
    const config = { Env: ["PATH=/bin"] };
    const images = ["amd64", "arm64"].map((architecture) => ({ layers, config, architecture }));
    const { reference, digest } = await remote.pushIndex("multi:1", images);
    await docker("pull", "-q", "--platform", "linux/arm64", reference);
    await docker("pull", "-q", "--platform", "linux/amd64", reference);
    expect(await docker("image", "inspect", "-f", "{{.RepoDigests}} {{.Architecture}}", reference)).toBe(
      `[${reference.replace(/:1$/, "")}@${digest}] amd64`,
    );
    const arm = ["image", "inspect", "--platform", "linux/arm64", "-f", "{{.Architecture}}", reference];
    expect(await docker(...arm)).toBe("arm64");
    const tree = await docker("images", "--tree", reference);
    expect(tree).toContain("linux/amd64");
    expect(tree).toContain("linux/arm64");
    await docker("save", "--platform", "linux/arm64", "-o", path("arm.tar"), reference);
    await docker("rmi", "-f", reference);
    expect(await docker("load", "-q", "-i", path("arm.tar"))).toContain(reference);
    expect(await docker("image", "inspect", "-f", "{{.Architecture}}", reference)).toBe("arm64");
    const warned = await engine.docker("run", "--rm", "--pull", "never", reference, "true");
    // Its program is this machine's in truth: it runs, and docker's warning is there.
    expect([warned.code, warned.stderr]).toEqual([0, expect.stringContaining("linux/arm64")]);
    // What is wanted and not here is pulled beside what is.
    for (const architecture of ["amd64", "arm64"]) {
      const words = ["run", "--rm", "--network", "none", "--platform", `linux/${architecture}`, reference];
      for (const command of [docker, inro]) expect(await command(...words, "echo", "hi")).toBe("hi");
    }
    expect(await docker("image", "inspect", "-f", "{{.Architecture}}", reference)).toBe("amd64");
    await docker("rmi", "-f", reference);
    // What was loaded lost its name to the index, and is here without one.
    await docker("image", "prune", "-f");
    await docker("pull", "-q", reference);
    await docker("tag", reference, at("copy:1"));
    // The other platforms are not here, and the registry has none of them in that repository.
    expect(await docker("push", at("copy:1"))).toContain(
      "only the available single-platform image was pushed",
    );
  }, 60_000);
});
