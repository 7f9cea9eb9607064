import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CliEngine, cliEngine, engineMissing } from "../cli/engine.ts";
import { build } from "./building.ts";

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly annotations?: object }[];
}

function manifestOf({ engine }: CliEngine, name: string): string | undefined {
  const index = JSON.parse(readFileSync(join(engine.dataRoot, "index.json"), "utf8")) as Index;
  return index.manifests.find(({ annotations }) => JSON.stringify(annotations ?? {}).includes(name))?.digest;
}

describe.skipIf(engineMissing)("two cold builds on two stores", () => {
  const [one, other] = [cliEngine(), cliEngine()];
  const Dockerfile = `${[
    "FROM busybox AS tools",
    "RUN mkdir -p /out/deep && echo made > /out/deep/file && ln /out/deep/file /out/hard",
    ...["FROM busybox", "WORKDIR /app/in", "COPY src /app/", "COPY --from=tools /out /out"],
    ...["COPY <<EOF /inline", "text", "EOF"],
    "RUN --mount=type=cache,target=/var/cache/x rm -rf /tmp && mkdir /new && touch /new/b /new/a && ls /new",
    ...["ADD archive.tar /unpacked/", "ENV A=1", "LABEL b=2", 'CMD ["true"]'],
  ].join("\n")}\n`;
  const archive = Bun.spawnSync(["tar", "-C", "/etc", "-cf", "-", "hostname"]).stdout.toString("latin1");
  const files = { Dockerfile, "src/x": "x", "src/y/z": "z", "archive.tar": archive };
  const built = async (engine: CliEngine, query: Record<string, string>, name: string) => {
    const { error, image } = await build(engine.engine, files, { ...query, t: name });
    expect(error).toBe("");
    return { image, manifest: manifestOf(engine, name) };
  };

  test("give one digest, where a time is given", async () => {
    const query = { timestamp: "1700000000" };
    const first = await built(one, query, "same:1");
    // What is made later is younger.
    await Bun.sleep(1100);
    expect(await built(other, query, "same:1")).toEqual(first);
    expect(first.manifest).toStartWith("sha256:");
    expect(await one.out("inspect", "-f", "{{.Created}}", "same:1")).toBe("2023-11-14T22:13:20Z\n");
    const epoch = { buildargs: JSON.stringify({ SOURCE_DATE_EPOCH: "1700000000" }), nocache: "1" };
    expect((await built(one, epoch, "same:2")).image).toBe(first.image);
    expect((await built(one, { nocache: "1" }, "same:3")).image).not.toBe(first.image);
    const newer = "find /app /out /new /inline /unpacked -newer /bin/busybox | wc -l";
    expect(
      await one.out(
        "run",
        "--rm",
        "same:1",
        "busybox",
        "sh",
        "-c",
        `touch -d @1700000001 /mark && ${newer.replace("/bin/busybox", "/mark")}`,
      ),
    ).toBe("0\n");
  }, 30_000);
});
