import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { debianRoot } from "../support/debian.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, ownHost } from "../support/host.ts";

const root = debianRoot("servers");

/** An HTTP request by bash alone, to where a name leads. */
const get = (host: string, port: number) =>
  `exec 3<>/dev/tcp/${host}/${port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;

describe.skipIf(rootMissing || root === undefined)("Debian's servers in containers", () => {
  let host: Host & { readonly pid: number };
  let outside: Host & { readonly pid: number };
  let engine: TestEngine;

  const inro = async (...words: string[]) => {
    const done = await engine.inroWith({ timeout: 60_000 }, ...words);
    expect(done).toMatchObject({ code: 0 });
    return done.stdout;
  };

  beforeAll(async () => {
    host = await ownHost();
    outside = await ownHost();
    const wire = [
      "ip",
      "link",
      "add",
      "wire",
      "type",
      "veth",
      "peer",
      "name",
      "wire",
      "netns",
      `${outside.pid}`,
    ];
    for (const [at, words] of [
      [host, wire],
      [host, ["ip", "address", "add", "192.168.77.1/24", "dev", "wire"]],
      [host, ["ip", "link", "set", "wire", "up"]],
      [outside, ["ip", "address", "add", "192.168.77.2/24", "dev", "wire"]],
      [outside, ["ip", "link", "set", "wire", "up"]],
    ] as const) {
      const [program = "", ...rest] = words;
      expect(await at.run(program, rest)).toMatchObject({ code: 0, stderr: "" });
    }
    engine = await testEngine(host);
    await inro("import", root ?? "", "servers:1");
    await inro("network", "create", "site");
  }, 180_000);

  afterAll(async () => {
    await engine?.[Symbol.asyncDispose]();
    outside?.[Symbol.dispose]();
    host?.[Symbol.dispose]();
  }, 60_000);

  test("nginx is fetched from the host, from another container by its name, and from outside with its address kept", async () => {
    const nginx = ["nginx", "-g", "daemon off;"];
    await inro("run", "-d", "--name", "web", "--network", "site", "-p", "8080:80", "servers:1", ...nginx);
    const fetched = async (at: Host, address: string) => {
      const words = ["-sS", "--retry", "20", "--retry-all-errors", "--retry-delay", "1"];
      return (await at.run("curl", [...words, `http://${address}:8080/`])).stdout;
    };
    for (const [at, address] of [
      [host, "127.0.0.1"],
      [host, "[::1]"],
      [host, "192.168.77.1"],
      [outside, "192.168.77.1"],
    ] as const)
      expect(await fetched(at, address)).toContain("Welcome to nginx!");
    const page = await inro("run", "--rm", "--network", "site", "servers:1", "bash", "-c", get("web", 80));
    expect(page).toContain("Welcome to nginx!");
    const log = await inro("exec", "web", "cat", "/var/log/nginx/access.log");
    expect(log).toMatch(/^192\.168\.77\.2 - - /m);
    await inro("rm", "-f", "web");
    expect((await outside.run("curl", ["-sS", "-m", "2", "http://192.168.77.1:8080/"])).code).not.toBe(0);
  }, 60_000);

  test("PostgreSQL's client reaches its server by name, also after the server was restarted and the daemon killed", async () => {
    const bin = "/usr/lib/postgresql/15/bin";
    const serve = [
      `test -d /tmp/data || { ${bin}/initdb -D /tmp/data -A trust && echo host all all samenet trust >> /tmp/data/pg_hba.conf; }`,
      `exec ${bin}/postgres -D /tmp/data -h '*' -k /tmp`,
    ].join("; ");
    await inro(
      "run",
      "-d",
      "--name",
      "db",
      "--network",
      "site",
      "-u",
      "postgres",
      "servers:1",
      "bash",
      "-c",
      serve,
    );
    const query = (sql: string) => {
      const words = ["psql", "-h", "db", "-U", "postgres", "-tA", "-c", sql];
      const ready = `until pg_isready -q -h db; do sleep 0.1; done; exec "$@"`;
      return inro("run", "--rm", "--network", "site", "servers:1", "bash", "-c", ready, "bash", ...words);
    };
    expect(await query("create table t as select generate_series(1, 1000) as n")).toBe("SELECT 1000\n");
    await inro("restart", "db");
    expect(await query("select sum(n) from t")).toBe("500500\n");
    await engine.kill();
    await engine.serve();
    expect(await query("select count(*) from t")).toBe("1000\n");
    await inro("rm", "-f", "db");
  }, 120_000);
});
