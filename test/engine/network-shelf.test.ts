import { expect, test } from "bun:test";
import type { NetworkDetails } from "../../src/engine/engine.ts";
import { newNetworkShelf } from "../../src/engine/networks/shelf.ts";

const network: NetworkDetails = {
  ...{ id: "ab".repeat(32), name: "app", created: "", driver: "bridge" },
  ...{ settled: null, auxiliary: [], attachable: false, labels: {}, options: {}, predefined: false },
};

test("a network that is leaving is found by nobody, and whoever waits for it to go waits until it has", async () => {
  const shelf = newNetworkShelf();
  shelf.put(network);
  const removal = Promise.withResolvers<void>();
  const leaving = shelf.leave(network, () => removal.promise);
  expect(shelf.made()).toEqual([]);
  expect(shelf.byName("app")).toBeUndefined();
  expect(() => shelf.find("app")).toThrow("network app not found");
  let hasLeft = false;
  const left = shelf.left().then(() => {
    hasLeft = true;
  });
  await Bun.sleep(1);
  expect(hasLeft).toBe(false);
  removal.resolve();
  await Promise.all([leaving, left]);
  expect(shelf.made()).toEqual([]);
  await shelf.left();
});

test("one whose removal fails is back, and the next can go", async () => {
  const shelf = newNetworkShelf();
  shelf.put(network);
  const fails = shelf.leave(network, () => Promise.reject(new Error("it is in use")));
  await expect(fails).rejects.toThrow("it is in use");
  expect(shelf.find("app")).toBe(network);
  await shelf.leave(network, async () => {});
  expect(shelf.made()).toEqual([]);
});
