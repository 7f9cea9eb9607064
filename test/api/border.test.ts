import { describe, expect, test } from "bun:test";
import { goMode } from "../../src/api/containers/archive.ts";
import { registryAuth } from "../../src/api/images/auth.ts";
import { humanSize, progressLines, thinner } from "../../src/api/images/progress.ts";
import { detachScanner, parseDetachKeys } from "../../src/api/join.ts";
import { matcher, targetOf } from "../../src/api/match.ts";
import { filters, flag, integer, time } from "../../src/api/query.ts";
import { messageOf, statusOf } from "../../src/api/status.ts";
import { humanDuration } from "../../src/api/tell/state.ts";
import { InroError } from "../../src/oci/error.ts";
import { framed } from "../../src/oci/stream-frames.ts";

const query = (text: string) => new URLSearchParams(text);

describe("paths", () => {
  const route = (method: string, pattern: string) => ({ method, pattern, handle: () => {} });
  const find = matcher([
    route("GET", "/containers/json"),
    route("GET", "/containers/{id}/json"),
    route("GET", "/images/{name...}/json"),
    route("DELETE", "/images/{name...}"),
  ]);

  test("a version is taken off", () => {
    expect(targetOf("/v1.43/info")).toEqual({ version: 43, path: "/info" });
    expect(targetOf("/info")).toEqual({ version: 51, path: "/info" });
  });

  test.each([
    ["/v1.99/info", "too new"],
    ["/v2.0/info", "too new"],
    ["/v1.12/info", "too old"],
  ])("%s is refused", (path, why) => {
    expect(() => targetOf(path)).toThrow(why);
  });

  test("names of images hold slashes, and escapes", () => {
    expect(find("GET", "/images/127.0.0.1:5000/a/b:c/json").parameters).toEqual({
      name: "127.0.0.1:5000/a/b:c",
    });
    expect(find("GET", "/containers/a%20b/json").parameters).toEqual({ id: "a b" });
    expect(find("GET", "/containers/json").route.pattern).toBe("/containers/json");
  });

  test.each([
    ["POST", "/containers/json", 405],
    ["GET", "/nothing", 404],
    ["GET", "/containers/%ff/json", 400],
  ])("%s %s → %d", (method, path, status) => {
    try {
      find(method, path);
    } catch (error) {
      expect(statusOf(error)).toBe(status);
      return;
    }
    throw new Error("it was found");
  });
});

describe("parameters", () => {
  test("flags as dockerd reads them", () => {
    const read = ["a=1", "a=true", "a=yes", "a=0", "a=False", "a=", "a=none", ""].map((text) =>
      flag(query(text), "a"),
    );
    expect(read).toEqual([true, true, true, false, false, false, false, false]);
  });

  test("times keep their nanoseconds", () => {
    expect(time(query("t=1795487412.000000001"), "t")).toBe(1795487412000000001n);
    expect(time(query("t=1795487412"), "t")).toBe(1795487412000000000n);
    expect(time(query("t=2026-11-24T02:30:12.5Z"), "t")).toBe(1795487412500000000n);
    expect(() => time(query("t=yesterday"), "t")).toThrow('parameter "t"');
  });

  test("integers are whole", () => {
    expect(integer(query("n=-5"), "n")).toBe(-5);
    for (const text of ["n=1.5", "n=x", "n=1e3", "n=99999999999999999999"])
      expect(() => integer(query(text), "n")).toThrow('parameter "n"');
  });

  test("filters in both spellings", () => {
    const both = { label: ["a=b"], name: ["x"] };
    expect(filters(query(`filters=${JSON.stringify(both)}`))).toEqual(both);
    expect(filters(query('filters={"label":{"a=b":true,"c":false}}'))).toEqual({ label: ["a=b"] });
    for (const text of ["[]", "5", "{", '{"a":5}', '{"a":[5]}'])
      expect(() => filters(query(`filters=${text}`))).toThrow("filters");
  });
});

describe("failures", () => {
  const failure = (code: string) => new InroError(code, { what: "cannot start it", why: "because" });

  test.each([
    ["NO_SUCH_CONTAINER", 404],
    ["NAME_IN_USE", 409],
    ["INVALID_OPTION", 400],
    ["REFERENCE_INVALID", 400],
    ["CONTAINER_RUNNING", 409],
    ["SOMETHING_ELSE", 500],
  ])("%s → %d", (code, status) => {
    expect(statusOf(failure(code))).toBe(status);
  });

  test("the docker CLI finds the words from which it makes its exit status", () => {
    expect(messageOf(failure("COMMAND_NOT_FOUND"))).toContain("executable file not found in $PATH");
    expect(messageOf(failure("COMMAND_NOT_EXECUTABLE"))).toContain("permission denied");
    expect(messageOf(failure("NO_SUCH_CONTAINER"))).toBe("cannot start it: because");
  });

  test("what could not be taken back is told behind what failed", () => {
    const undone = new SuppressedError(new Error("could not take it back"), failure("NO_SUCH_CONTAINER"), "");
    expect(messageOf(undone)).toBe("cannot start it: because; could not take it back");
    expect(statusOf(undone)).toBe(404);
  });
});

describe("detach keys", () => {
  test("are parsed", () => {
    expect([...parseDetachKeys("")]).toEqual([16, 17]);
    expect([...parseDetachKeys("ctrl-a,x,ctrl-_")]).toEqual([1, 120, 31]);
    for (const text of ["ctrl-", "ctrl-1", "ab", "a,,b"])
      expect(() => parseDetachKeys(text)).toThrow("detachKeys");
  });

  async function type(...chunks: string[]): Promise<{ passed: string; detached: boolean }> {
    const result = { passed: "", detached: false };
    const scanner = detachScanner(Uint8Array.from([16, 17]), () => {
      result.detached = true;
    });
    scanner.on("data", (part: Buffer) => {
      result.passed += part.toString("latin1");
    });
    for (const chunk of chunks) scanner.write(Buffer.from(chunk, "latin1"));
    if (!result.detached) {
      scanner.end();
      await new Promise((resolve) => scanner.on("end", resolve));
    }
    return result;
  }

  test("are found across chunks", async () => {
    expect((await type("ab\x10", "\x11")).detached).toBe(true);
    expect((await type("\x10\x10\x11")).detached).toBe(true);
  });

  test("what only begins like them is passed on", async () => {
    expect(await type("a\x10", "b\x11")).toEqual({ passed: "a\x10b\x11", detached: false });
    expect(await type("a\x10")).toEqual({ passed: "a\x10", detached: false });
  });
});

test("file modes become Go's", () => {
  expect(goMode(0o100644)).toBe(0o644);
  expect(goMode(0o041777)).toBe(0x80000000 + 0x00100000 + 0o777);
  expect(goMode(0o120777)).toBe(0x08000000 + 0o777);
  expect(goMode(0o104755)).toBe(0x00800000 + 0o755);
});

test("output is framed with its stream and length", () => {
  expect([...framed("stderr", Buffer.from("ab"))]).toEqual([2, 0, 0, 0, 0, 0, 0, 2, 97, 98]);
});

test("progress in docker's words", () => {
  const digest = `sha256:${"ab".repeat(32)}`;
  const downloading = { state: "downloading", bytes: 500, total: 1000 } as const;
  expect(progressLines({ kind: "layer", digest, state: downloading })).toEqual([
    {
      status: "Downloading",
      progressDetail: { current: 500, total: 1000 },
      progress: `[${"=".repeat(25)}>${" ".repeat(25)}]  500B/1kB`,
      id: "abababababab",
    },
  ]);
  expect(progressLines({ kind: "layer", digest, state: { state: "done" } })[0]?.status).toBe("Pull complete");
  expect(humanSize(337_123_456)).toBe("337.1MB");
});

test("a fast download is thinned out, its end is not", () => {
  const passes = thinner(100);
  const at = (bytes: number, now: number) =>
    passes({ kind: "layer", digest: "d", state: { state: "downloading", bytes, total: 10 } }, now);
  expect([at(1, 0), at(2, 50), at(3, 120), at(10, 130)]).toEqual([true, false, true, true]);
});

test("durations in docker's words", () => {
  const found = [0.2, 1, 59, 61, 3599, 3600, 86400, 86400 * 3, 86400 * 20, 86400 * 90, 86400 * 800].map(
    humanDuration,
  );
  expect(found).toEqual([
    "Less than a second",
    "1 second",
    "59 seconds",
    "About a minute",
    "59 minutes",
    "About an hour",
    "24 hours",
    "3 days",
    "2 weeks",
    "3 months",
    "2 years",
  ]);
});

test("credentials come from X-Registry-Auth", () => {
  const header = (value: object) => registryAuth(Buffer.from(JSON.stringify(value)).toString("base64url"));
  expect(header({ username: "a", password: "b" })).toEqual({ username: "a", password: "b" });
  expect(header({ identitytoken: "t" })).toEqual({ identityToken: "t" });
  expect(header({ auth: Buffer.from("a:b:c").toString("base64") })).toEqual({
    username: "a",
    password: "b:c",
  });
  expect(header({})).toBeNull();
  expect(registryAuth(undefined)).toBeNull();
  expect(() => registryAuth("!!!")).toThrow("X-Registry-Auth");
});
