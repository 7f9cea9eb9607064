import { expect, test } from "bun:test";
import { parseCounts, parseIoStat } from "../../../../src/kernel/cgroup/stats/block-io.ts";
import { parseList } from "../../../../src/kernel/cgroup/stats/files.ts";
import { parsePressure } from "../../../../src/kernel/cgroup/stats/pressure.ts";

test("lists of processors and memory nodes", () => {
  expect(parseList("0-2,5\n")).toEqual([0, 1, 2, 5]);
  expect(parseList("\n")).toEqual([]);
});

test("pressure, with and without the line of what all tasks wait for", () => {
  const some = "some avg10=1.50 avg60=0.25 avg300=0.00 total=18446744073709551615\n";
  const full = "full avg10=0.50 avg60=0.00 avg300=0.00 total=7\n";
  expect(parsePressure(some + full)).toEqual({
    some: { avg10: 1.5, avg60: 0.25, avg300: 0, totalUs: 18446744073709551615n },
    full: { avg10: 0.5, avg60: 0, avg300: 0, totalUs: 7n },
  });
  expect(parsePressure(some)?.full).toEqual({ avg10: 0, avg60: 0, avg300: 0, totalUs: 0n });
  expect(parsePressure("")).toBeNull();
});

test("v1's counts by device and operation, and those that only have a device", () => {
  expect(parseCounts("8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n")).toEqual([
    { major: 8, minor: 0, operation: "Read", value: 4096 },
    { major: 8, minor: 0, operation: "Total", value: 4096 },
  ]);
  expect(parseCounts("7:3 12\n")).toEqual([{ major: 7, minor: 3, operation: "", value: 12 }]);
});

test("v2's io.stat goes into v1's tables; what has no table there is left out", () => {
  const text = "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=9\n7:1 \n";
  const of = (operation: string, value: number) => ({ major: 8, minor: 0, operation, value });
  expect(parseIoStat(text)).toMatchObject({
    serviceBytes: [of("Read", 1), of("Write", 2), of("Discard", 5)],
    serviced: [of("Read", 3), of("Write", 4), of("Discard", 6)],
    time: [],
  });
});
