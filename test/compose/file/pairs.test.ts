import { expect, test } from "bun:test";
import { filesIn } from "./files.ts";
import { ofOurs, theirs } from "./oracle.ts";

/** What services may say in files that are merged: short forms and long ones, of the same things and of others. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  image: ["a", "b"],
  environment: [{ A: "1", B: 2 }, { B: null, C: 1.5 }, ["A=1", "B"], ["B=2", "C="], []],
  labels: [{ a: "1", b: true }, ["a=2", "c"], { c: "x y" }],
  annotations: [["a=1", "b=2"], { a: "3" }],
  sysctls: [{ a: 1, b: "2" }, ["a=3"]],
  ports: [
    ["80:80", "81:81/udp", { target: 82, published: "82", mode: "host" }],
    ["80:80/tcp", "127.0.0.1:80:80", { target: 81, published: "81", protocol: "udp" }],
    ["0.0.0.0:80:80", "8000-8001:80-81", "90-92:80", 82],
    ["[::1]:80:80", { target: 80, published: "8000" }, { target: 80, host_ip: "127.0.0.1", published: "80" }],
  ],
  volumes: [
    ["vv:/a", "./x:/b", "/c"],
    ["/y:/b/:ro", { type: "volume", source: "vw", target: "/a" }],
    [
      { type: "bind", source: "../p", target: "/c", read_only: true },
      { type: "tmpfs", target: "/b" },
    ],
    ["~/h:/d", "./x:/b"],
  ],
  secrets: [["s", "t"], [{ source: "s", target: "/run/secrets/t" }], [{ source: "t", mode: 288 }, "u"]],
  command: [["a", "b"], "c d", null, []],
  entrypoint: [["a"], "b c", null],
  depends_on: [
    ["d1", "d2"],
    { d1: { condition: "service_healthy" } },
    { d2: { condition: "service_started" } },
  ],
  networks: [
    ["n1"],
    ["n1", "n2"],
    { n1: { aliases: ["x", "y"] } },
    { n1: { aliases: ["y", "z"] }, n2: null },
  ],
  dns: ["1.1.1.1", ["1.1.1.1", "2.2.2.2"]],
  dns_search: ["a", ["b", "a"]],
  tmpfs: ["/t", ["/t", "/u"]],
  cap_add: [["X"], ["Y", "X"]],
  expose: [
    ["1", 2],
    ["2", "3"],
  ],
  links: [["d1"], ["d1:q", "d2"]],
  healthcheck: [{ test: "a", interval: "1s" }, { test: ["CMD", "b"], retries: 2 }, { disable: true }],
  logging: [
    { driver: "x", options: { a: "1" } },
    { driver: "y", options: { b: "2" } },
    { options: { a: "3" } },
  ],
  ulimits: [{ nofile: 1, nproc: 2 }, { nofile: { soft: 1, hard: 2 } }],
  build: ["./b", { context: "./c", args: ["A=1", "B"] }, { context: ".", args: { A: "2" }, target: "t" }],
  env_file: ["one.env", ["one.env", "two.env"], [{ path: "one.env", required: false }]],
  devices: [["/dev/a:/dev/x", "/dev/c"], ["/dev/b:/dev/x:r"]],
  deploy: [
    { replicas: 2 },
    { labels: ["a=1"] },
    { labels: { a: "2" }, resources: { limits: { cpus: "1" } } },
  ],
  "x-more": [{ a: [1] }, { a: [2], b: 1 }],
};

/** Numbers below `most` that look like chance and are the same each time. */
function numbers(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

function service(next: (most: number) => number): Record<string, unknown> {
  const chosen = Object.entries(VALUES).filter(() => next(10) < 4);
  return Object.fromEntries(chosen.map(([key, values]) => [key, values[next(values.length)]]));
}

test.each(Array.from({ length: 24 }, (_, seed) => seed))(
  "two files and a service that is extended become what docker compose makes of them (%d)",
  (seed) => {
    const next = numbers(seed);
    const base = {
      services: {
        base: { image: "base", ...service(next) },
        web: { ...service(next), extends: { service: "base" } },
        d1: { image: "d" },
        d2: { image: "d" },
      },
      networks: { n1: null, n2: null },
      volumes: { vv: null, vw: null },
      secrets: { s: { file: "./s" }, t: { file: "./t" }, u: { file: "./u" } },
    };
    using folder = filesIn({
      "compose.yaml": JSON.stringify(base),
      "compose.override.yaml": JSON.stringify({ services: { web: service(next) } }),
      "one.env": "Z=1\n",
      "two.env": "Z=2\n",
    });
    const env = { HOME: process.env["HOME"] };
    const request = { files: [], envFiles: [], env, workingDir: folder.path, profiles: [] };
    const expected = theirs(request);
    expect(expected).toMatchObject({ status: 0, complaints: "" });
    expect(ofOurs(request)).toEqual(expected);
  },
);
