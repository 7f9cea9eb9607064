import { describe, expect, test } from "bun:test";
import { cut } from "../../src/cli/print/cut.ts";
import { age, binarySize, decimalSize, ellipsis } from "../../src/cli/print/human.ts";
import { filters, listing } from "../../src/cli/print/listing.ts";
import { planText } from "../../src/cli/print/plan.ts";
import { portList } from "../../src/cli/print/ports.ts";
import { table } from "../../src/cli/print/table.ts";

test("ages in docker's words", () => {
  const hour = 3600;
  const day = 24 * hour;
  expect(
    [0, 1, 59, 60, 119, 120, hour, 2 * hour, 47 * hour, 3 * day, 14 * day, 60 * day, 730 * day].map(age),
  ).toEqual([
    "Less than a second",
    "1 second",
    "59 seconds",
    "About a minute",
    "About a minute",
    "2 minutes",
    "About an hour",
    "2 hours",
    "47 hours",
    "3 days",
    "2 weeks",
    "2 months",
    "2 years",
  ]);
});

test("what is cut takes no more columns than there are, ends with its colour, and tears no letter apart", () => {
  expect(cut("abcdef", 6)).toBe("abcdef");
  expect(cut("abcdef", 5)).toBe("abcd…");
  expect(cut("abcdef", 0)).toBe("");
  expect(cut("宽宽宽", 4)).toBe("宽…");
  expect(cut("👩‍👩‍👧x👩‍👩‍👧", 4)).toBe("👩‍👩‍👧x…");
  expect(cut("\x1b[31mabcdef\x1b[0m", 6)).toBe("\x1b[31mabcdef\x1b[0m");
  expect(cut("\x1b[31mabcdef\x1b[0m", 3)).toBe("\x1b[31mab…\x1b[0m");
});

test("sizes in docker's digits", () => {
  expect([0, 999, 1000, 13_256, 204_123_456, 1_500_000_000].map((bytes) => decimalSize(bytes))).toEqual([
    "0B",
    "999B",
    "1kB",
    "13.3kB",
    "204MB",
    "1.5GB",
  ]);
  expect([479_232, 67_108_864, 25_276_289_024].map(binarySize)).toEqual(["468KiB", "64MiB", "23.54GiB"]);
});

test("a text too long ends in an ellipsis", () => {
  expect([ellipsis("short", 5), ellipsis("longer", 5), ellipsis("ünïcödé", 4)]).toEqual([
    "short",
    "long…",
    "ünï…",
  ]);
});

test("columns: ten wide at least, three spaces apart; wide letters count two", () => {
  expect(
    table([
      ["ID", "NAME", "X"],
      ["123456789", "漢字", "y"],
    ]),
  ).toBe("ID          NAME      X\n123456789   漢字      y\n");
});

test("ports: neighbours stand together", () => {
  const port = (PrivatePort: number, PublicPort?: number, IP = "0.0.0.0") => ({
    PrivatePort,
    Type: "tcp",
    ...(PublicPort === undefined ? {} : { PublicPort, IP }),
  });
  expect(portList([port(81, 8081), port(80, 8080), port(9000), port(9001), port(443, 443, "::")])).toBe(
    "0.0.0.0:8080-8081->80-81/tcp, [::]:443->443/tcp, 9000-9001/tcp",
  );
});

describe("--format", () => {
  const spec = { titles: { ID: "CONTAINER ID", Names: "NAMES" }, columns: ["ID", "Names"], quiet: "ID" };
  const rows = [{ ID: "1", Names: "web", Label: (name: unknown) => `<${String(name)}>` }];
  const show = (format: string | undefined, quiet = false) => listing(spec, rows, { format, quiet });

  test("nothing, table, -q, json", () => {
    expect(show(undefined)).toBe("CONTAINER ID   NAMES\n1              web\n");
    expect(show("table")).toBe(show(undefined));
    expect(show(undefined, true)).toBe("1\n");
    expect(show("json")).toBe('{"ID":"1","Names":"web"}\n');
    expect(listing(spec, [{ ID: "<&>" }], { format: "json", quiet: false })).toBe(
      '{"ID":"\\u003c\\u0026\\u003e"}\n',
    );
    expect(listing(spec, [{ ID: "<&>" }], { format: "{{json .ID}}", quiet: false })).toBe('"<&>"\n');
  });

  test("a template for each row, with \\t as two letters", () => {
    expect(show("{{.Names}}\\t{{.ID}}")).toBe("web\t1\n");
  });

  test("a table of a template takes its titles from the fields, whatever stands around them", () => {
    expect(show('table {{upper .Names}}\\t{{.Label "com.example.role"}}')).toBe(
      "NAMES     role\nWEB       <com.example.role>\n",
    );
  });

  test("without rows the titles stand alone", () => {
    expect(listing(spec, [], { format: undefined, quiet: false })).toBe("CONTAINER ID   NAMES\n");
  });
});

test("filters are gathered by key", () => {
  expect(filters(["status=exited", "label=a=b", "status=created"])).toBe(
    '{"status":["exited","created"],"label":["a=b"]}',
  );
  expect(filters([])).toBe("");
  expect(() => filters(["status"])).toThrow("write KEY=VALUE");
});

test("a plan is laid out in columns, ids are short, and a line counts", () => {
  const id = "0123456789ab".padEnd(64, "c");
  const printed = `host     1  cgroup   /inro/${id}/memory.max  0.100 ms  -m 64m\nbecome  12  exec  sh  default\n`;
  expect(
    planText({ printed, plan: { host: [{}], become: [{}], undo: [] }, records: [{ act: "host", ns: 1e5 }] }),
  ).toBe(
    [
      "host     1  cgroup  /inro/0123456789ab…/memory.max  0.100 ms  -m 64m",
      "become  12  exec    sh                                        default",
      "2 operations, 0 to undo them; 0.100 ms measured (map runs beside build)",
      "",
    ].join("\n"),
  );
});
