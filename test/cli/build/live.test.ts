import { describe, expect, test } from "bun:test";
import { liveView } from "../../../src/cli/print/build/live.ts";
import { redraw } from "../../../src/cli/print/redraw.ts";
import type { Size } from "../../../src/cli/terminal/picture.ts";
import type { BuildLine } from "../../../src/oci/build-line.ts";
import { random } from "../../api/random.ts";
import { ended, graph, image, output, started } from "./told.ts";

const size: Size = { rows: 30, columns: 60 };
const live = (lines: readonly BuildLine[]) => {
  const view = liveView({ explains: false, paint: (_, text) => text });
  const above = lines.map((line) => view.apply(line, size.columns)).join("");
  return { above, view };
};

describe("a build on a terminal", () => {
  const begun = [
    graph(["1/3", "FROM busybox"], ["2/3", "RUN make"], ["3/3", "RUN test"]),
    ...[started(0, 0, "1/3", "FROM busybox"), ended(0, 20, "cached"), started(1, 100, "2/3", "RUN make")],
  ];

  test("what has ended stays, what is under way shows its time and its last lines", () => {
    const many = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join("");
    const { above, view } = live([...begun, started(2, 200, "3/3", "RUN test"), output(1, 300, many)]);
    expect(above).toBe("  cached  [1/3] FROM busybox\n");
    expect(view.frame(1400, size)).toEqual([
      "building 1.4s, 1 of 3 steps",
      "    1.3s  [2/3] RUN make",
      ...[14, 15, 16, 17, 18, 19].map((n) => `          │ line ${n}`),
      "    1.2s  [3/3] RUN test",
    ]);
  });

  test("fits the window, however small it is, and whatever a step prints", () => {
    const wide = `\x1b[31m${"宽".repeat(100)}\x1b[2J\x07\ttab\n`;
    const { view } = live([...begun, output(1, 300, wide)]);
    for (const columns of [5, 20, 60])
      for (const line of view.frame(1000, { rows: 30, columns })) {
        expect(Bun.stringWidth(line)).toBeLessThan(columns);
        expect(line).not.toMatch(/[\u0000-\u001f]/);
      }
    const steps = Array.from({ length: 50 }, (_, i) => started(i, 0, `${i}`, "RUN sleep"));
    const { view: full } = live(steps);
    for (const rows of [4, 10, 24]) {
      const frame = full.frame(1000, { rows, columns: 80 });
      expect(frame.length).toBeLessThan(rows);
      expect(frame.at(-1)).toMatch(/and \d+ more/);
    }
  });

  test("shows bars of downloads until they are whole", () => {
    const progress = (current: number): BuildLine => ({
      ...{ type: "progress", step: 1, at: 0, what: `sha256:${"ab".repeat(32)}`, current, total: 1000 },
    });
    const { view } = live([...begun, progress(500)]);
    const bar = "━".repeat(24);
    expect(view.frame(1000, { rows: 30, columns: 80 }).at(-1)).toBe(
      `          abababababab ${bar} 500B / 1kB`,
    );
    view.apply(progress(1000), 80);
    expect(view.frame(1000, { rows: 30, columns: 80 })).toHaveLength(2);
  });

  test("ends with the image, its names and what each instruction added", () => {
    const { above } = live([
      ...begun,
      ended(1, 1100),
      image("sha256:1", ["x:1"], [["RUN make", 1234]], 1500),
    ]);
    expect(above).toBe(
      `  cached  [1/3] FROM busybox
    1.0s  [2/3] RUN make
built sha256:1 in 1.5s: 2 steps, 1 from the cache
named x:1
  1.23kB  RUN make
`,
    );
  });

  test("is drawn over what it replaces, which a narrower window has wrapped", () => {
    const first = redraw([], "", ["one", "two"], 80);
    expect(first).toBe("\x1b[?2026hone\x1b[K\ntwo\x1b[K\n\x1b[J\x1b[?2026l");
    const drawn = ["x".repeat(70), "two"];
    expect(redraw(drawn, "done\n", ["two"], 30)).toBe(
      "\x1b[?2026h\x1b[4A\rdone\x1b[K\ntwo\x1b[K\n\x1b[J\x1b[?2026l",
    );
    expect(redraw(drawn, "", drawn, 80)).toBe("");
  });

  test("leaves nothing but what stays, whatever was drawn in between", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = random(seed);
      const below = (most: number) => Math.floor(next() * most);
      const columns = 10 + below(60);
      const terminal = screenOf(columns);
      const stays: string[] = [];
      let drawn: readonly string[] = [];
      for (let n = 0; n < 30; n++) {
        const above = Array.from({ length: below(3) }, () => "s".repeat(1 + below(columns - 2)));
        const lines = Array.from({ length: below(8) }, () => "x".repeat(below(columns)));
        stays.push(...above);
        terminal.write(redraw(drawn, above.map((line) => `${line}\n`).join(""), lines, columns));
        drawn = lines;
        expect(terminal.lines()).toEqual([...stays, ...lines, ""]);
      }
      terminal.write(redraw(drawn, "", [], columns));
      expect(terminal.lines()).toEqual([...stays, ""]);
    }
  });
});

/** A terminal of endless height that knows what `redraw` says. */
function screenOf(columns: number) {
  const rows: string[] = [""];
  let [row, column] = [0, 0];
  const put = (text: string) => {
    for (const letter of text) {
      if (column === columns) [row, column] = [row + 1, 0];
      rows[row] =
        (rows[row] ?? "").padEnd(column).slice(0, column) + letter + (rows[row] ?? "").slice(column + 1);
      column++;
    }
  };
  return {
    lines: () => rows,
    write(bytes: string) {
      for (const [part, count, action] of bytes.matchAll(/\x1b\[(\??\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]+/g)) {
        if (part === "\r") column = 0;
        else if (part === "\n") {
          [row, column] = [row + 1, 0];
          rows[row] ??= "";
        } else if (action === "A") row -= Number(count);
        else if (action === "K" || action === "J") rows[row] = (rows[row] ?? "").slice(0, column);
        else if (action === undefined) put(part);
        if (action === "J") rows.length = row + 1;
      }
    },
  };
}
