import { expect } from "bun:test";
import { must, section } from "../suite/requirement.ts";
import { breaches } from "../suite/schema.ts";

/** runtime.md: Scope of a Container, State */
export const state = [
  section("runtime.scope", "Scope of a Container", {
    1: must(
      "The entity using a runtime to create a container MUST be able to use the operations defined in this specification against that same container.",
      async (c) => {
        const one = await c.created();
        expect(await one.start()).toMatchObject({ code: 0 });
        expect((await one.state())?.status).toBe("running");
        expect(await one.kill("KILL")).toMatchObject({ code: 0 });
        await one.stopped();
        expect(await one.delete()).toMatchObject({ code: 0 });
      },
    ),
  }),
  section("runtime.state", "State", {
    1: must(
      "**`ociVersion`** (string, REQUIRED) is version of the Open Container Initiative Runtime Specification with which the state complies.",
      async (c) => {
        for (const ociVersion of ["1.0.2", "1.3.0"]) {
          const one = await c.created({ ociVersion });
          expect((await one.state())?.ociVersion).toMatch(/^1\.\d+\.\d+$/);
        }
      },
    ),
    2: must("**`id`** (string, REQUIRED) is the container's ID.", async (c) => {
      const one = await c.created();
      expect((await one.state())?.id).toBe(one.id);
    }),
    3: must("This MUST be unique across all containers on this host.", async (c) => {
      const one = await c.created();
      expect(await one.create()).toMatchObject({ code: 1, stderr: expect.stringContaining(one.id) });
      expect((await c.runtime("list", "--quiet")).stdout).toBe(`${one.id}\n`);
    }),
    4: must("**`status`** (string, REQUIRED) is the runtime state of the container.", async (c) => {
      const one = await c.created();
      expect((await one.state())?.status).toBe("created");
      await one.start();
      expect((await one.state())?.status).toBe("running");
      await one.kill("KILL");
      await one.stopped();
    }),
    5: must(
      "Additional values MAY be defined by the runtime, however, they MUST be used to represent new runtime states not defined above.",
      async (c) => {
        const one = await c.running();
        expect(await c.runtime("pause", one.id)).toMatchObject({ code: 0 });
        expect((await one.state())?.status as string).toBe("paused");
        expect(await c.runtime("resume", one.id)).toMatchObject({ code: 0 });
        expect((await one.state())?.status).toBe("running");
      },
    ),
    6: must(
      "**`pid`** (int, REQUIRED when `status` is `created` or `running` on Linux, OPTIONAL on other platforms) is the ID of the container process.",
      async (c) => {
        const one = await c.created({
          process: { args: ["sh", "-c", "echo started >/started; exec sleep 1000"] },
        });
        const pid = await one.pid();
        await one.start();
        await one.said("started");
        expect(await one.pid()).toBe(pid);
        expect(await Bun.file(`/proc/${pid}/status`).text()).toMatch(/^NSpid:\t.*\t1$/m);
      },
    ),
    7: must(
      "**`bundle`** (string, REQUIRED) is the absolute path to the container's bundle directory.",
      async (c) => {
        const one = c.container();
        // Relative to the folder in which the runtime is called, which is the test's.
        expect(await c.runtime("create", "--bundle", `./${one.id}`, one.id)).toMatchObject({ code: 0 });
        expect((await one.state())?.bundle).toBe(one.bundle);
      },
    ),
    8: must(
      "When serialized in JSON, the format MUST adhere to the JSON Schema `schema/state-schema.json`",
      async (c) => {
        const one = await c.created({ annotations: { "com.example.key": "value" } });
        const created = await one.state();
        expect(breaches("state-schema.json", created)).toEqual([]);
        expect(created?.annotations).toEqual({ "com.example.key": "value" });
        await one.start();
        expect(breaches("state-schema.json", await one.state())).toEqual([]);
        await one.kill("KILL");
        await one.stopped();
        expect(breaches("state-schema.json", await one.state())).toEqual([]);
      },
    ),
  }),
];
