import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { canRun, removeTestCgroups, testContainer } from "./container.ts";
import { ended as exec } from "./executed.ts";

afterAll(removeTestCgroups);

describe.skipIf(!canRun)("one more program in a running container", () => {
  test("it shares the container's namespaces, cgroups and root", async () => {
    await using c = await testContainer({ script: "echo mark > /tmp/mark; sleep 100" });
    const container = await c.create();
    await container.start();
    const probe =
      "until [ -f /tmp/mark ]; do sleep 0.01; done; cat /tmp/mark; hostname; for n in pid net ipc uts mnt cgroup; do [ $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo $n differs; done; cut -d: -f3 /proc/self/cgroup | sort -u; exit 9";
    const { output, code } = await exec(container, probe);
    expect(output).toBe("mark\ntypical\n/\n");
    expect(code).toBe(9);
  });

  test("it has the user, environment, directory and capabilities of its own process", async () => {
    await using c = await testContainer({ script: "sleep 100" });
    const container = await c.create();
    await container.start();
    const { output } = await exec(
      container,
      "id -u; id -G; pwd; echo $X; grep -E 'Cap(Inh|Eff|Bnd|Amb)' /proc/self/status",
      {
        user: { uid: 7, gid: 8, additionalGids: [8, 9] },
        cwd: "/tmp",
        env: ["PATH=/bin", "X=y"],
        capabilities: { bounding: ["CAP_KILL"] },
      },
    );
    expect(output).toBe(
      "7\n8 9\n/tmp\ny\nCapInh:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000020\nCapAmb:\t0000000000000000\n",
    );
  });

  test("it gets a terminal of the container's own", async () => {
    await using c = await testContainer({ script: "sleep 100" });
    const container = await c.create();
    await container.start();
    const { output } = await exec(container, "tty; stty size", {
      terminal: true,
      consoleSize: { height: 30, width: 90 },
    });
    expect(output.replaceAll("\r", "")).toBe("/dev/pts/0\n30 90\n");
  });

  test("a program that is not there is an error of exec, and the container runs on", async () => {
    await using c = await testContainer({ script: "sleep 100" });
    const container = await c.create();
    await container.start();
    await expect(exec(container, "", { args: ["nosuch"] })).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
    });
    expect((await exec(container, "echo fine")).output).toBe("fine\n");
  });

  test("several run at once, each with its own exit", async () => {
    await using c = await testContainer({ script: "sleep 100" });
    const container = await c.create();
    await container.start();
    const codes = await Promise.all([1, 2, 3, 4].map((n) => exec(container, `sleep 0.0${n}; exit ${n}`)));
    expect(codes.map(({ code }) => code)).toEqual([1, 2, 3, 4]);
  });

  test.skipIf(!existsSync("/proc/keys"))(
    "it has a session keyring of its own, not the engine's",
    async () => {
      await using c = await testContainer({ script: "sleep 100" });
      const container = await c.create();
      await container.start();
      // keyctl(2): those that this user may look at; the container's own is one of them.
      const { output } = await exec(container, `grep -c ' _ses.${c.id}:' /proc/keys`);
      expect(output).toBe("2\n");
    },
  );
});
