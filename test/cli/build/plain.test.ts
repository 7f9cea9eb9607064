import { describe, expect, test } from "bun:test";
import { failureText } from "../../../src/cli/print/build/failure.ts";
import { plainText } from "../../../src/cli/print/build/plain.ts";
import type { BuildLine } from "../../../src/oci/build-line.ts";
import { failed, graph, image, output, started } from "./told.ts";

const printed = (lines: readonly BuildLine[], explains = false) => {
  const text = plainText({ explains });
  return lines.map(text).join("");
};

describe("a build as plain lines", () => {
  test("tells each step's lines under its title, whoever wrote between them", () => {
    const text = printed([
      started(0, 1000, "a 1/2", "FROM busybox"),
      { type: "ended", at: 1020, step: 0, outcome: { kind: "cached", why: "it is here" } },
      graph(["a 1/2", "FROM busybox"], ["a 2/2", "RUN one"], ["b 2/2", "RUN two\nlines"]),
      started(1, 1100, "a 2/2", "RUN one"),
      started(2, 1100, "b 2/2", "RUN two\nlines"),
      output(1, 1250, "first\nsec"),
      output(2, 1260, "other\n"),
      output(1, 1300, "ond\r\nrest"),
      { type: "ended", at: 2400, step: 1, outcome: { kind: "done", why: "its command is another" } },
      { type: "ended", at: 2500, step: 2, outcome: { kind: "canceled" } },
      image("sha256:1", ["docker.io/library/x:1"], [["RUN one", 2_500_000]], 2600),
    ]);
    expect(text).toBe(
      `#1 [a 1/2] FROM busybox
#1 CACHED

#2 [a 2/2] RUN one
#2 0.150 first

#3 [b 2/2] RUN two ↵ lines
#3 0.160 other

#2 [a 2/2] RUN one
#2 0.200 second
#2 1.300 rest
#2 DONE 1.3s

#3 [b 2/2] RUN two ↵ lines
#3 CANCELED

built sha256:1 in 1.6s: 2 steps, 1 from the cache
named docker.io/library/x:1
  2.5MB  RUN one
`,
    );
  });

  test("says why, where it is asked to", () => {
    const end: BuildLine = {
      type: "ended",
      at: 5,
      step: 1,
      outcome: { kind: "done", why: "its command is another" },
    };
    expect(printed([started(1, 0, "1/2", "RUN x"), end], true)).toContain(
      "DONE 0.0s (its command is another)",
    );
  });

  test("tells how far a download is now and then, and once that it is whole", () => {
    const progress = (at: number, current: number): BuildLine => ({
      ...{ type: "progress", step: 0, at, what: "sha256:abc", current, total: 100 },
    });
    const text = printed([
      started(0, 10_000, "1/1", "FROM x"),
      ...[
        progress(10_000, 1),
        progress(10_100, 2),
        progress(16_000, 50),
        progress(16_100, 100),
        progress(16_200, 100),
      ],
    ]);
    expect(text).toBe("#1 [1/1] FROM x\n#1 sha256:abc 50B / 100B\n#1 sha256:abc 100B / 100B\n");
  });

  test("the end names the instructions that weigh most, in their order", () => {
    const sizes = Array.from({ length: 20 }, (_, n) => [`RUN ${n}`, n % 2 === 0 ? 1 : 1000 * n] as const);
    const text = printed([image("sha256:1", [], sizes, 5)]);
    const lines = text.trim().split("\n");
    expect(lines).toHaveLength(13);
    expect(lines.slice(1, 4)).toEqual(["    1B  RUN 0", "   1kB  RUN 1", "   3kB  RUN 3"]);
    expect(lines.at(-1)).toBe("  and 9 smaller ones: 9B");
  });

  test("a failure shows the last output, the place, and what was wrong", () => {
    const text = failureText(
      failed("[1/2] RUN x", "Dockerfile:2:1\n   2 | >>> RUN x"),
      ["out"],
      (_, each) => each,
      "4f1c",
    );
    const rule = "─".repeat(20);
    expect(text).toBe(
      `${rule}\n > [1/2] RUN x\n │ out\n${rule}\nDockerfile:2:1\n   2 | >>> RUN x\n${rule}\nthe whole log: inro builder logs 4f1c\ninro: it failed\n`,
    );
  });
});
