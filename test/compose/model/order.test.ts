import { expect, test } from "bun:test";
import {
  cycleOf,
  dependenciesOf,
  dependentsOf,
  neededBy,
  selected,
  startOrder,
  stopOrder,
} from "../../../src/compose/model/order.ts";
import type { Service } from "../../../src/compose/model/project.ts";
import { projectOfText } from "./support.ts";

const shop = projectOfText(`services:
  web: {image: web, depends_on: [api, cache]}
  api: {image: api, depends_on: {db: {condition: service_healthy}}}
  db: {image: db}
  cache: {image: cache}
  alone: {image: alone}
`);

test("what others depend on starts first and stops last", () => {
  expect(startOrder(shop.services)).toEqual(["alone", "db", "api", "cache", "web"]);
  expect(stopOrder(shop.services)).toEqual(["web", "cache", "api", "db", "alone"]);
});

test("what chosen services need is found through others", () => {
  expect(neededBy(["api"], shop.services)).toEqual(["db", "api"]);
  expect(neededBy(["web", "alone"], shop.services)).toEqual(["alone", "db", "api", "cache", "web"]);
  expect(dependentsOf("db", shop.services)).toEqual(["web", "api"]);
  expect(dependentsOf("alone", shop.services)).toEqual([]);
});

test("a project of chosen services has them and what they need on, the others off", () => {
  const some = selected(shop, ["api"]);
  expect([...some.services.keys()]).toEqual(["api", "db"]);
  expect([...some.disabled.keys()]).toEqual(["web", "cache", "alone"]);
  expect(selected(shop, [])).toBe(shop);
});

test("a dependency that is off is none", () => {
  const { services } = projectOfText(
    "services: {web: {image: web, depends_on: {db: {condition: service_started, required: false}}}, db: {image: db, profiles: [x]}}\n",
  );
  expect(dependenciesOf(services.get("web") as Service, services)).toEqual([]);
});

test("a circle is told whole, with the first service again at its end", () => {
  const service = (name: string, ...needed: string[]): [string, Service] => [
    name,
    {
      name,
      command: null,
      entrypoint: null,
      environment: {},
      depends_on: Object.fromEntries(
        needed.map((one) => [one, { condition: "service_started", required: true } as const]),
      ),
    },
  ];
  expect(cycleOf(new Map([service("a", "b"), service("b", "c"), service("c", "b")]))).toEqual([
    "b",
    "c",
    "b",
  ]);
  expect(cycleOf(new Map([service("a", "b", "c"), service("b", "c"), service("c")]))).toBeUndefined();
});
