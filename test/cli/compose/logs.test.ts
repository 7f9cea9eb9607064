import { describe, expect, test } from "bun:test";
import { keyOf, type LogLine } from "../../../src/cli/compose/logs/lines.ts";
import { merged } from "../../../src/cli/compose/logs/merged.ts";
import { printer } from "../../../src/cli/compose/logs/printer.ts";
import { labelOf } from "../../../src/cli/compose/members.ts";

const line = (time: string, text: string): LogLine => ({ time, stream: "stdout", text });

async function* from(...lines: LogLine[]) {
  yield* lines;
}

describe("lines of several containers", () => {
  test("stand in the order of their times, whatever number of digits an engine writes", async () => {
    const sources = [
      from(line("2026-01-01T00:00:00.1Z", "a1"), line("2026-01-01T00:00:02Z", "a2")),
      from(line("2026-01-01T00:00:00.09Z", "b1"), line("2026-01-01T00:00:01.999999999Z", "b2")),
      from(),
    ];
    const told: string[] = [];
    for await (const [place, { text }] of merged(sources)) told.push(`${place}${text}`);
    expect(told).toEqual(["1b1", "0a1", "1b2", "0a2"]);
    expect(keyOf("2026-01-01T00:00:00.1Z") > keyOf("2026-01-01T00:00:00.099999999Z")).toBe(true);
  });

  test("begin with whose they are, in a column as wide as the widest, each in its colour; bytes are left alone", () => {
    let text = "";
    const print = printer({
      ...{ prefix: true, timestamps: false },
      paint: (color, each) => `<${color}>${each}</>`,
      write: (bytes) => {
        text += Buffer.from(bytes).toString("latin1");
      },
    });
    print.expect(["db-1", "worker-1"]);
    print.line("db-1", line("t", "up \xff"));
    print.line("worker-1", line("t", "too"));
    print.ended("db-1", 3);
    expect(text).toBe(
      "<cyan>db-1      | </>up \xff\n<yellow>worker-1  | </>too\n<cyan>db-1 exited with code 3</>\n",
    );
  });

  test("a container is called by its name without the project's", () => {
    expect(labelOf("app-web-1", "app")).toBe("web-1");
    expect(labelOf("app_web_1", "app")).toBe("web_1");
    expect(labelOf("custom", "app")).toBe("custom");
    expect(labelOf("application", "app")).toBe("application");
  });
});
