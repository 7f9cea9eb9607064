import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pack } from "tar-stream";

/** The image that every engine runs: one static busybox. */
export const IMAGE = "localhost/inro-bench:latest";

/** What the image's root holds besides `bin/busybox`: links to it. */
export const APPLETS = ["sh", "true", "sleep", "nc", "cat"] as const;

async function tarOf(fill: (tar: ReturnType<typeof pack>) => void): Promise<Buffer> {
  const tar = pack();
  fill(tar);
  tar.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of tar) parts.push(part as Uint8Array);
  return Buffer.concat(parts);
}

/** `count` images that have nothing but a file of their own, in one docker-archive. */
export async function imagesArchive(count: number): Promise<Buffer> {
  const images = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const layer = await tarOf((tar) => tar.entry({ name: `file-${n}` }, String(n)));
      return {
        layer,
        config: configOf(layer, { Env: ["PATH=/bin"], Cmd: ["sh"], Labels: { number: String(n) } }),
      };
    }),
  );
  return tarOf((tar) => {
    for (const [n, { layer, config }] of images.entries()) {
      tar.entry({ name: `${n}.json` }, config);
      tar.entry({ name: `${n}/layer.tar` }, layer);
    }
    const manifest = images.map((_, n) => ({
      Config: `${n}.json`,
      RepoTags: [`localhost/inro-bench-${n}:latest`],
      Layers: [`${n}/layer.tar`],
    }));
    tar.entry({ name: "manifest.json" }, JSON.stringify(manifest));
  });
}

const configOf = (layer: Buffer, config: object) =>
  JSON.stringify({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
    history: [{ created_by: "bench" }],
  });

/** A docker-archive (what `docker save` writes) that docker, podman and inro all load. */
export async function imageArchive(busybox: string): Promise<Buffer> {
  const program = readFileSync(busybox);
  const layer = await tarOf((tar) => {
    tar.entry({ name: "bin", type: "directory", mode: 0o755 });
    tar.entry({ name: "bin/busybox", mode: 0o755 }, program);
    for (const name of APPLETS) tar.entry({ name: `bin/${name}`, type: "symlink", linkname: "busybox" });
    tar.entry({ name: "tmp", type: "directory", mode: 0o1777 });
  });
  const config = configOf(layer, { Env: ["PATH=/bin"], Cmd: ["sh"] });
  const name = `${sha256(config)}.json`;
  return tarOf((tar) => {
    tar.entry({ name }, config);
    tar.entry({ name: "layer.tar" }, layer);
    tar.entry(
      { name: "manifest.json" },
      JSON.stringify([{ Config: name, RepoTags: [IMAGE], Layers: ["layer.tar"] }]),
    );
  });
}

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
