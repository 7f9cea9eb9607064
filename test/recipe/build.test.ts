import { describe, expect, test } from "bun:test";
import { image } from "../../src/recipe/recipe.ts";
import { build } from "../build/building.ts";
import { cliEngine, engineMissing } from "../cli/engine.ts";

describe.skipIf(engineMissing)("a recipe that is built", () => {
  const cli = cliEngine();

  test("finds in the cache what a Dockerfile of the same words has made", async () => {
    const written = [
      ...["FROM busybox AS tools", 'ENV NAME="two words"', "RUN echo $NAME > /made", "FROM busybox"],
      ...["WORKDIR /work", "COPY --from=tools /made .", "COPY f /f", 'CMD ["cat", "made"]', ""],
    ];
    const first = await build(cli.engine, { Dockerfile: written.join("\n"), f: "x" });
    const tools = image("busybox").env({ NAME: "two words" }).run("echo $NAME > /made");
    const recipe = image("busybox")
      .workdir("/work")
      .copy("/made", ".", { from: tools })
      .copy("f", "/f")
      .cmd(["cat", "made"]);
    const second = await build(cli.engine, { Dockerfile: recipe.dockerfile(), f: "x" });
    expect(second.error).toBe("");
    const outcomes = second.events.flatMap((event) => (event.type === "ended" ? [event.outcome.kind] : []));
    expect(new Set(outcomes)).toEqual(new Set(["cached"]));
    const layers = (id: string) =>
      cli.out("inspect", "-f", "{{.RootFS.Layers}} {{.Config.Cmd}} {{.Config.WorkingDir}}", id);
    expect(await layers(second.image)).toBe(await layers(first.image));
  });
});
