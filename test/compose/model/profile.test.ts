/** 15-profiles.md, "Illustrative example". */
import { expect, test } from "bun:test";
import { projectOfText } from "./support.ts";

const example = `services:
  foo: {image: foo}
  bar: {image: bar, profiles: [test]}
  baz: {image: baz, depends_on: [bar], profiles: [test]}
  zot: {image: zot, depends_on: [bar], profiles: [debug]}
`;

const on = (profiles: readonly string[], chosen: readonly string[] = []) => [
  ...projectOfText(example, profiles, chosen).services.keys(),
];

test("without a profile only what has none is on", () => {
  expect(on([])).toEqual(["foo"]);
  expect([...projectOfText(example).disabled.keys()]).toEqual(["bar", "baz", "zot"]);
});

test("a profile turns its services on", () => {
  expect(on(["test"])).toEqual(["foo", "bar", "baz"]);
  expect(on(["debug", "test"])).toEqual(["foo", "bar", "baz", "zot"]);
  expect(on(["*"])).toEqual(["foo", "bar", "baz", "zot"]);
});

test("a profile that turns on what depends on what is off is refused", () => {
  expect(() => on(["debug"])).toThrow('the service "bar" is off, as none of its profiles is on');
});

test("a service that is chosen turns its profiles on", () => {
  expect(on([], ["bar"])).toEqual(["foo", "bar", "baz"]);
  expect(on([], ["baz"])).toEqual(["foo", "bar", "baz"]);
  expect(() => on([], ["zot"])).toThrow('services.zot.depends_on.bar: the service "bar" is off');
  expect(on(["test"], ["zot"])).toEqual(["foo", "bar", "baz", "zot"]);
});

test("networks, volumes and secrets that only services make use of that are off are not the project's", () => {
  const project = projectOfText(`services:
  web: {image: web, volumes: ["data:/d"]}
  db: {image: db, profiles: [x], volumes: ["dbdata:/d"], networks: [back], secrets: [token]}
volumes: {data: , dbdata: }
networks: {back: }
secrets: {token: {file: x}}
`);
  expect([...project.volumes.keys()]).toEqual(["data"]);
  expect([...project.networks.keys()]).toEqual(["default"]);
  expect([...project.secrets.keys()]).toEqual([]);
});
