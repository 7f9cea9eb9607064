import { describe, expect, test } from "bun:test";
import { type PackedContext, packContext } from "../../../src/cli/build/pack.ts";
import { collect } from "../../../src/client/client.ts";
import { write } from "../../build/building.ts";
import { temporaryFolder } from "../../support/temporary.ts";

async function names(context: PackedContext): Promise<{ names: string[]; tar: string }> {
  const tar = await collect(packContext(context));
  const listed = Bun.spawnSync(["tar", "-t"], { stdin: tar }).stdout.toString();
  return { names: listed.trim().split("\n").sort(), tar: tar.toString("latin1") };
}

describe("a context that is sent", () => {
  const files = {
    Dockerfile: "FROM a\n",
    ".dockerignore": "**/*.log\nnode_modules\n!node_modules/kept\nDockerfile\n.dockerignore\n",
    "a.txt": "a",
    "b/x.log": "log",
    "b/y": "y",
    "node_modules/gone": "",
    "node_modules/kept": "",
    "other/Dockerfile": "FROM b\n",
    "other/Dockerfile.dockerignore": "b\n",
  };
  const expected = [".dockerignore", "Dockerfile", "a.txt", "b", "b/y", "node_modules/kept", "other"];
  const others = ["other/Dockerfile", "other/Dockerfile.dockerignore"];

  test("leaves out what is ignored, but not the Dockerfile and the rules", async () => {
    using folder = temporaryFolder("pack");
    write(folder.path, files);
    const packed = await names({ folder: folder.path, dockerfile: "Dockerfile" });
    expect(packed.names).toEqual([...expected, ...others]);
  });

  test("goes by the Dockerfile's own rules, which the engine finds as the context's", async () => {
    using folder = temporaryFolder("pack");
    write(folder.path, files);
    const packed = await names({ folder: folder.path, dockerfile: "other/Dockerfile" });
    expect(packed.names).toEqual([
      ".dockerignore",
      "Dockerfile",
      "a.txt",
      "node_modules",
      "node_modules/gone",
      "node_modules/kept",
      "other",
      ...others,
    ]);
    expect(packed.tar).not.toContain("**/*.log");
  });

  test("bears a Dockerfile from elsewhere, which is none of its files", async () => {
    using folder = temporaryFolder("pack");
    write(folder.path, { a: "1" });
    const dockerfile = { name: "Dockerfile", text: "FROM elsewhere\n", ignore: null };
    const packed = await names({ folder: folder.path, dockerfile });
    expect(packed.names).toEqual([`.dockerfile.${process.pid}`, ".dockerignore", "a"]);
    expect(packed.tar).toContain(`\n.dockerfile.${process.pid}\n.dockerignore\n`);
  });
});
