import { expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import NUMBERS from "../../../src/kernel/seccomp/numbers.json" with { type: "json" };
import type { Patch } from "../suite/bundle.ts";
import { type Listener, listen } from "../suite/listener.ts";
import { must, section } from "../suite/requirement.ts";
import { breaches } from "../suite/schema.ts";
import type { World } from "../suite/world.ts";

const filtered = (seccomp: Patch): Patch => ({
  linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW", ...seccomp } },
});
const rule = (more: Patch): Patch =>
  filtered({ syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", ...more }] });

/** Of every architecture: what is no call of this one is passed over. */
const EVERYTHING_BUT_MKDIR = [
  ...new Set(Object.values(NUMBERS).flatMap((calls) => Object.keys(calls))),
].filter((name) => !name.startsWith("mkdir"));

const MKDIR = "mkdir /tmp/new 2>&1 || true";

/** A file's mode is an argument that a shell can choose: the third of fchmodat, the second of chmod. */
const chmodded = (op: string, value: number, valueTwo?: number): Patch =>
  filtered({
    syscalls: [
      { names: ["chmod"], action: "SCMP_ACT_ERRNO", args: [{ index: 1, value, valueTwo, op }] },
      {
        names: ["fchmodat", "fchmodat2"],
        action: "SCMP_ACT_ERRNO",
        args: [{ index: 2, value, valueTwo, op }],
      },
    ],
  });
const CHMOD =
  "touch /tmp/f; for mode in 400 500 600; do chmod $mode /tmp/f 2>/dev/null && echo $mode; done; true";

const [M400, M500, M600] = [0o400, 0o500, 0o600];

/** What each operator lets through of 0400, 0500 and 0600, compared with 0500. */
const operators: Readonly<Record<string, readonly string[]>> = {
  SCMP_CMP_NE: ["500"],
  SCMP_CMP_LT: ["500", "600"],
  SCMP_CMP_LE: ["600"],
  SCMP_CMP_EQ: ["400", "600"],
  SCMP_CMP_GE: ["400"],
  SCMP_CMP_GT: ["400", "500"],
};

interface Agent extends Listener {
  /** Of each connection, what was sent and how many descriptors came along. */
  connections(): { readonly payload: string; readonly descriptors: number }[];
}

async function agent(c: World): Promise<Agent> {
  const listener = await listen(c, "seccomp");
  const lines = () =>
    listener
      .heard()
      .split("\n")
      .filter((line) => line.startsWith("{"));
  return { ...listener, connections: () => lines().map((line) => JSON.parse(line)) };
}

/** mkdir goes to the agent, which says that it is done. */
const supervised = (socket: string, more: Patch = {}): Patch =>
  filtered({
    listenerPath: socket,
    ...more,
    syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY" }],
  });

/** The state that the agent of a container with this program was sent. */
async function sent(c: World, more: Patch = {}) {
  const heard = await agent(c);
  const one = c.container(supervised(heard.socket, more), {
    process: { args: ["sh", "-c", "mkdir /tmp/new && test ! -e /tmp/new && echo pretended"] },
    annotations: { "com.example.key": "value" },
  });
  const ran = await one.run();
  expect(ran).toMatchObject({ code: 0, stdout: "pretended\n" });
  const [connection, ...others] = heard.connections();
  return {
    one,
    others,
    descriptors: connection?.descriptors,
    state: JSON.parse(connection?.payload ?? "null"),
  };
}

const ERRNO = "When the action doesn't support an errno, the runtime MUST print and error and fail.";

/** config-linux.md: Seccomp, The Container Process State */
export const seccomp = [
  section("linux.seccomp", "Seccomp", {
    1: must("**`defaultAction`** *(string, REQUIRED)* - the default action for seccomp.", async (c) => {
      const all = {
        defaultAction: "SCMP_ACT_ERRNO",
        defaultErrnoRet: 77,
        syscalls: [{ names: EVERYTHING_BUT_MKDIR, action: "SCMP_ACT_ALLOW" }],
      };
      expect(await c.inside(MKDIR, filtered(all))).toContain("File descriptor in bad state");
      for (const defaultAction of [undefined, "", "SCMP_ACT_NOSUCH", 5])
        expect(await c.refused(filtered({ defaultAction }))).toContain("seccomp");
    }),
    2: must(
      `**\`defaultErrnoRet\`** *(uint, OPTIONAL)* - the errno return code to use. Some actions like \`SCMP_ACT_ERRNO\` and \`SCMP_ACT_TRACE\` allow to specify the errno code to return. ${ERRNO}`,
      async (c) => {
        for (const defaultAction of ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG"])
          expect(await c.refused(filtered({ defaultAction, defaultErrnoRet: 5 }))).toContain("rrno");
      },
    ),
    3: must("This socket MUST use `AF_UNIX` domain and `SOCK_STREAM` type.", async (c) => {
      const { state } = await sent(c);
      expect(state.fds).toEqual(["seccompFd"]);
      const datagram = join(c.room, "datagram.sock");
      const server = Bun.spawn(
        [
          "python3",
          "-c",
          `import socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(${JSON.stringify(datagram)}); print(1, flush=True); time.sleep(60)`,
        ],
        { stdout: "pipe" },
      );
      c.undo(() => server.kill());
      await server.stdout.getReader().read();
      expect(await c.refused(supervised(datagram))).toContain("datagram.sock");
    }),
    4: must("The runtime MUST send exactly one container process state per connection.", async (c) => {
      const { state, others } = await sent(c);
      // The payload of the connection until its end is one JSON document.
      expect(state.pid).toBeNumber();
      expect(others).toEqual([]);
    }),
    5: must(
      "The connection MUST NOT be reused and it MUST be closed after sending a seccomp state.",
      async (c) => {
        const heard = await agent(c);
        for (const _ of [1, 2]) await c.inside("mkdir /tmp/new", supervised(heard.socket));
        // The agent writes its line at the end of a connection only.
        expect(heard.connections()).toHaveLength(2);
      },
    ),
    6: must("If sending to this socket fails, the runtime MUST generate an error.", async (c) => {
      expect(await c.refused(supervised(join(c.room, "nobody.sock")))).toContain("nobody.sock");
    }),
    7: must("If the `SCMP_ACT_NOTIFY` action is not used this value is ignored.", async (c) => {
      expect(await c.inside("echo ignored", filtered({ listenerPath: join(c.room, "nobody.sock") }))).toBe(
        "ignored\n",
      );
    }),
    8: must(
      "**`seccompFd`** (string, REQUIRED) is the seccomp file descriptor returned by the seccomp syscall.",
      async (c) => {
        const { state, descriptors } = await sent(c);
        expect({ fds: state.fds, descriptors }).toEqual({ fds: ["seccompFd"], descriptors: 1 });
      },
    ),
    9: must("This field MUST NOT be set if `listenerPath` is not set.", async (c) => {
      expect(await c.refused(filtered({ listenerMetadata: "x" }))).toContain("listener");
    }),
    10: must("**`names`** *(array of strings, REQUIRED)* - the names of the syscalls.", async (c) => {
      expect(await c.inside(MKDIR, rule({}))).toContain("not permitted");
      for (const names of [undefined, "mkdir", [5]])
        expect(await c.refused(rule({ names }))).toContain("names");
    }),
    11: must("`names` MUST contain at least one entry.", async (c) => {
      expect(await c.refused(rule({ names: [] }))).toContain("names");
    }),
    12: must("**`action`** *(string, REQUIRED)* - the action for seccomp rules.", async (c) => {
      const ends = async (action: string) =>
        (await c.container(rule({ action }), { process: { args: ["mkdir", "/tmp/new"] } }).run()).code;
      for (const action of ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG"]) expect(await ends(action)).toBe(0);
      expect(await ends("SCMP_ACT_ERRNO")).toBe(1);
      const SIGSYS = 128 + 31;
      for (const action of [
        "SCMP_ACT_KILL",
        "SCMP_ACT_KILL_PROCESS",
        "SCMP_ACT_KILL_THREAD",
        "SCMP_ACT_TRAP",
      ])
        expect(await ends(action)).toBe(SIGSYS);
      // Without a tracer the call fails with ENOSYS (seccomp(2)).
      expect(await c.inside(MKDIR, rule({ action: "SCMP_ACT_TRACE" }))).toContain("not implemented");
      for (const action of [undefined, "SCMP_ACT_NOSUCH", 5])
        expect(await c.refused(rule({ action }))).toContain("action");
    }),
    13: must(
      `**\`errnoRet\`** *(uint, OPTIONAL)* - the errno return code to use. Some actions like \`SCMP_ACT_ERRNO\` and \`SCMP_ACT_TRACE\` allow to specify the errno code to return. ${ERRNO}`,
      async (c) => {
        expect(await c.inside(MKDIR, rule({ errnoRet: 28 }))).toContain("No space left");
        for (const action of ["SCMP_ACT_ALLOW", "SCMP_ACT_KILL", "SCMP_ACT_LOG"])
          expect(await c.refused(rule({ action, errnoRet: 5 }))).toContain("rrno");
      },
    ),
    14: must("**`index`** *(uint, REQUIRED)* - the index for syscall arguments in seccomp.", async (c) => {
      for (const index of [undefined, -1, 6, "1"])
        expect(await c.refused(rule({ args: [{ index, value: 1, op: "SCMP_CMP_EQ" }] }))).toMatch(
          /index|argument/,
        );
    }),
    15: must("**`value`** *(uint64, REQUIRED)* - the value for syscall arguments in seccomp.", async (c) => {
      expect(await c.inside(CHMOD, chmodded("SCMP_CMP_EQ", M500))).toBe("400\n600\n");
      for (const value of [undefined, -1, "1"])
        expect(await c.refused(chmodded("SCMP_CMP_EQ", value as number))).toContain("value");
    }),
    16: must("**`op`** *(string, REQUIRED)* - the operator for syscall arguments in seccomp.", async (c) => {
      for (const [op, passed] of Object.entries(operators))
        expect({ op, passed: await c.inside(CHMOD, chmodded(op, M500)) }).toEqual({
          op,
          passed: passed.map((mode) => `${mode}\n`).join(""),
        });
      // Of the bits 0600, exactly 0400: 0400 and 0500.
      expect(await c.inside(CHMOD, chmodded("SCMP_CMP_MASKED_EQ", M600, M400))).toBe("600\n");
      for (const op of [undefined, "SCMP_CMP_NOSUCH", 5])
        expect(await c.refused(rule({ args: [{ index: 0, value: 1, op }] }))).toMatch(/op/);
    }),
    17: must(
      "**`flags`** *(array of strings, OPTIONAL)* - list of flags to use with seccomp(2).",
      async (c) => {
        for (const flag of [
          "SECCOMP_FILTER_FLAG_TSYNC",
          "SECCOMP_FILTER_FLAG_LOG",
          "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
        ])
          expect(await c.inside(MKDIR, rule({}), { linux: { seccomp: { flags: [flag] } } })).toContain(
            "not permitted",
          );
        expect(await c.refused(filtered({ flags: ["SECCOMP_FILTER_FLAG_NOSUCH"] }))).toContain("NOSUCH");
        const { others } = await sent(c, { flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] });
        expect(others).toEqual([]);
      },
    ),
  }),
  section("linux.seccomp.state", "The Container Process State", {
    1: must(
      "The container runtime MUST send the container process state over the UNIX socket as regular payload serialized in JSON and file descriptors MUST be sent using `SCM_RIGHTS`.",
      async (c) => {
        const { state, descriptors } = await sent(c, { listenerMetadata: "MKNOD=/dev/null" });
        expect(descriptors).toBe(1);
        expect(state).toMatchObject({ fds: ["seccompFd"], metadata: "MKNOD=/dev/null" });
      },
    ),
    2: must(
      "If more than one `sendmsg(2)` is used, the file descriptors MUST be sent only in the first call.",
      async (c) => {
        // One descriptor came in all; a second message with it would have brought another.
        const { descriptors } = await sent(c, { listenerMetadata: "x".repeat(10_000) });
        expect(descriptors).toBe(1);
      },
    ),
    3: must(
      "**`ociVersion`** (string, REQUIRED) is version of the Open Container Initiative Runtime Specification with which the container process state complies.",
      async (c) => expect((await sent(c)).state.ociVersion).toMatch(/^1\.\d+\.\d+$/),
    ),
    4: must("**`pid`** (int, REQUIRED) is the container process ID, as seen by the runtime.", async (c) => {
      const heard = await agent(c);
      const one = await c.created(supervised(heard.socket));
      await heard.hears(/\{/);
      const [connection] = heard.connections();
      expect(JSON.parse(connection?.payload ?? "{}").pid).toBe(await one.pid());
      expect(readFileSync(`/proc/${await one.pid()}/status`, "utf8")).toMatch(/^Seccomp:\t2$/m);
    }),
    5: must("**`state`** (state, REQUIRED) is the state of the container.", async (c) => {
      const { one, state } = await sent(c);
      expect(breaches("state-schema.json", state.state)).toEqual([]);
      expect(state.state).toMatchObject({
        ...{ id: one.id, bundle: one.bundle, pid: state.pid, status: "creating" },
        annotations: { "com.example.key": "value" },
      });
    }),
  }),
];
