import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { collect } from "../../src/client/client.ts";
import { changed } from "../../src/image/change.ts";
import { openImages } from "../../src/image/images.ts";
import { trees } from "../../src/image/tree/tree.ts";
import { parseReference } from "../../src/oci/reference.ts";
import type { Rootfs } from "../../src/oci/rootfs.ts";
import { rootMissing } from "../support/engine.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { chunks, dockerArchive, native, tar, testStore } from "./fixtures.ts";
import { getXattr, setXattr } from "./xattr.ts";

const capability = "\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
const config = {
  ...{ User: "", ExposedPorts: {}, Env: [], Entrypoint: null, Cmd: null, Volumes: {}, WorkingDir: "" },
  ...{ Labels: {}, StopSignal: "", StopTimeout: null, Shell: null, OnBuild: null, Healthcheck: null },
};

const written = (upper: string): Rootfs => ({
  ...{ kind: "overlay", folder: upper, upper: ".", lower: [], work: "", mountpoint: "" },
});

describe.skipIf(rootMissing)("a writable layer as a layer's tar", () => {
  test("unpacked again it is the same: whiteouts, opaque folders, links, capabilities, times", async () => {
    using folder = temporaryFolder("upper");
    const at = (name: string) => join(folder.path, name);
    mkdirSync(at("etc/opaque"), { recursive: true });
    mkdirSync(at("dev"));
    writeFileSync(at("dev/mine"), "stays out");
    writeFileSync(at("etc/file"), "content");
    linkSync(at("etc/file"), at("etc/link"));
    symlinkSync("nowhere", at("etc/symbolic"));
    spawnSync("mknod", [at("etc/gone"), "c", "0", "0"]);
    setXattr(at("etc/opaque"), "trusted.overlay.opaque", "y");
    setXattr(at("etc/opaque"), "trusted.overlay.origin", "x");
    setXattr(at("etc/file"), "security.capability", capability);
    chmodSync(at("etc/file"), 0o4755);
    utimesSync(at("etc/file"), 1_700_000_000.5, 1_700_000_000.5);
    await using store = await testStore();
    const base = tar({ name: "etc/gone", content: "x" });
    const digest = `sha256:${createHash("sha256").update(base).digest("hex")}`;
    const [below] = await store.images.load(chunks(dockerArchive("base", [base], [digest])));
    const leftOut = (path: string) => path.startsWith("/dev");
    const image = await store.images.make({
      ...{ below: below ?? null, config, author: "a", comment: "c", createdBy: "test", isForeign: true },
      tar: trees(native).layer(written(folder.path), leftOut),
      platform: { os: "linux", architecture: "amd64" },
      name: parseReference("made"),
    });
    const made = (name: string) =>
      join(store.root, "snapshots", (image.chainIds[1] ?? "").slice(7), "fs", name);
    expect(lstatSync(made("dev"), { throwIfNoEntry: false })).toBeUndefined();
    expect([lstatSync(made("etc/gone")).isCharacterDevice(), lstatSync(made("etc/gone")).rdev]).toEqual([
      true,
      0,
    ]);
    expect(getXattr(made("etc/opaque"), "trusted.overlay.opaque")).toBe("y");
    expect(getXattr(made("etc/opaque"), "trusted.overlay.origin")).toBeUndefined();
    expect(getXattr(made("etc/file"), "security.capability")).toBe(capability);
    expect(lstatSync(made("etc/file"))).toMatchObject({
      nlink: 2,
      mode: 0o104755,
      mtimeMs: 1_700_000_000_500,
    });
    expect(lstatSync(made("etc/link")).ino).toBe(lstatSync(made("etc/file")).ino);
    expect(image.names).toEqual(["docker.io/library/made:latest"]);
  });

  test.each([
    ["while the layer is stored", randomBytes(6 << 20)],
    ["while it is unpacked", Buffer.alloc(6 << 20)],
  ])("on a disk that gets full %s it is no image, and nothing stays", async (_, content) => {
    using folder = temporaryFolder("upper");
    writeFileSync(join(folder.path, "large"), content);
    using full = temporaryFolder("full");
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=4m", "inro-test", full.path]);
    try {
      const images = await openImages({ root: full.path, native });
      const making = images.make({
        ...{ below: null, config, author: "", comment: "", createdBy: "test", name: null, isForeign: true },
        tar: trees(native).layer(written(folder.path), () => false),
        platform: { os: "linux", architecture: "amd64" },
      });
      await expect(making).rejects.toMatchObject({
        code: "NO_SPACE",
        why: expect.stringMatching(/^the disk is full: (\S+ \S+ were needed, )?0 bytes are free$/),
      });
      const left = ["ingest", "blobs/sha256", "snapshots"].flatMap((name) =>
        readdirSync(join(full.path, name)),
      );
      expect([images.list(), left]).toEqual([[], []]);
      await images.close();
    } finally {
      spawnSync("umount", ["-l", full.path]);
    }
  });

  test("a file whose name would mean a deletion is refused, and nothing stays", async () => {
    using folder = temporaryFolder("upper");
    writeFileSync(join(folder.path, ".wh.etc"), "");
    const layer = trees(native).layer(written(folder.path), () => false);
    await expect(collect(layer)).rejects.toMatchObject({ code: "LAYER_REFUSED" });
  });
});

describe("--change", () => {
  const cases: [change: string, made: object][] = [
    ['CMD ["a", "b"]', { Cmd: ["a", "b"] }],
    ["cmd a b", { Cmd: ["/bin/sh", "-c", "a b"] }],
    ['ENTRYPOINT ["/x"]', { Entrypoint: ["/x"] }],
    [`ENV A=1 B="two words" C='3' D=\\"`, { Env: ["A=1", "B=two words", "C=3", 'D="'] }],
    ["ENV A all of this", { Env: ["A=all of this"] }],
    ["EXPOSE 80 53/udp", { ExposedPorts: { "80/tcp": {}, "53/udp": {} } }],
    ["LABEL a.b=c", { Labels: { "a.b": "c" } }],
    ["ONBUILD RUN x", { OnBuild: ["RUN x"] }],
    ["USER 1:2", { User: "1:2" }],
    ['VOLUME ["/a b"]', { Volumes: { "/a b": {} } }],
    ["VOLUME /a /b", { Volumes: { "/a": {}, "/b": {} } }],
    ["WORKDIR sub", { WorkingDir: "/sub" }],
    ["STOPSIGNAL SIGINT", { StopSignal: "SIGINT" }],
    ["HEALTHCHECK NONE", { Healthcheck: { Test: ["NONE"] } }],
    [
      "HEALTHCHECK --interval=1m30s --retries=3 CMD curl x",
      { Healthcheck: { Test: ["CMD-SHELL", "curl x"], Interval: 90e9, Retries: 3 } },
    ],
  ];
  test.each(cases)("%s", (change, made) => {
    expect(changed(config, [change])).toMatchObject(made);
  });

  test.each(["RUN x", "USER", "", "ENV =x", "ENV A='x", "EXPOSE http", "FROM x", "HEALTHCHECK --x=1 CMD y"])(
    "%p is refused",
    (change) => {
      expect(() => changed(config, [change])).toThrow("cannot apply the change");
    },
  );
});
