import { afterAll, describe, expect, test } from "bun:test";
import { process as typicalProcess } from "../runtime/compile/spec.ts";
import { canRun, removeTestCgroups, testContainer } from "../runtime/container.ts";

afterAll(removeTestCgroups);

const SETS = "grep -E '^Cap(Inh|Amb)|^Groups' /proc/self/status";

describe.skipIf(!canRun)("privilege", () => {
  test("R18 inheritable and ambient sets are empty unless asked for (CVE-2022-24769)", async () => {
    await using c = await testContainer({ script: SETS });
    const { output } = await c.run();
    expect(output).toContain("CapInh:\t0000000000000000");
    expect(output).toContain("CapAmb:\t0000000000000000");
  });

  test("R18 for exec too, whatever the engine itself holds (CVE-2022-27650, CVE-2022-29162)", async () => {
    await using c = await testContainer({ script: "sleep 100" });
    const container = await c.create();
    await container.start();
    const session = await container.exec({
      id: "sets",
      process: { ...typicalProcess, rlimits: [], args: ["sh", "-c", SETS] },
      openStdin: false,
      attach: { stdin: false, stdout: true, stderr: true },
    });
    let output = "";
    for await (const chunk of session.stream) output += String(chunk);
    expect(output).toContain("CapInh:\t0000000000000000");
    expect(output).toContain("CapAmb:\t0000000000000000");
  });

  test("R18 an ambient capability needs to be inheritable and permitted as well", async () => {
    await using c = await testContainer({
      script: SETS,
      process: {
        capabilities: { bounding: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] },
      },
    });
    expect((await c.run()).output).toContain("CapAmb:\t0000000000000000");
  });

  test("R19 no supplementary group of the engine's is inherited, also when none is asked for (CVE-2022-36109)", async () => {
    await using c = await testContainer({ script: "id -G", process: { user: { uid: 1000, gid: 1000 } } });
    expect((await c.run()).output).toBe("1000\n");
  });

  test("R20 a specification cannot run as the id that means no change", async () => {
    await using c = await testContainer({ process: { user: { uid: 0xffffffff, gid: 0 } } });
    await expect(c.create()).rejects.toMatchObject({ code: "USER_INVALID", at: "/process/user/uid" });
  });

  test("R21 without a cgroup namespace of its own a container cannot write to cgroups (CVE-2023-25809)", async () => {
    await using c = await testContainer({
      linux: {
        namespaces: [
          { type: "pid" },
          { type: "mount" },
          { type: "network" },
          { type: "ipc" },
          { type: "uts" },
        ],
      },
      script:
        "[ -e /sys/fs/cgroup/cgroup.procs ] && mkdir /sys/fs/cgroup/x; for f in $(ls -d /sys/fs/cgroup/* | head -3); do mkdir $f/x; done; echo 1 > $(ls /sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/cgroup.procs | head -1)",
    });
    const { spec } = c.request;
    const mounts = spec.mounts?.map((mount) =>
      mount.type === "cgroup" ? { ...mount, options: ["rw"] } : mount,
    );
    Object.assign(c.request, { spec: { ...spec, mounts } });
    const { output } = await c.run();
    expect(output.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(2);
  });
});
