import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { tar } from "../image/fixtures.ts";
import { machine } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool } from "../support/tools.ts";

const own = process.arch === "x64" ? "amd64" : "arm64";
const other = own === "amd64" ? "arm64" : "amd64";

describe.skipIf(engineMissing || registryMissing || tool("umoci") === undefined)(
  "the data root of an engine that runs is an OCI image layout",
  () => {
    const host = machine();
    const c = cliEngine();
    let r: Registry;
    beforeAll(async () => {
      r = await registry(host);
    }, 60_000);
    afterAll(async () => {
      await r?.[Symbol.asyncDispose]();
    }, 60_000);

    const run = async (program: string, ...words: string[]) => {
      const done = await host.run(program, words);
      expect(done).toMatchObject({ code: 0 });
      return done.stdout;
    };
    const skopeo = (...words: string[]) => run(tool("skopeo") ?? "", "--insecure-policy", ...words);
    const umoci = (...words: string[]) => run(tool("umoci") ?? "", ...words);

    const copied = new Map<string, string>();

    /** What the store says it has, what umoci finds, and what skopeo copies out whole, blob by blob, of each that is new. */
    const agrees = async () => {
      const { engine } = c;
      const ours = JSON.parse((await c.inro("system", "check", "--json")).stdout);
      expect(ours.Findings).toEqual([]);
      const lines = (
        await engine.inro("images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")
      ).stdout;
      const images = new Map(
        lines
          .trim()
          .split("\n")
          .filter((line) => line !== "" && !line.startsWith("<none>"))
          .map((line) => line.split(" ") as [string, string]),
      );
      const inFull = (name: string) =>
        /^(localhost|127\.0\.0\.1)/.test(name) ? name : `docker.io/library/${name}`;
      const listed = (await umoci("ls", "--layout", engine.dataRoot)).split("\n").filter(Boolean).sort();
      expect(listed).toEqual([...images.keys()].map(inFull).sort());
      for (const [name, id] of images) {
        if (copied.get(name) === id) continue;
        using out = temporaryFolder("layout");
        await skopeo("copy", "-q", `oci:${engine.dataRoot}:${inFull(name)}`, `oci:${out.path}:copy`);
        const [root] = JSON.parse(readFileSync(join(out.path, "index.json"), "utf8")).manifests;
        const manifest = JSON.parse(
          readFileSync(join(out.path, "blobs", root.digest.replace(":", "/")), "utf8"),
        );
        expect({ name, id: manifest.config.digest }).toEqual({ name, id });
        copied.set(name, id);
      }
    };

    test("after each command that changes it", async () => {
      const layers = (text: string) => [
        tar({ name: "shared", content: "s" }),
        tar({ name: "own", content: text }),
      ];
      const single = await r.push("single:1", { layers: layers("single") });
      const { reference: multi } = await r.pushIndex("multi:1", [
        { architecture: other, layers: layers(other) },
        { architecture: own, layers: layers(own) },
      ]);
      await c.inro("run", "--name", "web", "--network", "none", "busybox", "sh", "-c", "echo x > /x");
      const commands: readonly (readonly string[])[] = [
        ["pull", single],
        ["tag", "busybox", "second:2"],
        ["pull", "-q", multi],
        ["commit", "web", "made:1"],
        ["tag", single, "made:1"],
        ["rmi", "busybox"],
        ["image", "prune", "-f"],
        ["rmi", multi],
        ["push", single],
        ["rmi", "-f", single],
        ["system", "prune", "-af"],
      ];
      await agrees();
      for (const words of commands) {
        const done = await c.inro(...words);
        expect({ words, code: done.code, stderr: done.stderr }).toEqual({ words, code: 0, stderr: "" });
        await agrees();
      }
    }, 120_000);
  },
);
