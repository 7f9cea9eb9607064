import { describe, expect, test } from "bun:test";
import { cliEngine, engineMissing } from "../cli/engine.ts";
import { type Building, build, type Files } from "./building.ts";

describe.skipIf(engineMissing)("a build says of each step why it was made or was in the cache", () => {
  const cli = cliEngine();
  const why = ({ events }: Building, text: string): string => {
    const graph = events.find((event) => event.type === "graph");
    const step = graph?.type === "graph" ? graph.steps.find((each) => each.text === text) : undefined;
    const end = events.find((event) => event.type === "ended" && event.step === step?.number);
    return end?.type === "ended" && "why" in end.outcome ? end.outcome.why : JSON.stringify(end);
  };
  const file = (...lines: string[]): Files => ({ Dockerfile: `${lines.join("\n")}\n`, f: "1" });
  const first = [
    ...["FROM busybox", "ARG WHO=me", "ENV A=1 B=2", "RUN echo $WHO$A > /a", "COPY f /f"],
    ...["RUN --mount=type=bind,target=/ctx,source=f cat /ctx", "RUN --network=none true"],
  ];

  test("names the variable, the mount, the files, and the step that all stands on", async () => {
    const fresh = await build(cli.engine, file(...first));
    expect(why(fresh, "RUN echo $WHO$A > /a")).toBe("the cache has no step of these words");
    const again = await build(cli.engine, file(...first));
    expect(why(again, "RUN echo $WHO$A > /a")).toMatch(/^nothing has changed since it was made at 20/);
    expect(why(again, "FROM busybox")).toMatch(/^it is here: sha256:/);

    const argument = await build(cli.engine, file(...first), { buildargs: '{"WHO":"you"}' });
    expect(why(argument, "RUN echo $WHO$A > /a")).toBe("the variable WHO has another value");
    expect(why(argument, "RUN --network=none true")).toMatch(
      /^the variable WHO has another value, and what it stands on is another since RUN --mount=type=bind,target/,
    );

    const env = first.map((line) => (line.startsWith("ENV") ? "ENV A=1 C=3" : line));
    expect(why(await build(cli.engine, file(...env)), "RUN echo $WHO$A > /a")).toContain(
      "the variable C is new, and the variable B is gone",
    );

    const files = await build(cli.engine, { ...file(...first), f: "2" });
    expect(why(files, "COPY f /f")).toContain("files that it copies have changed");
    expect(why(files, "RUN --mount=type=bind,target=/ctx,source=f cat /ctx")).toContain(
      "what /ctx shows has changed",
    );
    const all = await build(cli.engine, file(...first), { nocache: "1" });
    expect(why(all, "COPY f /f")).toBe("it was not to be taken from the cache (--no-cache)");
  });
});
