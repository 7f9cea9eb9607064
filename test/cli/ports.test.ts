import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { screen } from "../clients/screen.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";
import { tool } from "../support/tools.ts";

type Bindings = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

const FROM_ONE_PORT = `const s = require("dgram").createSocket("udp4");
  s.on("error", () => {});
  s.bind(40000, () => s.send("?", 5300, "127.0.0.1", () => setTimeout(() => process.exit(), 50)))`;
const HEARD = `const s = require("dgram").createSocket("udp4");
  s.on("message", (m) => console.log(String(m))).bind(53, "0.0.0.0", () => console.log("up"))`;
const ASK = `const s = require("net").connect(8080, process.argv.at(-1));
  s.on("error", () => {}); s.pipe(process.stdout)`;

describe.skipIf(rootMissing || busyboxMissing)("ports", () => {
  let host: Host;
  let engine: TestEngine;
  const out = async (...words: string[]) => {
    const { code, stdout, stderr } = await engine.inro(...words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  };
  const run = (name: string, ...words: string[]) =>
    out("run", "-d", "--name", name, ...words, "busybox", "sleep", "600");
  const ports = async (name: string): Promise<Bindings> =>
    JSON.parse(await out("inspect", "-f", "{{json .NetworkSettings.Ports}}", name));

  beforeAll(async () => {
    host = await ownHost();
    engine = await testEngine(host);
    await engine.inroWith({ input: busyboxArchive() }, "load");
  }, 60_000);
  afterEach(async () => {
    const all = (await out("ps", "-aq")).split("\n").filter(Boolean);
    if (all.length > 0) await out("rm", "-f", ...all);
  });
  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  test("every form of -p; inro and docker tell the same", async () => {
    await run(
      "web",
      ...["-p", "8000-8002:8000-8002", "-p", "127.0.0.1::80", "-p", "[::1]:8080:81", "-p", "8100-8110:82"],
      ...["-p", "5300:53/udp", "-p", "9000:9000/sctp", "-p", "0.0.0.0:8003:83", "--expose", "6000-6001"],
    );
    const told = await ports("web");
    const any = told["80/tcp"]?.[0]?.HostPort ?? "";
    expect(Number(any)).toBeGreaterThan(1023);
    const both = (HostPort: string) => [
      { HostIp: "0.0.0.0", HostPort },
      { HostIp: "::", HostPort },
    ];
    expect(told).toEqual({
      "6000/tcp": null,
      "6001/tcp": null,
      "8000/tcp": both("8000"),
      "8001/tcp": both("8001"),
      "8002/tcp": both("8002"),
      "80/tcp": [{ HostIp: "127.0.0.1", HostPort: any }],
      "81/tcp": [{ HostIp: "::1", HostPort: "8080" }],
      "82/tcp": both("8100"),
      "83/tcp": [{ HostIp: "0.0.0.0", HostPort: "8003" }],
      "53/udp": both("5300"),
      "9000/sctp": both("9000"),
    });
    expect(await out("port", "web", "81")).toBe("[::1]:8080\n");
    expect((await engine.docker("port", "web", "82")).stdout).toBe("0.0.0.0:8100\n[::]:8100\n");
    const shown = await out("ps", "--format", "{{.Ports}}");
    expect(shown).toContain("0.0.0.0:8000-8002->8000-8002/tcp, [::]:8000-8002->8000-8002/tcp");
    expect((await engine.docker("ps", "--format", "{{.Ports}}")).stdout.trim().split(", ").sort()).toEqual(
      shown.trim().split(", ").sort(),
    );
    expect(JSON.parse(await out("inspect", "-f", "{{json .HostConfig.PortBindings}}", "web"))).toMatchObject({
      "82/tcp": [{ HostIp: "", HostPort: "8100-8110" }],
      "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }],
    });
  });

  test("-P publishes what is exposed, ranges too, and what -p named already stays", async () => {
    await run("all", "-P", "--expose", "7000-7002", "--expose", "7000/udp", "-p", "8000:7001");
    const told = await ports("all");
    expect(Object.keys(told).sort()).toEqual(["7000/tcp", "7000/udp", "7001/tcp", "7002/tcp"]);
    expect(told["7001/tcp"]?.map(({ HostPort }) => HostPort)).toEqual(["8000", "8000"]);
  });

  test("a container that is in no network exposes nothing: not before its start, nor after its end", async () => {
    const shown = () => out("ps", "-a", "--filter", "name=^idle$", "--format", "{{.Ports}}");
    await out("create", "--name", "idle", "-p", "80", "--expose", "7000", "busybox", "sleep", "600");
    expect([await shown(), await ports("idle")]).toEqual(["\n", {}]);
    await out("start", "idle");
    expect(await shown()).toContain("7000/tcp");
    await out("stop", "-t", "0", "idle");
    expect([await shown(), await ports("idle")]).toEqual(["\n", {}]);
  });

  test("of -P that were withdrawn stay so at the next start, and the others are published again", async () => {
    await run("some", "-P", "--expose", "7000-7002", "-p", "8000:7001");
    await out("port", "--withdraw", "7000", "some");
    const published = async () => {
      const told = Object.entries(await ports("some"));
      return told.flatMap(([port, at]) => (at === null ? [] : `${at[0]?.HostPort} ${port}`)).sort();
    };
    const anyPort = expect.stringMatching(/^\d+ 7002\/tcp$/);
    expect(await published()).toEqual(expect.arrayContaining(["8000 7001/tcp", anyPort]));
    await out("restart", "-t", "0", "some");
    expect(await published()).toEqual(expect.arrayContaining(["8000 7001/tcp", anyPort]));
    expect((await published()).length).toBe(2);
  }, 30_000);

  test.skipIf(tool("nft") === undefined)(
    "that another firewall would keep from being reached are told of, while it runs too",
    async () => {
      await run("shut");
      const nft = (...words: string[]) => host.run(tool("nft") ?? "nft", words);
      const chain = "{ type filter hook forward priority 0; policy drop; }";
      expect(await nft("add table inet theirs")).toMatchObject({ code: 0 });
      await nft(`add chain inet theirs passing ${chain}`);
      const told = await engine.inro("port", "--publish", "8000:80", "shut");
      await nft("delete table inet theirs");
      expect(told).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("80/tcp -> 0.0.0.0:8000"),
        stderr: expect.stringContaining("WARNING: the firewall's chain passing (table inet theirs) drops"),
      });
    },
    30_000,
  );

  test("stand in the plan as one line, whatever their number and whoever named them", async () => {
    const plan = await out(
      "explain",
      "run",
      "-p",
      "8000-8999:7000-7999",
      "-P",
      "--expose",
      "80",
      "busybox",
      "true",
    );
    expect(plan.match(/publish [^\n]*/g)?.join("\n")).toMatch(
      /^publish 0\.0\.0\.0:8000-8999\/tcp to [\d.]+:7000-7999, 0\.0\.0\.0:\d+\/tcp to [\d.]+:80\b[^\n]*$/,
    );
  });

  test("are published and withdrawn while a container runs, and stay so at its next start", async () => {
    await run("live", "-p", "8000:80");
    expect(await out("port", "--publish", "8001-8003:81-83", "live")).toContain("83/tcp -> 0.0.0.0:8003\n");
    expect(await out("port", "--withdraw", "8002:82", "--withdraw", "80", "-p", "8080:80", "live")).toBe(
      ["80/tcp", "81/tcp", "83/tcp"]
        .flatMap((port, n) => {
          const at = [8080, 8001, 8003][n];
          return [`${port} -> 0.0.0.0:${at}\n`, `${port} -> [::]:${at}\n`];
        })
        .join(""),
    );
    const before = await ports("live");
    await out("restart", "-t", "0", "live");
    const after = await ports("live");
    expect({ ...after }).toEqual({ ...before });
    expect((await engine.inro("port", "--withdraw", "82", "live")).stderr).toContain(
      "none of these is published",
    );
    await run("other", "-p", "9000:80");
    const refused = await engine.inro("port", "-p", "8500:85", "-p", "9000:90", "live");
    expect(refused.stderr).toContain('container "other" has published it');
    expect(await ports("live")).toEqual(before);
  });

  test.skipIf(tool("nft") === undefined)(
    "that were changed leave nothing when the container ends",
    async () => {
      await run("live", "-p", "8000-8009:80-89");
      await out("port", "--withdraw", "8004:84", "-p", "8010:90", "live");
      await out("rm", "-f", "live");
      const rules = await host.run(tool("nft") ?? "nft", ["list", "ruleset"]);
      expect(rules.stdout).not.toMatch(/ \. \d+ : /);
      await run("next", "-p", "8000-8010:80-90");
    },
  );

  test("are marked for people where they are open to the world, for nobody else", async () => {
    await run("open", "-p", "8000:80", "-p", "127.0.0.1:8001:81");
    using terminal = screen([...engine.command, "port", "open"]);
    await terminal.shows("80/tcp -> 0.0.0.0:8000  (open to the world)");
    expect(terminal.text).not.toContain("8001  (");
    expect(await out("port", "open")).not.toContain("open to");
    using list = screen([...engine.command, "ps"]);
    await list.shows("\u001b[33m0.0.0.0:8000->80/tcp\u001b[0m");
    expect(list.text).not.toContain("[33m127");
    expect(await out("ps")).not.toContain("\u001b");
  });

  test("of UDP lead a client that keeps its own port to whoever has them now, over restarts too", async () => {
    using scope = new DisposableStack();
    let heard = "";
    /** A server in the container's network. */
    const listen = async () => {
      const pid = (await out("inspect", "-f", "{{.State.Pid}}", "dns")).trim();
      const server = host.spawn("nsenter", ["--target", pid, "--net", process.execPath, "-e", HEARD]);
      scope.defer(() => server.kill("SIGKILL"));
      server.stdout?.on("data", (data) => (heard += data));
      for (let tries = 0; !heard.includes("up") && tries < 500; tries++) await Bun.sleep(10);
      heard = "";
      return server;
    };
    // A flow that the kernel remembers lives on as long as somebody keeps asking.
    const reaches = async () => {
      for (let tries = 0; heard === "" && tries < 30; tries++)
        await host.run(process.execPath, ["-e", FROM_ONE_PORT]);
      return heard !== "";
    };
    expect(await reaches()).toBe(false);
    await run("dns", "-p", "5300:53/udp");
    const first = await listen();
    expect(await reaches()).toBe(true);
    first.kill("SIGKILL");
    await out("restart", "-t", "0", "dns");
    await listen();
    expect(await reaches()).toBe(true);
    await out("port", "--withdraw", "53/udp", "dns");
    await Bun.sleep(100);
    heard = "";
    expect(await reaches()).toBe(false);
    await out("port", "--publish", "5300:53/udp", "dns");
    expect(await reaches()).toBe(true);
  });

  test("answer on [::1] too, after the daemon's restart as well", async () => {
    const loop = "while true; do echo hello | nc -l -p 80; done";
    await out("run", "-d", "--name", "web", "-p", "8080:80", "busybox", "sh", "-c", loop);
    const ask = async (address: string) => {
      for (let tries = 0; tries < 20; tries++) {
        const { stdout } = await host.run(process.execPath, ["-e", ASK, address]);
        if (stdout !== "") return stdout;
      }
      return "";
    };
    for (const address of ["::1", "127.0.0.1"]) expect(await ask(address)).toBe("hello\n");
    await engine.kill();
    expect(await ask("127.0.0.1")).toBe("hello\n");
    await engine.serve();
    expect(await ask("::1")).toBe("hello\n");
  });

  test("in the host's network are discarded with a warning, in none too, and refused in another container's", async () => {
    const hosted = await engine.inro("run", "--rm", "--network", "host", "-p", "8000:80", "busybox", "true");
    expect(hosted).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("Published ports are discarded when using host network mode"),
    });
    expect(await out("run", "--rm", "--network", "none", "-p", "8000:80", "busybox", "true")).toBe("");
    await run("owner");
    const words = ["run", "--rm", "--network", "container:owner", "-p", "8000:80", "busybox", "true"];
    expect((await engine.inro(...words)).stderr).toContain(
      "conflicting options: port publishing and the container type network mode",
    );
  });
});

describe.skipIf(rootMissing || busyboxMissing)("serve --ip 127.0.0.1", () => {
  test("publishes on the loopback where nobody names an address", async () => {
    using host = await ownHost();
    await using engine = await testEngine(host, "--ip", "127.0.0.1");
    await engine.inroWith({ input: busyboxArchive() }, "load");
    const words = ["-p", "8000:80", "-p", "0.0.0.0:8001:81"];
    await engine.inro("run", "-d", "--name", "web", ...words, "busybox", "sleep", "600");
    expect((await engine.inro("port", "web")).stdout).toBe(
      "80/tcp -> 127.0.0.1:8000\n81/tcp -> 0.0.0.0:8001\n",
    );
    await engine.inro("rm", "-f", "web");
  });
});
