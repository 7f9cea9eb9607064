import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { busyboxArchive, busyboxMissing, busyboxTar } from "../clients/busybox.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { type Registry, registry, registryMissing } from "../support/registry.ts";
import { apiDescription } from "./description.ts";
import { type HeldSocket, heldSocket } from "./held.ts";

/** A container that uses as much of the API's words as one can. */
const rich = {
  Image: "busybox",
  Cmd: ["sh", "-c", "echo out; echo err >&2; sleep 600"],
  Hostname: "rich",
  Env: ["A=b"],
  Labels: { "made.by": "test" },
  User: "0:0",
  WorkingDir: "/tmp",
  ExposedPorts: { "80/tcp": {}, "53/udp": {} },
  Volumes: { "/anonymous": {} },
  Healthcheck: { Test: ["CMD", "true"], Interval: 100_000_000, Retries: 2 },
  StopSignal: "SIGTERM",
  StopTimeout: 1,
  HostConfig: {
    Binds: ["described:/named", "/tmp:/host:ro"],
    Mounts: [{ Type: "tmpfs", Target: "/scratch", TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o700 } }],
    Tmpfs: { "/fast": "size=1m" },
    Memory: 64 << 20,
    NanoCpus: 500_000_000,
    PidsLimit: 100,
    ShmSize: 1 << 20,
    PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
    RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 },
    LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
    Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 2048 }],
    Sysctls: { "net.ipv4.ip_forward": "0" },
    CapAdd: ["NET_ADMIN"],
    CapDrop: ["MKNOD"],
    SecurityOpt: ["no-new-privileges"],
    Devices: [{ PathOnHost: "/dev/null", PathInContainer: "/dev/nothing", CgroupPermissions: "r" }],
    ExtraHosts: ["other:10.0.0.1"],
    Dns: ["10.0.0.2"],
    GroupAdd: ["5"],
    Init: true,
    ReadonlyRootfs: true,
  },
};

/** What the description has and no daemon outside a swarm does. */
const swarm = /^\w+ \/(swarm|nodes|services|tasks|secrets|configs|plugins)\b/;

/** What is answered with a sentence that it is not there: docs/API.md. */
const missing = ["POST /build", "GET /images/search", "PUT /volumes/{name}", "POST /session"];

describe.skipIf(rootMissing || busyboxMissing || registryMissing)(
  "answers are as Docker describes them",
  () => {
    const scope = new AsyncDisposableStack();
    let engine: TestEngine;
    let store: Registry;
    let held: HeldSocket;

    beforeAll(async () => {
      const host: Host = scope.use(machine());
      store = scope.use(await registry(host));
      engine = scope.use(await testEngine(host));
      held = scope.use(await heldSocket(engine.socket));
    }, 60_000);

    afterAll(() => scope.disposeAsync(), 60_000);

    async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const raw = body instanceof Uint8Array;
      const answer = await fetch(`http://inro${path}`, {
        method,
        unix: held.socket,
        headers: { ...(body === undefined || raw ? {} : { "content-type": "application/json" }), ...headers },
        ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, text, json: () => JSON.parse(text) };
    }

    /** The code with which it is closed when all was said. */
    async function overWebSocket(path: string): Promise<number> {
      const socket = new WebSocket(`ws+unix://${held.socket}:${path}`);
      const closed = Promise.withResolvers<number>();
      socket.onclose = ({ code }) => closed.resolve(code);
      return closed.promise;
    }

    async function ok(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
      const answer = await ask(method, path, body, headers);
      if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
      return answer;
    }

    /** The first part of what never ends by itself. */
    async function begun(path: string): Promise<string> {
      const answer = await fetch(`http://inro${path}`, { unix: held.socket });
      const reader = (answer.body ?? expect.unreachable()).getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return Buffer.from(value ?? []).toString();
    }

    /** Everything once, in the order of a life. */
    async function tour(version: string): Promise<void> {
      const v = `/v${version}`;
      const since = Math.floor(Date.now() / 1000) - 1;
      await ok("GET", `${v}/_ping`);
      await ok("HEAD", `${v}/_ping`);
      await ok("GET", `${v}/version`);
      await ok("GET", `${v}/info`);

      await ok("POST", `${v}/images/load`, busyboxArchive());
      await ok("POST", `${v}/images/create?fromSrc=-&repo=imported&tag=1`, busyboxTar());
      await ok("GET", `${v}/images/json?shared-size=1&manifests=1`);
      await ok("GET", `${v}/images/busybox/json`);
      await ok("GET", `${v}/images/busybox/json?manifests=1`);
      await ok("GET", `${v}/images/busybox/history`);
      const pushed = `${store.address}/described`;
      await ok("POST", `${v}/images/busybox/tag?repo=${pushed}&tag=1`);
      await ok("POST", `${v}/images/${pushed}/push?tag=1`, undefined, { "X-Registry-Auth": "e30=" });
      await ok("DELETE", `${v}/images/${pushed}:1`);
      await ok("POST", `${v}/images/create?fromImage=${pushed}&tag=1`);
      await ok("POST", `${v}/auth`, { username: "a", password: "b", serveraddress: store.address });
      await ok("GET", `${v}/distribution/${pushed}:1/json`);
      await ok("GET", `${v}/images/busybox/get`);
      await ok("GET", `${v}/images/get?names=busybox`);

      await ok("POST", `${v}/volumes/create`, { Name: "described", Labels: { a: "b" } });
      await ok("GET", `${v}/volumes`);
      await ok("GET", `${v}/volumes/described`);
      const ipam = { Config: [{ Subnet: "10.213.0.0/24", Gateway: "10.213.0.1" }] };
      await ok("POST", `${v}/networks/create`, { Name: "described", IPAM: ipam, Labels: { a: "b" } });
      await ok("GET", `${v}/networks`);
      await ok("GET", `${v}/networks/described?verbose=1`);
      await ok("GET", `${v}/networks/host`);

      await ok("POST", `${v}/containers/create?name=plain`, { Image: "busybox" });
      await ok("GET", `${v}/containers/plain/json`);
      const { Id: id } = (await ok("POST", `${v}/containers/create?name=rich`, rich)).json();
      await ok("POST", `${v}/containers/${id}/start`);
      await ok("POST", `${v}/containers/${id}/start`);
      await ok("POST", `${v}/networks/described/connect`, {
        Container: id,
        EndpointConfig: { Aliases: ["r"] },
      });
      await ok("GET", `${v}/networks/described`);
      await ok("GET", `${v}/containers/json?all=1&size=1`);
      await ok("GET", `${v}/containers/${id}/json?size=1`);
      await ok("GET", `${v}/containers/${id}/top`);
      await ok("GET", `${v}/containers/${id}/logs?stdout=1&stderr=1&timestamps=1`);
      await ok("GET", `${v}/containers/${id}/changes`);
      await ok("GET", `${v}/containers/${id}/export`);
      await ok("GET", `${v}/containers/${id}/stats?stream=0`);
      await ok("GET", `${v}/containers/${id}/stats?stream=0&one-shot=1`);
      await begun(`${v}/containers/${id}/stats`);
      await ok("POST", `${v}/containers/${id}/update`, { Memory: 96 << 20, MemorySwap: -1 });
      await ok("POST", `${v}/containers/plain/rename?name=renamed`);
      await ok("POST", `${v}/containers/${id}/pause`);
      await ok("GET", `${v}/containers/${id}/json`);
      await ok("POST", `${v}/containers/${id}/unpause`);
      await ok("HEAD", `${v}/containers/${id}/archive?path=/etc`);
      await ok("GET", `${v}/containers/${id}/archive?path=/etc`);
      await ok("PUT", `${v}/containers/renamed/archive?path=/tmp`, busyboxTar());
      const exec = { AttachStdout: true, Cmd: ["sh", "-c", "echo in; exit 3"], Env: ["C=d"], User: "0" };
      const made = (await ok("POST", `${v}/containers/${id}/exec`, exec)).json();
      await ok("GET", `${v}/exec/${made.Id}/json`);
      await ok("POST", `${v}/exec/${made.Id}/start`, { Detach: false, Tty: false });
      await ok("GET", `${v}/exec/${made.Id}/json`);
      const tty = { Cmd: ["sleep", "60"], Tty: true };
      const terminal = (await ok("POST", `${v}/containers/${id}/exec`, tty)).json();
      await ok("POST", `${v}/exec/${terminal.Id}/start`, { Detach: true, Tty: true });
      await ok("POST", `${v}/exec/${terminal.Id}/resize?h=20&w=60`);
      await ok("POST", `${v}/commit?container=${id}&repo=committed&tag=1&comment=c&author=a`, {
        Labels: { c: "d" },
      });
      await ok("GET", `${v}/images/committed:1/json`);
      await ok("GET", `${v}/images/committed:1/history`);
      await ok("GET", `${v}/system/df`);
      await ok("GET", `${v}/events?since=${since}&until=${Math.floor(Date.now() / 1000) + 1}`);
      await ok("POST", `${v}/containers/${id}/kill?signal=USR1`);
      await ok("POST", `${v}/containers/${id}/restart?t=0`);
      const waited = ok("POST", `${v}/containers/${id}/wait?condition=next-exit`);
      await ok("POST", `${v}/containers/${id}/stop?t=0`);
      await ok("POST", `${v}/containers/${id}/stop?t=0`);
      await waited;
      await ok("GET", `${v}/containers/${id}/json`);
      await ok("POST", `${v}/networks/described/disconnect`, { Container: id, Force: true });
      const screen = { Image: "busybox", Tty: true, OpenStdin: true };
      await ok("POST", `${v}/containers/create?name=screen`, screen);
      await ok("POST", `${v}/containers/screen/start`);
      await ok("POST", `${v}/containers/screen/resize?h=20&w=60`);
      await ok("POST", `${v}/containers/screen/kill`);
      await ok("POST", `${v}/containers/screen/attach?logs=1&stdout=1`);
      expect(await overWebSocket(`${v}/containers/screen/attach/ws?logs=1&stdout=1`)).toBe(1000);

      await ok("DELETE", `${v}/containers/${id}?force=1&v=1`);
      await ok("POST", `${v}/containers/prune`);
      await ok("DELETE", `${v}/networks/described`);
      await ok("POST", `${v}/networks/create`, { Name: "unused" });
      await ok("POST", `${v}/networks/prune`);
      await ok("DELETE", `${v}/volumes/described`);
      await ok("POST", `${v}/volumes/create`, {});
      await ok("POST", `${v}/volumes/prune`);
      await ok("DELETE", `${v}/images/committed:1`);
      await ok("DELETE", `${v}/images/imported:1`);
      await ok("POST", `${v}/images/prune?filters={"dangling":["false"]}`);
      await ok("POST", `${v}/build/prune`);
      await ok("GET", `${v}/plugins`);
    }

    /** The path with names that nothing has. */
    const nowhere = (path: string) =>
      path.replace(/\{\w+\}/g, path.startsWith("/distribution/") ? `${store.address}/nothing` : "nothing");

    test.each(["1.51", "1.41", "1.24"])(
      "version %s",
      async (version) => {
        await tour(version);
        expect([...held.breaches]).toEqual([]);
      },
      60_000,
    );

    test("that was every endpoint which the description has", () => {
      const names = apiDescription("1.51").endpoints.map(({ method, path }) => `${method} ${path}`);
      const answered = [...held.answered.keys()].filter((name) => / [123]\d\d$/.test(name));
      const unanswered = names.filter((name) => !answered.some((each) => each.slice(0, -4) === name));
      expect(unanswered.filter((name) => !swarm.test(name))).toEqual(missing);
    });

    test("what is not there, and what is not for here, says so in Docker's form", async () => {
      for (const { method, path } of apiDescription("1.51").endpoints) {
        if (!path.includes("{") && !swarm.test(`${method} ${path}`)) continue;
        const { status, text } = await ask(method, nowhere(path), method === "POST" ? {} : undefined);
        expect(`${method} ${path}: ${status}`).toMatch(/: (200|204|400|404|503)$/);
        if (status >= 400 && method !== "HEAD")
          expect(JSON.parse(text)).toEqual({ message: expect.any(String) });
      }
      expect([...held.breaches]).toEqual([]);
    });
  },
);
