import { describe, expect, test } from "bun:test";
import {
  chooseCapabilities,
  DEFAULT_CAPABILITIES,
  parseCapability,
} from "../../../src/engine/spec/capabilities.ts";
import { environment, mergeEnvironment } from "../../../src/engine/spec/environment.ts";
import { parseDeviceRule } from "../../../src/engine/spec/resources.ts";
import { parseHeldLimits, specRlimits } from "../../../src/engine/spec/rlimits.ts";
import { identify } from "../../../src/engine/spec/user.ts";
import { host } from "../sample.ts";

describe("users", () => {
  const passwd =
    "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/var/www:/bin/false\n# a comment\nbad:x:99999999999:1::/:\n";
  const group = "root:x:0:\nwww:x:34:\nlog:x:40:web,other\nwheel:x:10:root\n";
  const who = (user: string, groupAdd: readonly string[] = []) => identify({ user, groupAdd, passwd, group });

  test("nobody named is root, with root's groups", () => {
    expect(who("")).toEqual({ uid: 0, gid: 0, groups: [0, 10], home: "/root" });
  });
  test("a name brings its groups and home", () => {
    expect(who("web")).toEqual({ uid: 33, gid: 34, groups: [34, 40], home: "/var/www" });
  });
  test("a group that is named replaces the user's own", () => {
    expect(who("web:log")).toEqual({ uid: 33, gid: 40, groups: [40], home: "/var/www" });
  });
  test("a number without a line is taken as it is", () => {
    expect(who("1234:5678", ["log"])).toEqual({ uid: 1234, gid: 5678, groups: [5678, 40], home: "/" });
  });
  test("what is neither known nor a number is an error", () => {
    expect(() => who("nobody-here")).toThrow(/no such name/);
    expect(() => who("web:nogroup")).toThrow(/no such name/);
    expect(() => who("bad")).toThrow(/no such name/);
  });
});

describe("capabilities", () => {
  const choose = (add: string[], drop: string[], privileged = false) =>
    chooseCapabilities({ add, drop, privileged, held: host.capabilities });

  test("the default is Docker's fourteen", () => {
    expect([...choose([], [])].sort()).toEqual([...DEFAULT_CAPABILITIES].sort());
  });
  test("drop ALL, add one", () => expect(choose(["NET_ADMIN"], ["ALL"])).toEqual(["NET_ADMIN"]));
  test("add ALL, drop one", () => expect(choose(["ALL"], ["SYS_ADMIN"])).not.toContain("SYS_ADMIN"));
  test("names in any spelling", () =>
    expect(parseCapability("cap_net_admin", "--cap-add")).toBe("NET_ADMIN"));
  test("a name that does not exist is an error", () => {
    expect(() => parseCapability("NET_ADMN", "--cap-add")).toThrow(/there is no capability "NET_ADMN"/);
  });
});

describe("environment", () => {
  test("later wins at the earlier place, a bare name removes", () => {
    expect(mergeEnvironment(["A=1", "B=2", "C=3"], ["B=9", "C", "D=4"])).toEqual(["A=1", "B=9", "D=4"]);
  });
  test("Docker's own variables, then what was asked", () => {
    expect(environment({ hostname: "h", home: "/root", tty: true, env: ["PATH=/x", "A=1"] })).toEqual([
      "PATH=/x",
      "HOSTNAME=h",
      "TERM=xterm",
      "A=1",
      "HOME=/root",
    ]);
  });
});

describe("limits", () => {
  test("open files have a bearable default, never above what is held", () => {
    expect(specRlimits([], { ...host.rlimits, nofile: 4096 }, false)).toEqual([
      { type: "RLIMIT_NOFILE", soft: 1024, hard: 4096 },
    ]);
  });
  test("a request above what is held is an error, unless it may be raised", () => {
    const asked = [{ name: "nproc", soft: 10, hard: 5000 }];
    expect(() => specRlimits(asked, { ...host.rlimits, nproc: 4096 }, false)).toThrow(/held to 4096/);
    expect(specRlimits(asked, { ...host.rlimits, nproc: 4096 }, true)).toContainEqual({
      type: "RLIMIT_NPROC",
      soft: 10,
      hard: 5000,
    });
  });
  test("/proc/<pid>/limits is read", () => {
    const text =
      "Limit                     Soft Limit           Hard Limit           Units     \n" +
      "Max open files            1024                 524288               files     \n" +
      "Max processes             unlimited            unlimited            processes \n";
    const held = parseHeldLimits(text);
    expect([held.nofile, held.nproc]).toEqual([524288, Number.POSITIVE_INFINITY]);
  });
});

test("device rules are understood whole or not at all", () => {
  expect(parseDeviceRule("c 13:* rw")).toEqual({ allow: true, type: "c", major: 13, access: "rw" });
  expect(() => parseDeviceRule("c 13:* rwx")).toThrow(/TYPE MAJOR:MINOR ACCESS/);
});
