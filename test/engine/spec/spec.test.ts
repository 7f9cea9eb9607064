import { expect, test } from "bun:test";
import { buildSpec } from "../../../src/engine/spec/spec.ts";
import { specInput } from "../sample.ts";

test("a container of defaults has Docker's spec", () => {
  expect(buildSpec(specInput()).spec).toMatchSnapshot();
});

test("every limit that was asked for, and no other, is in the spec", () => {
  const { spec } = buildSpec(
    specInput({
      resources: {
        ...specInput().options.resources,
        memory: 64 * 1024 * 1024,
        nanoCpus: 1.5e9,
        pidsLimit: 100,
        cpuShares: 512,
        cpusetCpus: "0-1",
      },
    }),
  );
  const { devices: _, ...resources } = spec.linux?.resources ?? {};
  expect(resources).toEqual({
    memory: { limit: 67108864, swap: 134217728 },
    cpu: { shares: 512, period: 100000, quota: 150000, cpus: "0-1" },
    pids: { limit: 100 },
  });
});

test("without swap accounting no swap limit is asked of the kernel", () => {
  const input = specInput({ resources: { ...specInput().options.resources, memory: 64 * 1024 * 1024 } });
  const { spec } = buildSpec({ ...input, host: { ...input.host, swapLimit: false } });
  expect(spec.linux?.resources?.memory).toEqual({ limit: 67108864 });
});

test("what cgroup v2 cannot do is not asked of it", () => {
  const resources = { ...specInput().options.resources, memorySwappiness: 10, oomKillDisable: true };
  const input = specInput({ resources });
  const asked = (cgroupVersion: "1" | "2") =>
    buildSpec({ ...input, host: { ...input.host, cgroupVersion } }).spec.linux?.resources?.memory;
  expect(asked("1")).toEqual({ swappiness: 10, disableOOMKiller: true });
  expect(asked("2")).toBeUndefined();
});

test("--privileged opens everything that a container is closed by", () => {
  const { spec } = buildSpec(specInput({ privileged: true }));
  expect(spec.linux?.maskedPaths).toEqual([]);
  expect(spec.linux?.readonlyPaths).toEqual([]);
  expect(spec.linux?.resources?.devices).toEqual([{ allow: true, access: "rwm" }]);
  expect(spec.process?.capabilities?.bounding).toHaveLength(41);
  expect(spec.mounts?.find((mount) => mount.destination === "/sys")?.options).toContain("rw");
});

test("--privileged gives no capability that the engine itself lacks", () => {
  const input = specInput({ privileged: true });
  const { spec } = buildSpec({ ...input, host: { ...input.host, capabilities: ["CHOWN", "KILL"] } });
  expect(spec.process?.capabilities?.bounding).toEqual(["CAP_CHOWN", "CAP_KILL"]);
});

test("a user other than root starts without effective capabilities, and nobody inherits any (R18)", () => {
  const identity = { uid: 1000, gid: 1000, groups: [1000], home: "/home/u" };
  const { spec } = buildSpec(specInput({}, { identity }));
  const { bounding, ...others } = spec.process?.capabilities ?? {};
  expect(bounding).toContain("CAP_CHOWN");
  expect(others).toEqual({ effective: [], permitted: [], inheritable: [], ambient: [] });
});

test("supplementary groups are always said, also when there is but one (R19)", () => {
  expect(buildSpec(specInput()).spec.process?.user.additionalGids).toEqual([0]);
});

test("each part of the spec knows the flag that asked for it", () => {
  const { becauseOf } = buildSpec(
    specInput(
      {
        readOnly: true,
        capDrop: ["ALL"],
        resources: { ...specInput().options.resources, memory: 64 * 1024 * 1024, pidsLimit: 5 },
      },
      {
        mounts: [
          {
            type: "bind",
            source: "/srv",
            target: "/data",
            options: ["rbind"],
            detail: {},
            because: "-v /srv:/data",
          },
        ],
      },
    ),
  );
  expect(becauseOf("/linux/resources/memory/limit")).toBe("-m 64m");
  expect(becauseOf("/linux/resources/pids/limit")).toBe("--pids-limit 5");
  expect(becauseOf("/process/capabilities/bounding/3")).toBe("--cap-drop ALL");
  expect(becauseOf("/root/readonly")).toBe("--read-only");
  expect(becauseOf("/mounts/0/options/1")).toBe("default");
  const at = buildSpec(
    specInput(
      {},
      {
        mounts: [
          {
            type: "bind",
            source: "/srv",
            target: "/data",
            options: ["rbind"],
            detail: {},
            because: "-v /srv:/data",
          },
        ],
      },
    ),
  );
  const index = at.spec.mounts?.findIndex((mount) => mount.destination === "/data");
  expect(at.becauseOf(`/mounts/${index}/source`)).toBe("-v /srv:/data");
});

test("a parent is mounted before what lies in it, and a user's mount replaces a default one", () => {
  const mount = (target: string) => ({
    type: "bind" as const,
    source: "/s",
    target,
    options: ["rbind"],
    because: `-v /s:${target}`,
    detail: {},
  });
  const { spec } = buildSpec(
    specInput(
      {},
      { mounts: [mount("/a/b/c"), mount("/a"), mount("/dev/shm"), mount("/etc/hosts"), mount("/a/b")] },
    ),
  );
  const destinations = spec.mounts?.map((m) => m.destination) ?? [];
  expect(destinations.indexOf("/a")).toBeLessThan(destinations.indexOf("/a/b"));
  expect(destinations.indexOf("/a/b")).toBeLessThan(destinations.indexOf("/a/b/c"));
  expect(destinations.filter((d) => d === "/dev/shm")).toHaveLength(1);
  expect(spec.mounts?.filter((m) => m.destination === "/etc/hosts").map((m) => m.source)).toEqual(["/s"]);
});

test("namespaces follow the modes", () => {
  const types = (change: Parameters<typeof specInput>[0]) =>
    buildSpec(specInput(change)).spec.linux?.namespaces?.map((n) => n.type);
  expect(types({})).toEqual(["mount", "uts", "pid", "ipc", "network", "cgroup"]);
  expect(types({ network: { kind: "host" }, pidMode: "host", ipcMode: "host", utsMode: "host" })).toEqual([
    "mount",
    "cgroup",
  ]);
  expect(types({ network: { kind: "none" } })).toContain("network");
});
