import { expect, test } from "bun:test";
import { gate } from "../../../src/network/names/gate.ts";

test("so many work at a time, the others in their order; too many, and who waited too long, get nothing", async () => {
  const { pass } = gate(2, 3, 1000);
  const ends: (() => void)[] = [];
  const begun: number[] = [];
  const all = [0, 1, 2, 3, 4, 5].map((n) =>
    pass(async () => {
      begun.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      return n;
    }),
  );
  expect(begun).toEqual([0, 1]);
  expect(await all[5]).toBeUndefined();
  for (let n = 0; n < 5; n++) {
    ends[n]?.();
    expect(await all[n]).toBe(n);
    await Bun.sleep(0);
  }
  expect(begun).toEqual([0, 1, 2, 3, 4]);
  const hasty = gate(1, 1, -1);
  expect(await hasty.pass(async () => "late")).toBeUndefined();
  expect(await pass(async () => "again")).toBe("again");
});
