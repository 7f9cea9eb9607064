import { expect } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupsNamed } from "../suite/cgroups.ts";
import { mountsNaming } from "../suite/mountinfo.ts";
import { must, section } from "../suite/requirement.ts";

const refused = { code: 1, stdout: "" };

/** runtime.md: Operations */
export const operations = [
  section("runtime.operations", "Operations", {
    1: must("Unless otherwise stated, runtimes MUST support the following operations.", async (c) => {
      const { stdout } = await c.runtime("--help");
      for (const operation of ["state", "create", "start", "kill", "delete"])
        expect(stdout).toMatch(new RegExp(`^ +${operation}\\b`, "m"));
    }),
  }),
  section("runtime.query-state", "Query State", {
    1: must(
      "This operation MUST generate an error if it is not provided the ID of a container.",
      async (c) => {
        expect(await c.runtime("state")).toMatchObject(refused);
      },
    ),
    2: must("Attempting to query a container that does not exist MUST generate an error.", async (c) => {
      expect(await c.runtime("state", "nosuch")).toMatchObject({
        ...refused,
        stderr: expect.stringContaining("does not exist"),
      });
    }),
    3: must(
      "This operation MUST return the state of a container as specified in the State section.",
      async (c) => {
        const one = await c.created({ annotations: { "com.example.key": "value" } });
        expect(await one.state()).toMatchObject({
          ociVersion: "1.3.0",
          id: one.id,
          status: "created",
          pid: expect.any(Number),
          bundle: one.bundle,
          annotations: { "com.example.key": "value" },
        });
      },
    ),
  }),
  section("runtime.create", "Create", {
    1: must(
      "This operation MUST generate an error if it is not provided a path to the bundle and the container ID to associate with the container.",
      async (c) => {
        const { bundle } = c.container();
        expect(await c.runtime("create", "--bundle", bundle)).toMatchObject(refused);
        // Without --bundle it is the current folder, as runc has it: here a folder that is no bundle.
        expect(await c.runtime("create", "nosuch")).toMatchObject(refused);
        expect((await c.runtime("list", "--quiet")).stdout).toBe("");
      },
    ),
    2: must(
      "If the ID provided is not unique across all containers within the scope of the runtime, or is not valid in any other way, the implementation MUST generate an error and a new container MUST NOT be created.",
      async (c) => {
        const one = await c.created();
        const before = await one.state();
        expect(await one.create()).toMatchObject(refused);
        expect(await one.state()).toEqual(before);
        for (const id of ["", ".", "..", "a/b", "../x", "a b", "-x", "x\n", "é"])
          expect(await c.runtime("create", "--bundle", one.bundle, "--", id)).toMatchObject(refused);
        expect((await c.runtime("list", "--quiet")).stdout).toBe(`${one.id}\n`);
      },
    ),
    3: must("This operation MUST create a new container.", async (c) => {
      const one = await c.created();
      expect((await one.state())?.status).toBe("created");
      expect(existsSync(`/proc/${await one.pid()}`)).toBe(true);
    }),
    4: must(
      "All of the properties configured in `config.json` except for `process` MUST be applied.",
      async (c) => {
        const one = await c.created({ hostname: "applied", linux: { sysctl: { "kernel.msgmax": "4321" } } });
        const pid = await one.pid();
        const inside = (...words: string[]) =>
          Bun.$`nsenter --target ${pid} --mount --uts --ipc ${words}`.env({ PATH: "/usr/bin:/bin" }).text();
        expect(await inside("hostname")).toBe("applied\n");
        expect(await inside("cat", "/proc/sys/kernel/msgmax")).toBe("4321\n");
        expect(readFileSync(`/proc/${pid}/mountinfo`, "utf8")).toMatch(/ \/dev\/pts .* - devpts /);
      },
    ),
    5: must("`process.args` MUST NOT be applied until triggered by the `start` operation.", async (c) => {
      const one = await c.created({ process: { args: ["sh", "-c", "echo yes >/started; exec sleep 1000"] } });
      await Bun.sleep(100);
      expect(existsSync(join(one.rootfs, "started"))).toBe(false);
      await one.start();
      expect(await one.said("started")).toBe("yes\n");
    }),
    6: must(
      "If the runtime cannot apply a property as specified in the configuration, it MUST generate an error and a new container MUST NOT be created.",
      async (c) => {
        const said = await c.refused({ linux: { sysctl: { "kernel.nosuch": "1" } } });
        expect(said).toContain("nosuch");
        expect((await c.runtime("list", "--quiet")).stdout).toBe("");
      },
    ),
    7: must(
      "Any changes made to the `config.json` file after this operation will not have an effect on the container.",
      async (c) => {
        const one = await c.created({
          process: { args: ["sh", "-c", "echo first >/said"] },
          annotations: { "com.example.when": "first" },
        });
        one.configure({
          process: { args: ["sh", "-c", "echo second >/said"] },
          annotations: { "com.example.when": "second" },
        });
        await one.start();
        expect(await one.said("said")).toBe("first\n");
        expect((await one.state())?.annotations).toEqual({ "com.example.when": "first" });
        writeFileSync(join(one.bundle, "config.json"), "no longer JSON");
        await one.stopped();
        expect(await one.delete()).toMatchObject({ code: 0 });
      },
    ),
  }),
  section("runtime.start", "Start", {
    1: must("This operation MUST generate an error if it is not provided the container ID.", async (c) => {
      expect(await c.runtime("start")).toMatchObject(refused);
    }),
    2: must(
      "Attempting to `start` a container that is not `created` MUST have no effect on the container and MUST generate an error.",
      async (c) => {
        const one = await c.running({ process: { args: ["sh", "-c", "echo run >>/said; exec sleep 1000"] } });
        await one.said("said");
        const before = await one.state();
        expect(await one.start()).toMatchObject(refused);
        expect(await one.state()).toEqual(before);
        await one.kill("KILL");
        await one.stopped();
        expect(await one.start()).toMatchObject(refused);
        expect((await one.state())?.status).toBe("stopped");
        expect(await one.said("said")).toBe("run\n");
        expect(await c.runtime("start", "nosuch")).toMatchObject(refused);
      },
    ),
    3: must("This operation MUST run the user-specified program as specified by `process`.", async (c) => {
      const args = ["sh", "-c", 'echo "$0 $1 $COLOUR $(pwd) $(id -u)" >/tmp/said', "name", "an argument"];
      const one = c.container({
        process: { args, cwd: "/mnt", env: ["PATH=/bin", "COLOUR=blue"], user: { uid: 7, gid: 8 } },
      });
      await Bun.$`chmod 1777 ${join(one.rootfs, "tmp")}`;
      await one.create();
      await one.start();
      expect(await one.said("tmp/said")).toBe("name an argument blue /mnt 7\n");
    }),
    4: must("This operation MUST generate an error if `process` was not set.", async (c) => {
      // There is no use for a container that can never be started: create says so already.
      const one = c.container({ process: undefined });
      expect(await one.create()).toMatchObject({ ...refused, stderr: expect.stringContaining("process") });
      expect(await one.start()).toMatchObject(refused);
    }),
  }),
  section("runtime.kill", "Kill", {
    1: must("This operation MUST generate an error if it is not provided the container ID.", async (c) => {
      expect(await c.runtime("kill")).toMatchObject(refused);
    }),
    2: must(
      "Attempting to send a signal to a container that is neither `created` nor `running` MUST have no effect on the container and MUST generate an error.",
      async (c) => {
        const one = await c.running({ process: { args: ["true"] } });
        await one.stopped();
        const before = await one.state();
        expect(await one.kill("TERM")).toMatchObject(refused);
        expect(await one.state()).toEqual(before);
        const other = await c.created();
        expect(await other.kill("KILL")).toMatchObject({ code: 0 });
        await other.stopped();
        expect(await other.kill("KILL")).toMatchObject(refused);
      },
    ),
    3: must("This operation MUST send the specified signal to the container process.", async (c) => {
      const script =
        "trap 'echo usr1 >>/said' USR1; trap 'echo hup >>/said' HUP; echo set >>/said; while :; do sleep 0.01; done";
      const one = await c.running({ process: { args: ["sh", "-c", script] } });
      const lines = async (count: number) => {
        while ((await one.said("said")).split("\n").length <= count) await Bun.sleep(5);
        return one.said("said");
      };
      await lines(1);
      for (const [index, word] of ["USR1", "SIGHUP", "10"].entries()) {
        expect(await one.kill(word)).toMatchObject({ code: 0 });
        await lines(index + 2);
      }
      expect(await one.said("said")).toBe("set\nusr1\nhup\nusr1\n");
      expect(await one.kill("SIGNOSUCH")).toMatchObject(refused);
      expect((await one.state())?.status).toBe("running");
    }),
  }),
  section("runtime.delete", "Delete", {
    1: must("This operation MUST generate an error if it is not provided the container ID.", async (c) => {
      expect(await c.runtime("delete")).toMatchObject(refused);
    }),
    2: must(
      "Attempting to `delete` a container that is not `stopped` MUST have no effect on the container and MUST generate an error.",
      async (c) => {
        const one = await c.running();
        const before = await one.state();
        expect(await one.delete()).toMatchObject(refused);
        expect(await one.state()).toEqual(before);
      },
    ),
    3: must(
      "Deleting a container MUST delete the resources that were created during the `create` step.",
      async (c) => {
        const one = await c.created({ linux: { resources: { pids: { limit: 10 } } } });
        const pid = await one.pid();
        const groups = readFileSync(`/proc/${pid}/cgroup`, "utf8")
          .split("\n")
          .filter((line) => line.includes(one.id));
        expect(groups).not.toEqual([]);
        await one.start();
        await one.kill("KILL");
        await one.stopped();
        expect(await one.delete()).toMatchObject({ code: 0 });
        expect(cgroupsNamed(one.id)).toEqual([]);
        expect(await Bun.$`find ${c.room}/state -path "*${one.id}*"`.nothrow().text()).toBe("");
        expect(mountsNaming(c.room)).toEqual([]);
        expect(await one.state()).toBeUndefined();
        // "Once a container is deleted its ID MAY be used by a subsequent container."
        expect(await one.create()).toMatchObject({ code: 0 });
      },
    ),
    4: must(
      "Note that resources associated with the container, but not created by this container, MUST NOT be deleted.",
      async (c) => {
        const shared = join(c.room, "shared");
        mkdirSync(shared);
        writeFileSync(join(shared, "file"), "kept\n");
        const one = await c.running({
          mounts: [{ destination: "/mnt", source: shared, options: ["rbind"] }],
          process: { args: ["/bin/cat", "/mnt/file"] },
        });
        await one.stopped();
        expect(await one.delete()).toMatchObject({ code: 0 });
        expect(readFileSync(join(shared, "file"), "utf8")).toBe("kept\n");
        expect(existsSync(join(one.bundle, "config.json"))).toBe(true);
        expect(existsSync(join(one.rootfs, "bin/busybox"))).toBe(true);
      },
    ),
  }),
];
