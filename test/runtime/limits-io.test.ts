import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { SpecBlockIo } from "../../src/oci/runtime-spec.ts";
import { readFacts } from "../../src/runtime/facts.ts";
import type { Container } from "../../src/runtime/runtime.ts";
import { canLoop, type LoopDevice, loopDevice } from "../support/loop.ts";
import { canRun, removeTestCgroups, type TestContainer, testContainer } from "./container.ts";

afterAll(removeTestCgroups);

const KIB = 1024;
const MIB = 1024 * KIB;
const v2 = canRun && readFacts().hierarchies.mode === "v2";

/** A container that has the loop device as /dev/disk, and as much of it as it is given. */
function withDisk(
  { major, minor }: LoopDevice,
  script: string,
  blockIO: SpecBlockIo,
): Promise<TestContainer> {
  const rule = { allow: true, type: "b", major, minor, access: "rw" };
  const resources = { devices: [{ allow: false }, rule], blockIO };
  const devices = [{ path: "/dev/disk", type: "b", major, minor, fileMode: 0o600 } as const];
  return testContainer({ linux: { devices, resources }, script });
}

/** Bytes and operations of one kind that the container's cgroups count for the device. */
async function counted(container: Container, { minor }: LoopDevice, kind: "Read" | "Write") {
  const { blockIo } = await container.stats();
  const of = (table: typeof blockIo.serviced): number =>
    table.find((count) => count.major === 7 && count.minor === minor && count.operation === kind)?.value ?? 0;
  return { bytes: of(blockIo.serviceBytes), operations: of(blockIo.serviced) };
}

/** Starts it and waits until it says `done`, but does not end: its counters are still there. Milliseconds. */
async function timed(c: TestContainer, container: Container): Promise<number> {
  const began = performance.now();
  await container.start();
  while (!c.output().includes("done")) {
    if (performance.now() - began > 40_000) throw new Error(`never done: ${c.output()}`);
    await Bun.sleep(20);
  }
  return performance.now() - began;
}

const stay = "echo done; exec sleep 600";

describe.skipIf(!canRun || !canLoop)("limits of block devices", () => {
  test("bytes and operations for each second, of reads and of writes", async () => {
    using disk = loopDevice(8 * MIB);
    const { major, minor } = disk;
    const dd = "dd if=/dev/zero of=/dev/disk bs=64k count=16 oflag=direct && ";
    const one = (rate: number) => [{ major, minor, rate }];
    await using bytes = await withDisk(disk, `${dd}${stay}`, { throttleWriteBpsDevice: one(256 * KIB) });
    const read = `dd if=/dev/disk of=/dev/null bs=4k count=40 iflag=direct && ${stay}`;
    await using operations = await withDisk(disk, read, { throttleReadIOPSDevice: one(10) });
    const [writer, reader] = [await bytes.create(), await operations.create()];
    const [wrote, didRead] = await Promise.all([timed(bytes, writer), timed(operations, reader)]);
    expect(await counted(writer, disk, "Write")).toMatchObject({ bytes: MIB });
    expect(await counted(reader, disk, "Read")).toMatchObject({ bytes: 160 * KIB, operations: 40 });
    // 1 MiB at 256 KiB/s and 40 operations at 10/s take 4 s; what the kernel lets through at first is far less than 1 s of it.
    expect(wrote).toBeGreaterThan(3000);
    expect(didRead).toBeGreaterThan(3000);
    await using free = await withDisk(disk, `${dd}${stay}`, {});
    expect(await timed(free, await free.create())).toBeLessThan(wrote);
  }, 60_000);

  test.skipIf(!v2)(
    "a write that goes through the page cache is limited too, as v1 cannot",
    async () => {
      using disk = loopDevice(8 * MIB);
      const { major, minor } = disk;
      const script = `dd if=/dev/zero of=/dev/disk bs=64k count=16 conv=fsync && ${stay}`;
      await using c = await withDisk(disk, script, {
        throttleWriteBpsDevice: [{ major, minor, rate: 256 * KIB }],
      });
      const container = await c.create();
      expect(await timed(c, container)).toBeGreaterThan(3000);
      expect(await counted(container, disk, "Write")).toMatchObject({ bytes: MIB });
    },
    60_000,
  );

  test("weights share a device that BFQ schedules", async () => {
    using disk = loopDevice(64 * MIB);
    disk.useScheduler("bfq");
    const script =
      "for n in 1 2; do while :; do dd if=/dev/disk of=/dev/null bs=1M iflag=direct 2>/dev/null; done & done; wait";
    await using heavy = await withDisk(disk, script, { weight: 1000 });
    await using light = await withDisk(disk, script, { weight: 10 });
    const containers = [await heavy.create(), await light.create()] as const;
    for (const container of containers) await container.start();
    let read: number[] = [];
    while (Math.max(0, ...read) < 500 * MIB) {
      await Bun.sleep(100);
      const counts = await Promise.all(containers.map((container) => counted(container, disk, "Read")));
      read = counts.map(({ bytes }) => bytes);
    }
    const [much = 0, little = 0] = read;
    expect(much).toBeGreaterThan(1.5 * little);
  }, 60_000);

  test("a weight for one device alone", async () => {
    using disk = loopDevice(MIB);
    disk.useScheduler("bfq");
    const { major, minor } = disk;
    await using c = await withDisk(disk, stay, {
      weight: 200,
      weightDevice: [{ major, minor, weight: 300 }],
    });
    await c.create();
    const file = v2
      ? `/sys/fs/cgroup/inro-test/${c.id}/io.bfq.weight`
      : `/sys/fs/cgroup/blkio/inro-test/${c.id}/blkio.bfq.weight_device`;
    expect(readFileSync(file, "utf8")).toContain(`${major}:${minor} 300`);
    if (v2) expect(readFileSync(file, "utf8")).toContain("default 200");
  });
});
