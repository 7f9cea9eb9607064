import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";
import { apiDescription, type Endpoint, type Parameter, type Schema } from "./description.ts";
import { type Message, messages } from "./http-messages.ts";
import { random } from "./random.ts";

const rounds = Number(process.env["INRO_FUZZ_ROUNDS"] ?? 12);

/** What cannot be answered without a registry, which is not there: dockerd's 500 is right then. */
const asksRegistry = /^(POST \/images\/create|POST \/images\/.*\/push|POST \/auth|GET \/distribution\/)/;

/** Names of what is there, of what is not, and of what must not be: no path of the host is among them. */
const names = [
  ...[
    "one",
    "two",
    "busybox",
    "bridge",
    "fuzzed",
    "nothing",
    "ONE",
    "o n e",
    "-",
    "sha256:abc",
    "a@b",
    "a:b:c",
  ],
  ...[
    "..",
    ".",
    "%2e%2e",
    "../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "/",
    "//",
    "one/..",
    "one%00",
  ],
  ...["%ff%fe", "%c0%ae%c0%ae", "%", "%zz", "é", "\u202e", "__proto__", "constructor", "x".repeat(5000)],
];

const junk: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e300,
    2 ** 53,
    65536,
    "",
    "a",
    "\0",
    "../..",
    "9".repeat(400),
    "-1",
    "é\ud800",
  ],
  ...[
    [],
    {},
    [[]],
    [null],
    [{}],
    { "": "" },
    { a: [1] },
    { __proto__: 1, constructor: {} },
    "x".repeat(70_000),
  ],
];

describe.skipIf(rootMissing || busyboxMissing)("whatever is asked", () => {
  const scope = new AsyncDisposableStack();
  const description = apiDescription("1.51");
  let engine: TestEngine;

  beforeAll(async () => {
    engine = scope.use(await testEngine(scope.use(await ownHost())));
    const loaded = await engine.inroWith({ input: busyboxArchive() }, "load");
    expect(loaded.code).toBe(0);
  }, 60_000);

  afterAll(() => scope.disposeAsync(), 60_000);

  const daemon = () => readFileSync(join(engine.execRoot, "inro.pid"), "utf8").trim();
  /** What the daemon holds open: kinds, and files by their names. */
  const descriptors = () =>
    readdirSync(`/proc/${daemon()}/fd`)
      .flatMap((fd) => {
        try {
          return readlinkSync(`/proc/${daemon()}/fd/${fd}`).replace(/\[\d+\]/, "");
        } catch {
          return [];
        }
      })
      .sort();

  /** The answer's head and, where it ends soon, its body; undefined where the connection was closed without one. */
  function exchange(request: Uint8Array, half = false): Promise<Message | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ path: engine.socket, allowHalfOpen: true });
      let head: Message | undefined;
      const done = (message: Message | undefined) => {
        clearTimeout(limit);
        socket.destroy();
        resolve(message);
      };
      const limit = setTimeout(() => done(head), 8000);
      const answers = messages(
        (first, headers) => {
          head = { first, headers, body: Buffer.alloc(0) };
          if (!headers.has("content-length")) setTimeout(() => done(head), 20);
          return request.subarray(0, 4).toString() === "HEAD" ? "none" : "any";
        },
        (message) => done(message),
      );
      socket.on("data", (part: Buffer) => answers.read(part));
      socket.on("close", () => done(head));
      socket.on("error", () => done(head));
      socket.write(half ? request.subarray(0, Math.floor(request.length / 2)) : request);
      if (half) setTimeout(() => done(undefined), 10);
    });
  }

  async function ask(method: string, path: string, body?: object): Promise<Message> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await exchange(requestOf(method, path, Buffer.from(text)));
    return answer ?? expect.unreachable(`${method} ${path} is answered`);
  }

  /** What the fuzzer asks about: a container that was never started, and one that runs. */
  async function prepare(): Promise<void> {
    const command = { Image: "busybox", Cmd: ["sleep", "600"], StopSignal: "SIGKILL" };
    for (const name of ["one", "two"]) await ask("POST", `/containers/create?name=${name}`, command);
    await ask("POST", "/containers/two/unpause");
    await ask("POST", "/containers/two/start");
  }

  async function fuzz(endpoint: Endpoint, next: () => number): Promise<void> {
    const made = make(endpoint, next);
    const answer = await exchange(made.request, made.half);
    if (made.half) return;
    const shown = made.request.subarray(0, 600).toString("latin1");
    // Who still sends when it was answered and hung up on may not hear it, as with any HTTP server.
    if (answer === undefined && made.request.length > 1 << 20) return;
    if (answer === undefined) throw new Error(`no answer to ${shown}`);
    const status = Number(answer.first.split(" ")[1]);
    const mayFail = asksRegistry.test(`${endpoint.method} ${endpoint.path}`) ? [500, 501, 503] : [501, 503];
    if (status >= 500 && !mayFail.includes(status)) throw new Error(`${status} ${answer.body} to ${shown}`);
    if (status < 400 || endpoint.method === "HEAD") return;
    // What no route was reached by is answered by the HTTP server itself.
    if (answer.body.length === 0 && [400, 431].includes(status)) return;
    if (answer.body.length === 0) throw new Error(`${answer.first} without a body to ${shown}`);
    const { message } = JSON.parse(answer.body.toString());
    if (typeof message !== "string" || message === "")
      throw new Error(`${status} ${answer.body} to ${shown}`);
  }

  test("is answered by a 4xx with a sentence, and the engine goes on", async () => {
    const next = random(Number(process.env["INRO_FUZZ_SEED"] ?? 6));
    const all = async (times: number) => {
      for (const endpoint of description.endpoints) {
        await prepare();
        for (let round = 0; round < times; round++) await fuzz(endpoint, next);
        expect((await ask("GET", "/_ping")).first).toContain("200");
      }
      // Running containers have descriptors of their own.
      for (const { Id } of JSON.parse((await ask("GET", "/containers/json?all=1")).body.toString()))
        await ask("DELETE", `/containers/${Id}?force=1&v=1`);
    };
    // What is opened once and kept is there afterwards; logs are watched by one inotify.
    await prepare();
    await ask("GET", "/containers/two/logs?follow=1&stdout=1");
    await all(1);
    const [pid, before] = [daemon(), descriptors()];
    await all(rounds);
    expect(daemon()).toBe(pid);
    for (let tries = 0; tries < 100 && descriptors().length > before.length; tries++) await Bun.sleep(50);
    const held = descriptors();
    if (held.length > before.length) expect(held).toEqual(before);
  }, 300_000);
});

function requestOf(method: string, target: string, body: Uint8Array, type = "application/json"): Buffer {
  const head = [
    `${method} ${target} HTTP/1.1`,
    "Host: inro",
    ...(body.length > 0 ? [`Content-Type: ${type}`] : []),
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

/** One request to the endpoint: parts of it as described, parts not. */
function make(endpoint: Endpoint, next: () => number): { request: Buffer; half: boolean } {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  const named = (name: string) => (/%|\//.test(name) ? name : encodeURIComponent(name.toWellFormed()));
  const path = endpoint.path.replace(/\{\w+\}/g, () =>
    named(pick(next() < 0.4 ? ["one", "two", "busybox"] : names)),
  );
  const query = endpoint.parameters
    .filter((parameter) => parameter.in === "query" && next() < 0.6)
    .map((parameter) => `${parameter.name}=${queryValue(parameter, next)}`);
  if (next() < 0.2) query.push("unknown=1", "%ff=%fe");
  const described = endpoint.parameters.find((parameter) => parameter.in === "body")?.schema;
  const target = `/v1.51${path}${query.length === 0 ? "" : `?${query.join("&")}`}`;
  const body =
    endpoint.method === "GET" || endpoint.method === "HEAD" ? Buffer.alloc(0) : bodyOf(described, next);
  return {
    request: requestOf(endpoint.method, target, body, pick(["application/json", "text/plain"])),
    half: next() < 0.05,
  };
}

/** Names of registries are those of one that refuses connections; nothing waits longer than a moment. */
function queryValue({ name, type }: Parameter, next: () => number): string {
  if (name === "fromImage" || name === "remote") return "localhost:1/nothing";
  if (name === "fromSrc") return "-";
  if (name === "t" || name === "until") return String(Math.floor(next() * 2));
  if (next() < 0.3) return type === "integer" ? "1" : type === "boolean" ? "true" : "one";
  if (name === "filters" && next() < 0.5)
    return encodeURIComponent(JSON.stringify({ name: ["one"], [String(next())]: junk }));
  const value = junk[Math.floor(next() * junk.length)];
  return encodeURIComponent((typeof value === "string" ? value : JSON.stringify(value)).toWellFormed());
}

function bodyOf(schema: Schema | undefined, next: () => number): Buffer {
  const kind = next();
  if (kind < 0.05) return Buffer.alloc(9 << 20, "[");
  if (kind < 0.1) return Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
  if (kind < 0.15) return Buffer.from('{"Image": "busybox", ');
  if (kind < 0.2) return Buffer.from(`${"[".repeat(20_000)}${"]".repeat(20_000)}`);
  const value = schema === undefined ? junk[Math.floor(next() * junk.length)] : madeOf(schema, next, 5);
  return Buffer.from(JSON.stringify(value));
}

/** A value that mostly is what the schema describes. */
function madeOf(schema: Schema, next: () => number, depth: number): unknown {
  if (next() < 0.1 || depth === 0) return junk[Math.floor(next() * junk.length)];
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice("#/definitions/".length);
    return madeOf(apiDescription("1.51").definitions[name] ?? {}, next, depth);
  }
  if (schema.allOf !== undefined)
    return Object.assign(
      {},
      ...schema.allOf.map((part) => madeOf(part, next, depth)).filter((v) => v instanceof Object),
    );
  const choices = schema["enum"];
  if (Array.isArray(choices)) return choices[Math.floor(next() * choices.length)];
  if (schema.type === "array") return [madeOf(schema.items ?? {}, next, depth - 1)];
  if (schema.type === "boolean") return next() < 0.5;
  if (schema.type === "integer") return Math.floor(next() * 100);
  if (schema.type === "string") return ["busybox", "one", "80/tcp", "1", ""][Math.floor(next() * 5)];
  const properties = Object.entries(schema.properties ?? {}).filter(() => next() < 0.3);
  const told = properties.map(([name, part]) => [
    name,
    name === "Image" ? "busybox" : madeOf(part, next, depth - 1),
  ]);
  return { ...Object.fromEntries(told), ...(next() < 0.2 ? { Unknown: 1 } : {}) };
}
