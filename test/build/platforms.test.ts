import { beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { tarOf, writeLayout } from "../support/oci-layout.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { build } from "./building.ts";

/** An ELF of a machine (elf(5), e_machine) whose program headers nobody gets to see: it is refused before. */
function foreignProgram(machine: number): Uint8Array {
  const header = Buffer.alloc(120);
  header.write("\x7fELF\x02\x01\x01", "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  return header;
}

const AARCH64 = 183;

describe.skipIf(engineMissing || process.arch !== "x64")("a build for another platform", () => {
  const cli = cliEngine();

  beforeAll(async () => {
    using root = temporaryFolder("root");
    mkdirSync(join(root.path, "bin"));
    writeFileSync(join(root.path, "bin/sh"), foreignProgram(AARCH64), { mode: 0o755 });
    using layout = temporaryFolder("layout");
    const config = { Cmd: ["sh"], Env: ["PATH=/bin"] };
    const image = { layers: [tarOf(root.path)], config, architecture: "arm64" };
    writeLayout(layout.path, "docker.io/library/foreign:1", image);
    expect(await cli.engine.inroWith({ input: tarOf(layout.path) }, "load")).toMatchObject({ code: 0 });
  }, 60_000);

  const query = { platform: "linux/arm64", t: "made" };
  const platformOf = async (image: string) =>
    await cli.out("inspect", "-f", "{{.Os}}/{{.Architecture}}", image);

  test("copies and sets without running anything", async () => {
    const file = "FROM foreign:1\nARG TARGETARCH\nENV FOR=$TARGETARCH\nCOPY f /f\nWORKDIR /w\nADD f .\n";
    const { error, image } = await build(cli.engine, { Dockerfile: file, f: "text" }, query);
    expect(error).toBe("");
    expect(await platformOf(image)).toBe("linux/arm64\n");
    expect(await cli.out("inspect", "-f", "{{.Config.Env}}", image)).toContain("FOR=arm64");
    const scratch = await build(cli.engine, { Dockerfile: "FROM scratch\nCOPY f /f\n", f: "" }, query);
    expect(await platformOf(scratch.image)).toBe("linux/arm64\n");
  });

  test("runs what a stage of this machine's platform says, and copies from it", async () => {
    const file = [
      ...["FROM --platform=$BUILDPLATFORM busybox AS here", "ARG TARGETPLATFORM BUILDPLATFORM"],
      ...["RUN echo from $BUILDPLATFORM for $TARGETPLATFORM > /made; cat /made"],
      ...["FROM foreign:1", "COPY --from=here /made /made", ""],
    ].join("\n");
    const { error, output, image } = await build(cli.engine, { Dockerfile: file }, query);
    expect({ error, output }).toEqual({ error: "", output: "from linux/amd64 for linux/arm64\n" });
    expect(await platformOf(image)).toBe("linux/arm64\n");
  });

  test("says what to install where a RUN cannot be executed", async () => {
    const { error, events } = await build(cli.engine, { Dockerfile: "FROM foreign:1\nRUN true\n" }, query);
    expect(error).toContain("qemu-user-static");
    expect(events.at(-1)).toMatchObject({ type: "failed", title: expect.stringContaining("RUN true") });
    const other = await build(cli.engine, {
      Dockerfile: "FROM --platform=linux/arm64 foreign:1\nRUN true\n",
    });
    expect(other.error).toContain("qemu-user-static");
  });

  test("a platform that an image is not for is refused by name", async () => {
    const asked = { Dockerfile: "FROM --platform=linux/s390x localhost:1/foreign:1\nRUN true\n" };
    expect((await build(cli.engine, asked)).error).toContain("localhost:1");
    const unknown = await build(cli.engine, { Dockerfile: "FROM --platform=a/b/c/d busybox\n" });
    expect(unknown.error).toContain("a/b/c/d");
  });
});
