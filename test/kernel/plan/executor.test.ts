import { expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openExecutor } from "../../../src/kernel/executor/executor.ts";
import { nativeArchitecture } from "../../../src/kernel/seccomp/architecture.ts";
import {
  encodeProgram,
  instruction,
  JUMP_EQUAL,
  LOAD,
  RETURN_CODE,
} from "../../../src/kernel/seccomp/bpf.ts";
import { callNumbers } from "../../../src/kernel/seccomp/numbers.ts";
import { nativeProgram } from "../../native/programs.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { openTalking, runSimple, simplePlan } from "./simple.ts";

const because = "test";
const root = process.getuid?.() === 0;

/** A cgroup hierarchy without rules of its own for new folders. */
function anyHierarchy(): string {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  return / (\/sys\/fs\/cgroup\/(?:pids|unified)) /.exec(mounts)?.[1] ?? "/sys/fs/cgroup";
}

test.skipIf(!root)("a plan runs its program, which answers with its exit code", async () => {
  const { code, signal, records, pid } = await runSimple({ argv: ["probe", "exit", "42"] });
  expect({ code, signal }).toEqual({ code: 42, signal: 0 });
  expect(records.every(({ errno }) => errno === 0)).toBe(true);
  expect(records.find(({ kind }) => kind === "clone")?.value).toBe(pid);
  expect(records.filter(({ ns }) => ns > 0).length).toBeGreaterThan(20);
});

test.skipIf(!root)("no time is taken after seccomp", async () => {
  const { records } = await runSimple({});
  const filter = records.findIndex(({ kind }) => kind === "seccomp");
  expect(records.slice(filter).every(({ ns }) => ns === 0)).toBe(true);
});

test.skipIf(!root)("pid 1 of ours ends as its program does", async () => {
  const { code } = await runSimple({ argv: ["probe", "exit", "7"], useInit: true });
  expect(code).toBe(7);
});

test.skipIf(!root)(
  "a batch keeps its slots, answers each operation, and goes on after a failure when asked to",
  async () => {
    using executor = openExecutor(nativeProgram());
    const missing = { kind: "openPath", out: 1, path: "/nonexistent", use: "any", because } as const;
    const tmp = { kind: "openPath", out: 0, path: "/tmp", use: "directory", because } as const;
    const below = { kind: "openBeneath", out: 2, root: 0, path: ".", use: "directory", because } as const;
    expect((await executor.batch([missing, tmp])).map(({ errno }) => errno)).toEqual([2]);
    const all = await executor.batch([missing, tmp, below], { stop: false });
    expect(all.map(({ errno, step }) => [errno, step])).toEqual([
      [2, "openat"],
      [0, "openat"],
      [0, "openat2"],
    ]);
    expect((await executor.batch([{ ...below, root: 0, out: 3 }])).map(({ errno }) => errno)).toEqual([0]);
  },
);

test.skipIf(!root)("what fails in another network tells its own system call, not the way back", async () => {
  using executor = openExecutor(nativeProgram());
  const network = { kind: "openPath", out: 0, path: "/proc/self/ns/net", use: "read", because } as const;
  const parameter = { path: "ipv4/ip_forward", data: "much", because } as const;
  const refused = { kind: "networkParameterIn", ns: 0, ...parameter } as const;
  const [, record] = await executor.batch([network, refused]);
  expect(record).toMatchObject({ step: "write", errno: 22 });
});

test.skipIf(!root)(
  "a plan that fails says which operation, at which system call, and is undone",
  async () => {
    using talking = openTalking();
    const hierarchy = anyHierarchy();
    const path = `/inro-plan-test-${process.pid}`;
    const plan = simplePlan({
      host: [{ kind: "makeCgroup", out: 2, hierarchy, path, because: "/linux/cgroupsPath" }],
      build: [
        {
          kind: "fsMount",
          out: 50,
          fstype: "tmpfs",
          source: "x",
          options: ["size=much"],
          attributes: 0,
          because: "/mounts/3",
        },
      ],
      undo: [{ kind: "removeCgroup", hierarchy, path, because: "/linux/cgroupsPath" }],
    });
    const error = await talking.executor.plan(plan).catch((cause: unknown) => cause);
    expect(String(error)).toBe(
      "InroError: /mounts/3: cannot make a tmpfs (size=much): fsconfig: EINVAL (Invalid argument): size=much: tmpfs: Bad value for 'size'",
    );
    expect(error).toMatchObject({ code: "OPERATION_FAILED", at: "/mounts/3", errno: "EINVAL" });
    expect(existsSync(hierarchy + path)).toBe(false);
    // The executor is as it was: another plan can follow.
    await talking.executor.plan(simplePlan({ argv: ["probe", "exit", "3"] }));
    await talking.executor.start();
    expect((await talking.executor.ended).code).toBe(3);
  },
);

test.skipIf(!root)("a plan that failed does not take away a cgroup that was there before", async () => {
  using talking = openTalking();
  const hierarchy = anyHierarchy();
  const path = `/inro-plan-kept-${process.pid}`;
  const make = { kind: "makeCgroup", hierarchy, path, because } as const;
  const remove = { kind: "removeCgroup", hierarchy, path, because } as const;
  await talking.executor.batch([{ ...make, out: 1 }]);
  const plan = simplePlan({ host: [{ ...make, out: 2 }], candidates: ["/missing"], undo: [remove] });
  await expect(talking.executor.plan(plan)).rejects.toThrow("ENOENT");
  expect(existsSync(hierarchy + path)).toBe(true);
  await talking.executor.batch([remove]);
  expect(existsSync(hierarchy + path)).toBe(false);
});

test.skipIf(!root)("a child that is killed on its way is told of", async () => {
  using talking = openTalking();
  const kill = encodeProgram([
    instruction(LOAD, 0),
    instruction(JUMP_EQUAL, callNumbers()[nativeArchitecture()].getcwd, 0, 1),
    instruction(RETURN_CODE, 0x80000000),
    instruction(RETURN_CODE, 0x7fff0000),
  ]);
  await expect(talking.executor.plan(simplePlan({ filter: kill }))).rejects.toThrow(
    "cannot enter /: ESRCH (No such process): the process ended here, by signal 31",
  );
});

test.skipIf(!root)("a missing program is an error of the plan", async () => {
  using talking = openTalking();
  await expect(
    talking.executor.plan(simplePlan({ candidates: ["/bin/nope", "/usr/bin/nope"] })),
  ).rejects.toThrow("cannot find /bin/nope or /usr/bin/nope: faccessat: ENOENT (No such file or directory)");
});

function elfFor(machine: number): Buffer {
  const elf = Buffer.alloc(128);
  elf.write("\x7fELF\x02\x01\x01", "latin1");
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(machine, 18);
  return elf;
}

const refusals: readonly (readonly [string, string | Buffer, string])[] = [
  [
    "a script whose interpreter is missing",
    "#!/usr/bin/nope -x\n",
    "ENOENT (No such file or directory): its interpreter is missing: /usr/bin/nope",
  ],
  [
    "a script with Windows line ends",
    "#!/probe\r\n",
    "its interpreter is missing: /probe with a carriage return at its end",
  ],
  ["a program of another architecture", elfFor(22), "ENOEXEC (Exec format error): it is built for s390x"],
  ["a text", "echo hello\n", "ENOEXEC (Exec format error): it is neither a program nor a script"],
];

test.skipIf(!root).each(refusals)("starting %s says so", async (_, content, words) => {
  using folder = temporaryFolder("plan");
  const file = join(folder.path, "file");
  writeFileSync(file, content);
  chmodSync(file, 0o755);
  using talking = openTalking();
  await talking.executor.plan(simplePlan({ file, candidates: ["/file"] }));
  await expect(talking.executor.start()).rejects.toThrow(words);
});

test("what is no frame for an executor is refused, and the next one is answered", async () => {
  using executor = openExecutor(nativeProgram());
  await expect(executor.start()).rejects.toThrow("not a frame for an executor");
  expect(await executor.batch([])).toEqual([]);
});

test.skipIf(!root)("a caller that hangs up while its plan is executed leaves nothing behind", async () => {
  using talking = openTalking();
  const hierarchy = anyHierarchy();
  const path = `/inro-plan-hangup-${process.pid}`;
  const plan = simplePlan({
    host: [{ kind: "makeCgroup", out: 2, hierarchy, path, because }],
    // Nobody ever releases it: the plan would stand here for ever.
    build: [{ kind: "await", point: 9, because }],
    undo: [{ kind: "removeCgroup", hierarchy, path, because }],
  });
  const lost = talking.executor.plan(plan).catch((cause: unknown) => cause);
  while (!existsSync(hierarchy + path)) await Bun.sleep(2);
  await talking.executor.close();
  expect(await lost).toMatchObject({ code: "EXECUTOR_LOST" });
  expect(existsSync(hierarchy + path)).toBe(false);
});

test.skipIf(!root)("a child that fails while its parent is at work is what the error is about", async () => {
  using talking = openTalking();
  const good = simplePlan({});
  const [limit] = good.map;
  const plan = {
    ...good,
    // The parent goes on for a while after the child has ended, and then tells it something.
    map: [{ kind: "await", point: 7, because } as const, ...Array(400).fill(limit), ...good.map],
    build: [
      { kind: "release", point: 7, because } as const,
      { kind: "hostname", name: "x".repeat(65), because } as const,
      ...good.build,
    ],
  };
  for (let i = 0; i < 5; i++) {
    await expect(talking.executor.plan(plan)).rejects.toThrow("sethostname: EINVAL (Invalid argument)");
  }
});
