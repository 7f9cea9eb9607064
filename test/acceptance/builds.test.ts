import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type Files, write } from "../build/building.ts";
import { entriesOf } from "../build/peers/image.ts";
import { debianRoot } from "../support/debian.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Host, machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { greetingWheel } from "./wheel.ts";

const root = debianRoot();

/** All of them: `npm run test:long`. PostgreSQL's packages alone are a minute of work. */
const isLong = process.env["INRO_REAL_BUILDS"] === "1";

const APT = [
  "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\",
  "    --mount=type=cache,target=/var/lib/apt,sharing=locked \\",
  "    apt-get update && apt-get install -y --no-install-recommends",
].join("\n");

describe.skipIf(rootMissing || root === undefined)("real builds upon Debian", () => {
  const scope = new AsyncDisposableStack();
  let host: Host;
  let engine: TestEngine;

  const inro = async (...words: string[]) => {
    const done = await engine.inroWith({ timeout: 500_000 }, ...words);
    expect(done).toMatchObject({ code: 0 });
    return `${done.stdout}${words[0] === "build" ? done.stderr : ""}`;
  };
  const build = async (files: Files, ...words: string[]) => {
    using folder = temporaryFolder("context");
    write(folder.path, files);
    return await inro("build", ...words, folder.path);
  };
  const fetched = async (address: string) => {
    const words = ["-sS", "--retry", "30", "--retry-all-errors", "--retry-delay", "1"];
    return (await host.run("curl", [...words, address])).stdout;
  };
  const portOf = async (name: string, port: string) =>
    /:(\d+)\n/.exec(await inro("port", name, port))?.[1] ?? "";

  beforeAll(async () => {
    host = scope.use(machine());
    engine = scope.use(await testEngine(host));
    const path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    await inro("import", "-c", path, "-c", "ENV DEBIAN_FRONTEND=noninteractive", root ?? "", "debian:12");
  }, 180_000);
  afterAll(() => scope.disposeAsync(), 120_000);

  test("a C program: compiled with Debian's gcc, copied to scratch", async () => {
    const source =
      '#include <stdio.h>\nint main(int n, char **v) { printf("hello %s\\n", v[n - 1]); return 0; }\n';
    const Dockerfile = [
      ...["FROM debian:12 AS build", `${APT} gcc libc6-dev`, "COPY hello.c ."],
      ...["RUN gcc -static -O2 -Wall -o /hello hello.c", "FROM scratch", "COPY --from=build /hello /"],
      ...['ENTRYPOINT ["/hello"]', 'CMD ["world"]', ""],
    ].join("\n");
    await build({ Dockerfile, "hello.c": source }, "-t", "hello:1");
    expect(await inro("run", "--rm", "hello:1")).toBe("hello world\n");
    expect(await inro("run", "--rm", "hello:1", "you")).toBe("hello you\n");
    const layers = JSON.parse(await inro("inspect", "-f", "{{json .RootFS.Layers}}", "hello:1"));
    expect(layers).toHaveLength(1);
  }, 600_000);

  test.skipIf(!isLong)(
    "PostgreSQL: apt's downloads are kept for the next build, and the server answers",
    async () => {
      const Dockerfile = [
        ...["FROM debian:12", `${APT} postgresql`, "USER postgres"],
        "ENV PGDATA=/var/lib/postgresql/data PATH=$PATH:/usr/lib/postgresql/15/bin",
        "RUN initdb -A trust && echo host all all all trust >> $PGDATA/pg_hba.conf",
        ...["EXPOSE 5432", "STOPSIGNAL SIGINT", "HEALTHCHECK --interval=1s CMD pg_isready"],
        ...['CMD ["postgres", "-h", "*"]', ""],
      ].join("\n");
      const first = await build({ Dockerfile }, "-t", "db:1", "--progress=plain");
      expect(first).toMatch(/Need to get [1-9][\d.,]* MB of archives/);
      const second = await build({ Dockerfile }, "-t", "db:1", "--progress=plain", "--no-cache");
      expect(second).toMatch(/Need to get 0 B\/[\d.,]* MB of archives/);
      expect(await inro("run", "--rm", "db:1", "find", "/var/cache/apt", "-name", "*.deb")).toBe("");
      await inro("run", "-d", "--name", "db", "--shm-size", "64m", "db:1");
      const sql = "create table t as select generate_series(1, 1000) as n; select sum(n) from t";
      const ready = 'until pg_isready -q; do sleep 0.1; done; psql -qtAc "$0"';
      expect(await inro("exec", "db", "sh", "-c", ready, sql)).toBe("500500\n");
      await inro("stop", "db");
      expect(await inro("inspect", "-f", "{{.State.ExitCode}}", "db")).toBe("0\n");
      await inro("rm", "db");
    },
    600_000,
  );

  test("a Node web app in stages: npm trusts the host's authorities by a secret, which is in no layer", async () => {
    using folder = temporaryFolder("secret");
    const mark = `inro-secret-${crypto.randomUUID()}`;
    const bundle = process.env["NODE_EXTRA_CA_CERTS"] ?? "/etc/ssl/certs/ca-certificates.crt";
    const secret = join(folder.path, "ca.pem");
    writeFileSync(secret, `# ${mark}\n${readFileSync(bundle, "utf8")}`);
    const Dockerfile = [
      ...["FROM debian:12 AS runtime", `${APT} nodejs`],
      ...["FROM runtime AS build", "ADD --unpack https://registry.npmjs.org/npm/-/npm-10.9.2.tgz /opt"],
      ...["WORKDIR /app", "COPY package.json ./"],
      "RUN --mount=type=secret,id=ca,target=/run/ca.pem,required --mount=type=cache,target=/root/.npm \\",
      "    NODE_EXTRA_CA_CERTS=/run/ca.pem node /opt/package/bin/npm-cli.js install --omit=dev --no-audit --no-fund",
      "COPY server.js ./",
      ...["FROM runtime", "ENV NODE_ENV=production", "COPY --from=build --chown=1000:1000 /app /app"],
      ...["WORKDIR /app", "USER 1000", "EXPOSE 3000", 'CMD ["node", "server.js"]', ""],
    ].join("\n");
    const server =
      'require("express")().get("/:name", (q, a) => a.json({ hello: q.params.name, as: process.getuid() })).listen(3000);\n';
    const files = {
      ...{ Dockerfile, "server.js": server, ".dockerignore": "node_modules\n" },
      "package.json": JSON.stringify({ name: "site", private: true, dependencies: { express: "4.21.2" } }),
      "node_modules/express/index.js": "throw new Error('of the host')\n",
    };
    await build(files, "-t", "site:1", "--secret", `id=ca,src=${secret}`);
    await inro("run", "-d", "--name", "site", "-p", "127.0.0.1::3000", "site:1");
    const answer = await fetched(`http://127.0.0.1:${await portOf("site", "3000")}/world`);
    expect(JSON.parse(answer)).toEqual({ hello: "world", as: 1000 });
    await inro("rm", "-f", "site");
    expect(await inro("run", "--rm", "site:1", "find", "/opt", "/run", "-type", "f")).toBe("");
    expect(await partsWith("q.params.name", "site:1")).toHaveLength(1);
    expect(await partsWith(mark, "site:1")).toEqual([]);
    const kept = Bun.spawnSync(["grep", "-rlF", mark, engine.dataRoot, engine.execRoot]);
    expect(kept.stdout.toString()).toBe("");
    // Changed sources leave npm's step as it is.
    const changed = { ...files, "server.js": server.replace("hello", "bye") };
    const again = await build(changed, "-t", "site:2", "--progress=plain", "--secret", `id=ca,src=${secret}`);
    expect(again).toMatch(/npm-cli\.js install.*\n#\d+ CACHED/);
  }, 600_000);

  test("the seed example: requirements by pip from an index of one's own, the second stage from a smaller base", async () => {
    await using index = await wheelIndex();
    const python = ["FROM debian:12", `${APT} python3-pip`, "RUN ln -s python3 /usr/bin/python", ""];
    await build({ Dockerfile: python.join("\n") }, "-t", "python:3");
    const gateway = await inro("network", "inspect", "-f", "{{(index .IPAM.Config 0).Gateway}}", "bridge");
    const Dockerfile = [
      ...["FROM python:3 as base", "ARG PIP_INDEX_URL PIP_TRUSTED_HOST", "ENV PIP_BREAK_SYSTEM_PACKAGES=1"],
      ...["ADD requirements.txt /", "RUN pip install -r /requirements.txt", ""],
      ...["FROM debian:12", "COPY --from=base /usr/local/lib /usr/local/lib", "ADD app.py /"],
      ...['CMD ["python3", "/app.py"]', ""],
    ].join("\n");
    const app = 'import greeting\nprint(greeting.greet("world"))\n';
    const files = { Dockerfile, "requirements.txt": "greeting==1.0\n", "app.py": app };
    const args = [
      ...["--build-arg", `PIP_INDEX_URL=http://${gateway.trim()}:${index.port}/simple/`],
      ...["--build-arg", `PIP_TRUSTED_HOST=${gateway.trim()}`],
    ];
    const output = await build(files, "-t", "app:1", "--progress=plain", ...args);
    expect(output).toContain("Successfully installed greeting-1.0");
    expect(await inro("run", "--rm", "app:1")).toBe("hello world, says a wheel\n");
    expect(index.asked).toContain("/simple/greeting/");
    expect((await engine.inro("run", "--rm", "app:1", "pip", "--version")).code).toBe(127);
    const count = index.asked.length;
    await build({ ...files, "app.py": `${app}print(2)\n` }, "-t", "app:2", ...args);
    expect(index.asked).toHaveLength(count);
    expect(await inro("run", "--rm", "app:2")).toBe("hello world, says a wheel\n2\n");
  }, 600_000);

  /** The layers and documents of an image that have a text in them. */
  async function partsWith(text: string, image: string): Promise<string[]> {
    using folder = temporaryFolder("saved");
    const archive = join(folder.path, "image.tar");
    await inro("save", "-o", archive, image);
    return (await entriesOf(await Bun.file(archive).bytes())).flatMap(({ header, content }) => {
      const isGzip = content[0] === 0x1f && content[1] === 0x8b;
      return (isGzip ? gunzipSync(content) : content).includes(text) ? [header.name] : [];
    });
  }
});

/** A package index (PEP 503) of one wheel, in reach of containers. */
async function wheelIndex() {
  const { name, bytes, digest } = greetingWheel();
  const asked: string[] = [];
  const server = createServer(({ url = "" }, answer) => {
    asked.push(url);
    if (url === "/simple/greeting/")
      answer.setHeader("content-type", "text/html").end(`<a href="/${name}#sha256=${digest}">${name}</a>`);
    else if (url === `/${name}`) answer.end(bytes);
    else answer.writeHead(404).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, "0.0.0.0", () => resolve()));
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
