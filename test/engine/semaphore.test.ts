import { expect, test } from "bun:test";
import { Semaphore } from "../../src/engine/semaphore.ts";

const LONG = 60_000;

function work() {
  const started: number[] = [];
  const ends: PromiseWithResolvers<number>[] = [];
  return {
    started,
    begin: (number: number) => () => {
      started.push(number);
      const end = Promise.withResolvers<number>();
      ends[number] = end;
      return end.promise;
    },
    finish: (number: number) => ends[number]?.resolve(number),
    fail: (number: number) => ends[number]?.reject(new Error(`number ${number}`)),
  };
}

test("so many work at once, the others in their order as those end, well or not", async () => {
  const semaphore = new Semaphore(2, LONG);
  const { started, begin, finish, fail } = work();
  const all = [0, 1, 2, 3, 4].map((number) => semaphore.run(begin(number)));
  await Bun.sleep(1);
  expect(started).toEqual([0, 1]);
  fail(1);
  await expect(all[1]).rejects.toThrow("number 1");
  await Bun.sleep(1);
  expect(started).toEqual([0, 1, 2]);
  finish(0);
  finish(2);
  await Bun.sleep(1);
  expect(started).toEqual([0, 1, 2, 3, 4]);
  finish(3);
  finish(4);
  expect(await Promise.all([all[0], all[2], all[3], all[4]])).toEqual([0, 2, 3, 4]);
});

test("what lasts holds up nobody, and its end lets in nobody twice", async () => {
  const semaphore = new Semaphore(1, 5);
  const { started, begin, finish } = work();
  const hanging = semaphore.run(begin(0));
  const second = semaphore.run(async () => 1);
  expect(await second).toBe(1);
  finish(0);
  expect(await hanging).toBe(0);
  const patient = new Semaphore(1, LONG);
  const all = [1, 2].map((number) => patient.run(begin(number)));
  await Bun.sleep(1);
  expect(started).toEqual([0, 1]);
  finish(1);
  await all[0];
  finish(2);
  await all[1];
});
