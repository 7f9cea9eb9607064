import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SpecMount } from "../../src/oci/runtime-spec.ts";
import { typical, process as typicalProcess } from "../runtime/compile/spec.ts";
import { canRun, makeRoot } from "../runtime/container.ts";
import { temporaryFolder } from "../support/temporary.ts";

const PROGRAM = join(import.meta.dir, "../../build/inro-runtime");
const room = temporaryFolder("attack");
afterAll(() => room[Symbol.dispose]());
afterAll(async () => {
  await Bun.$`rmdir /sys/fs/cgroup/inro-attack-users /sys/fs/cgroup/*/inro-attack-users`.quiet().nothrow();
});

const maps = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
const ADMIN = ["CAP_SYS_ADMIN", "CAP_DAC_OVERRIDE"];

/** A bundle whose program is root of its own user namespace and may mount whatever it can. */
function bundle(name: string, script: string, mount: SpecMount): string {
  const path = join(room.path, name);
  makeRoot(join(path, "rootfs"));
  mkdirSync(join(path, "data"));
  Bun.spawnSync(["chown", "-R", "200000:200000", join(path, "rootfs"), join(path, "data")]);
  const capabilities = { bounding: ADMIN, effective: ADMIN, permitted: ADMIN };
  const config = {
    ...typical,
    process: { ...typicalProcess, rlimits: [], capabilities, args: ["sh", "-c", `exec 2>&1; ${script}`] },
    mounts: [...(typical.mounts ?? []), mount],
    linux: {
      ...typical.linux,
      resources: {},
      namespaces: [...(typical.linux?.namespaces ?? []), { type: "user" }],
      uidMappings: maps,
      gidMappings: maps,
      cgroupsPath: `/inro-attack-users/${name}`,
    },
  };
  writeFileSync(join(path, "config.json"), JSON.stringify(config));
  return path;
}

describe.skipIf(!canRun)("a host whose mounts are shared, as systemd makes them", () => {
  test("R1 what root of a user namespace mounts over its devices and its root is not mounted on the host", async () => {
    const script = [
      "mount -t tmpfs none /tmp && echo root",
      "mount --bind /proc/version /dev/null && echo device",
      "mount -t tmpfs none /data && echo volume",
    ].join("; ");
    const mount = { destination: "/data", type: "bind", source: "data", options: ["rbind"] };
    const path = bundle("peers", script, mount);
    const run = `${PROGRAM} --root ${room.path}/root run -b ${path} peers`;
    const inside = `mount --make-rshared / && before=$(wc -l < /proc/self/mountinfo); ${run}; echo $(($(wc -l < /proc/self/mountinfo) - before)) more`;
    const { stdout, stderr } = await Bun.$`unshare --mount --propagation private sh -c ${inside}`
      .nothrow()
      .quiet();
    expect(stderr.toString()).toBe("");
    expect(stdout.toString()).toBe("root\ndevice\nvolume\n0 more\n");
  });
});
