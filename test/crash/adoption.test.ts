import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MONITOR_VERSION } from "../../src/kernel/plan/frames.ts";
import { busyboxMissing } from "../engine/busybox.ts";
import { rootMissing } from "../support/engine.ts";
import { cgroupsOf, type Daemon, daemon, logOf } from "./daemon.ts";
import { soon } from "./killing.ts";
import { NEWER, newer } from "./newer.ts";

const STEADY = "trap 'echo stopped; exit 4' TERM; i=0; while :; do echo $i; i=$((i+1)); sleep 0.05; done";

describe.skipIf(rootMissing || busyboxMissing)(
  "a daemon finds containers of another version of itself",
  () => {
    let d: Daemon;
    const other = newer();
    beforeAll(async () => {
      d = await daemon();
    }, 60_000);
    afterAll(async () => {
      await d?.[Symbol.asyncDispose]();
      other?.[Symbol.dispose]();
    }, 60_000);

    const exec = async (id: string) => {
      const { Id } = JSON.parse(
        await d.ask("POST", `/containers/${id}/exec`, { Cmd: ["echo", "from the exec"], AttachStdout: true }),
      );
      return d.ask("POST", `/exec/${Id}/start`, { Detach: false });
    };
    const schema = () => {
      const database = new Database(join(d.dataRoot, "inro.db"));
      const { user_version: version } = database.query("PRAGMA user_version").get() as {
        user_version: number;
      };
      database.close();
      return version;
    };
    const run = (change: object = {}) => d.run({ Cmd: ["sh", "-c", STEADY], ...change });

    test("a newer one adopts what runs and the records, and an older one leaves the newer one's alone", async () => {
      const HostConfig = { PortBindings: { "80/tcp": [{ HostPort: "21300" }] } };
      const [looked, stopped, restarted, ended] = [
        await run({ HostConfig }),
        await run(),
        await run(),
        await run(),
      ];
      const before = await d.inspect(looked);
      await d.end("SIGKILL");
      const old = schema();
      await d.serve(other.main);

      // It runs on, and can be looked at, stopped and waited for.
      expect((await d.inspect(looked)).State).toEqual(before.State);
      const lines = (await logOf(d, looked)).split("\n").length;
      await soon(async () => (await logOf(d, looked)).split("\n").length > lines, true);
      await d.ask("POST", `/containers/${stopped}/stop`);
      expect((await d.inspect(stopped)).State).toMatchObject({ Status: "exited", ExitCode: 4 });
      expect(await logOf(d, stopped)).toEndWith("stopped\n");
      const end = d.ask("POST", `/containers/${ended}/wait`);
      process.kill((await d.inspect(ended)).State.Pid, "SIGTERM");
      expect(JSON.parse(await end).StatusCode).toBe(4);

      // What only the older one can do is refused with what to do, and done after that.
      expect(await exec(restarted)).toMatch(
        new RegExp(
          `its monitor speaks version ${MONITOR_VERSION}, this is version ${NEWER} \\(restart the container`,
        ),
      );
      await expect(d.ask("GET", `/inro/containers/${restarted}/explain`)).rejects.toThrow(/restart it/);
      await d.ask("POST", `/containers/${restarted}/restart`);
      expect(await exec(restarted)).toEndWith("from the exec\n");
      await d.ask("GET", `/inro/containers/${restarted}/explain`);
      await d.end("SIGTERM");
      expect(schema()).toBe(old + 1);

      // The older one does not begin, and changes nothing.
      const written = readFileSync(join(d.dataRoot, "inro.db"));
      await expect(d.serve()).rejects.toThrow("the daemon does not answer");
      expect(readFileSync(join(d.dataRoot, "inro.db")).equals(written)).toBe(true);
      expect(schema()).toBe(old + 1);
      await d.serve(other.main);
      expect((await d.inspect(looked)).State).toEqual(before.State);
      expect((await d.inspect(restarted)).State.Status).toBe("running");
      for (const id of [looked, stopped, restarted, ended])
        await d.ask("DELETE", `/containers/${id}?force=1`);
      await soon(async () => cgroupsOf(d.dataRoot).filter((path) => /[0-9a-f]{64}$/.test(path)), []);
      await d.end("SIGTERM");
      const database = new Database(join(d.dataRoot, "inro.db"));
      database.run(`PRAGMA user_version = ${old}`);
      database.close();
    }, 120_000);

    test("monitors of a newer version are met by an older daemon as well", async () => {
      await d.serve(other.main);
      const id = await run();
      await d.end("SIGTERM");
      const database = new Database(join(d.dataRoot, "inro.db"));
      database.run(`PRAGMA user_version = ${schema() - 1}`);
      database.close();
      await d.serve();
      expect((await d.inspect(id)).State.Status).toBe("running");
      expect(await exec(id)).toContain("(restart the container");
      await d.ask("POST", `/containers/${id}/stop`);
      expect((await d.inspect(id)).State).toMatchObject({ Status: "exited", ExitCode: 4 });
      await d.ask("POST", `/containers/${id}/start`);
      expect(await exec(id)).toEndWith("from the exec\n");
    }, 120_000);
  },
);
