import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { diffText } from "../../src/cli/print/image-diff.ts";
import { layersText } from "../../src/cli/print/image-layers.ts";
import { platformsText } from "../../src/cli/print/image-platforms.ts";
import { paintFor } from "../../src/cli/terminal/paint.ts";
import { busyboxMissing, busyboxTar } from "../clients/busybox.ts";
import { dockerArchive, gzip, tar } from "../image/fixtures.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";

const plain = paintFor(false);
const sha256 = (bytes: Uint8Array) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

test("the tree of layers, as it is printed", () => {
  const layer = {
    ...{ CreatedBy: "", Comment: "", Compressed: 0, Bytes: 0, Files: 0, Wasted: 0 },
    ...{ Folders: [], SharedWith: [], Waste: [] },
  };
  const text = layersText(
    "app:1",
    {
      Id: "sha256:0",
      Layers: [
        {
          ...layer,
          ...{ CreatedBy: "/bin/sh -c #(nop) ADD rootfs.tar / ", Compressed: 48_500_000, Bytes: 117_000_000 },
          ...{ Files: 8123, SharedWith: ["app:2", "debian:12"], Wasted: 1_200_000 },
          Folders: [
            { Path: "/usr/lib", Bytes: 61_000_000 },
            { Path: "/usr/share", Bytes: 33_000_000 },
          ],
          Waste: [{ Path: "/usr/lib/old.so", Bytes: 1_200_000, By: 3 }],
        },
        { ...layer, CreatedBy: "RUN true" },
        {
          ...layer,
          ...{ CreatedBy: `COPY ${"long ".repeat(30)}`, Compressed: 900, Bytes: 2000, Files: 1 },
          Folders: [{ Path: "/srv", Bytes: 2000 }],
        },
      ],
    },
    plain,
    80,
  );
  expect(text).toBe(`app:1  117MB in 3 layers, 48.5MB compressed
├─ 1  117MB  (48.5MB)  ████████████████████  ADD rootfs.tar /
│     8123 files: /usr/lib 61MB, /usr/share 33MB
│     shared with app:2, debian:12
│     1.2MB wasted: /usr/lib/old.so 1.2MB (layer 3)
├─ 2     0B  (0B)                            RUN true
╰─ 3    2kB  (900B)    ▏                     COPY long long long long long long…
      1 file: /srv 2kB
1.2MB wasted (1.0 %): files that later layers write over or delete
`);
});

test("images with their platforms, as they are printed", () => {
  const Platform = { os: "linux", architecture: "amd64" };
  const Size = { Content: 50_000_000, Total: 170_000_000 };
  const image = { Kind: "image", Available: true, ID: `sha256:${"a".repeat(64)}`, Size };
  const none = { Content: 0, Total: 0 };
  const text = platformsText(
    [
      {
        Id: `sha256:${"1".repeat(64)}`,
        RepoTags: ["debian:12"],
        Manifests: [
          { ...image, ImageData: { Platform, Containers: ["web"] } },
          {
            ...{ ...image, Available: false, ID: `sha256:${"b".repeat(64)}`, Size: none },
            ImageData: { Platform: { os: "linux", architecture: "arm64", variant: "v8" }, Containers: [] },
          },
          { ...image, Kind: "attestation", ID: `sha256:${"c".repeat(64)}`, Size: none },
        ],
      },
    ],
    plain,
  );
  expect(text).toBe(`IMAGE               ID             DISK USAGE   CONTENT SIZE   IN USE
debian:12           111111111111   170MB        50MB           1
├─ linux/amd64      aaaaaaaaaaaa   170MB        50MB           1
└─ linux/arm64/v8   bbbbbbbbbbbb
`);
});

test("a diff, as it is printed", () => {
  const change = { Type: "file", Differs: [], Before: 0, After: 0 };
  const totals = { Count: 1, Bytes: 0 };
  const text = diffText(
    {
      Changes: [
        { ...change, Kind: "added", Path: "/srv/new", After: 1500 },
        { ...change, Kind: "changed", Path: "/etc/passwd", Differs: ["content"], Before: 40, After: 10 },
        {
          ...change,
          ...{ Kind: "changed", Path: "/tmp", Type: "directory", Differs: ["mode", "owner"] },
          ...{ Mode: ["0755", "1777"], Owner: ["0:0", "1:1"] },
        },
        { ...change, Kind: "removed", Path: "/old", Before: 2_000_000 },
      ],
      Totals: {
        Added: { ...totals, Bytes: 1500 },
        Changed: { Count: 2, Bytes: -30 },
        Removed: { ...totals, Bytes: -2_000_000 },
      },
    },
    plain,
  );
  expect(text).toBe(`A  +1.5kB  /srv/new
C    -30B  /etc/passwd  content
C          /tmp/  mode 0755 → 1777, owner 0:0 → 1:1
D    -2MB  /old
1 added (+1.5kB), 2 changed (-30B), 1 removed (-2MB): -2MB
`);
});

describe.skipIf(rootMissing || busyboxMissing)("image layers and image diff", () => {
  let host: Host;
  let engine: TestEngine;
  beforeAll(async () => {
    host = machine();
    engine = await testEngine(host);
    const box = busyboxTar();
    const over = tar({ name: "srv/", mode: 0o700 }, { name: "srv/data", content: "data" });
    for (const [name, layers] of [
      ["box:1", [box]],
      ["box:2", [box, over]],
    ] as const) {
      const input = dockerArchive(name, layers.map(gzip), layers.map(sha256));
      await engine.inroWith({ input }, "load");
    }
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  });

  test("two images; an image and what a container of it wrote", async () => {
    const images = await engine.inro("image", "diff", "box:1", "box:2");
    expect([images.stdout, images.stderr]).toEqual([
      "A       /srv/\nA  +4B  /srv/data\n2 added (+4B), 0 changed (+0B), 0 removed (+0B): +4B\n",
      "",
    ]);
    const made = await engine.inro(
      ...["run", "--name", "box", "box:2", "sh", "-c"],
      "echo more >> /srv/data; rm /bin/busybox; chmod 755 /srv",
    );
    expect(made.stderr).toBe("");
    const container = await engine.inro("image", "diff", "--json", "box:2", "box");
    expect(JSON.parse(container.stdout).Changes).toMatchObject([
      { Kind: "removed", Path: "/bin/busybox" },
      { Kind: "changed", Path: "/srv", Differs: ["mode"], Mode: ["0700", "0755"] },
      { Kind: "changed", Path: "/srv/data", Differs: ["content"], Before: 4, After: 9 },
    ]);
    expect((await engine.inro("image", "diff", "box", "box")).stdout).toBe("no difference\n");
    const missing = await engine.inro("image", "diff", "box:1", "nobody");
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('"nobody"')]);
  });

  test("images --tree asks for the platforms", async () => {
    const tree = await engine.inro("images", "--tree", "box");
    expect(tree.stdout).toMatch(/^IMAGE .*\n(box:[12] .*\n└─ linux\/amd64 .*\n){2}$/);
    expect((await engine.inro("images", "--tree", "-q")).code).toBe(1);
  });

  test("layers know with whom they are shared", async () => {
    const found = await engine.inro("image", "tree", "box:2");
    expect(found.stderr).toBe("");
    expect(found.stdout).toMatch(/^box:2 {2}\S+ in 2 layers, .*\n├─ 1 .*\n(│ .*\n)*│ +shared with box:1\n/);
    expect(found.stdout).toContain("nothing is wasted");
  });
});
