import { describe, expect, test } from "bun:test";
import { expandWord } from "../../../src/build/dockerfile/expand.ts";
import { parseDockerfile } from "../../../src/build/dockerfile/parse.ts";
import {
  addArgs,
  addEnv,
  globalScope,
  lookupIn,
  platformArgs,
  runEnvironment,
  scopeOf,
  unconsumed,
} from "../../../src/build/dockerfile/scope.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm = { os: "linux", architecture: "arm", variant: "v7" };
const platform = platformArgs(amd64, arm);

/** The scope at the end of the last stage, and what it printed with USER on the way. */
function follow(text: string, given: Record<string, string> = {}, base: string[] = []) {
  const { globalArgs, stages } = parseDockerfile(text, "Dockerfile");
  const values = new Map(Object.entries(given));
  const globals = globalScope(globalArgs, values, platform);
  const users: string[] = [];
  const scope = scopeOf(base);
  for (const { instructions } of stages)
    for (const instruction of instructions) {
      if (instruction.kind === "arg") addArgs(scope, instruction, values, globals);
      if (instruction.kind === "env") addEnv(scope, instruction);
      if (instruction.kind === "user") users.push(expandWord(instruction.word, lookupIn(scope)));
    }
  const images = stages.map(({ from }) => expandWord(from.image, (name) => globals.get(name)));
  return { scope, users, images, run: runEnvironment(scope, values) };
}

describe("reference, ARG", () => {
  test("a default gives way to a build argument", () => {
    const text = "FROM busybox\nARG user=some\nUSER $user";
    expect(follow(text).users).toEqual(["some"]);
    expect(follow(text, { user: "what" }).users).toEqual(["what"]);
    expect(follow(text, { user: "" }).users).toEqual([""]);
  });

  test("a default that cannot be is no mistake where an argument is given", () => {
    const text = "ARG T=${U:?tell_me}\nFROM busybox:$T\nARG v=${w:?and_me}";
    expect(follow(text, { T: "1", v: "2" })).toMatchObject({ images: ["busybox:1"], run: { args: ["v=2"] } });
    expect(() => follow(text, { T: "1" })).toThrow("w: and_me");
    expect(() => follow(text)).toThrow("U: tell_me");
  });

  test("it counts from its line on", () => {
    const text = "FROM busybox\nUSER ${username:-some_user}\nARG username\nUSER $username";
    expect(follow(text, { username: "what_user" }).users).toEqual(["some_user", "what_user"]);
  });

  test("ENV wins over ARG, before it and after it", () => {
    const before = "FROM ubuntu\nARG V\nENV V=v1.0.0\nUSER $V";
    expect(follow(before, { V: "v2.0.1" })).toMatchObject({
      users: ["v1.0.0"],
      run: { environment: ["V=v1.0.0"], args: [] },
    });
    expect(follow("FROM ubuntu\nENV V=v1\nARG V=v2\nUSER $V").users).toEqual(["v1"]);
    expect(follow("FROM ubuntu\nARG V=v2\nUSER $V", {}, ["V=image"]).users).toEqual(["image"]);
  });

  test("ENV can keep an ARG's value", () => {
    const text = "FROM ubuntu\nARG V\nENV V=${V:-v1.0.0}";
    expect(follow(text).run.environment).toEqual(["V=v1.0.0"]);
    expect(follow(text, { V: "v2" }).run.environment).toEqual(["V=v2"]);
  });

  test("one before FROM is for FROM, and in a stage only where it is declared again", () => {
    const text =
      "ARG VERSION=latest\nARG FULL=${VERSION}-slim\nFROM busybox:$FULL\nUSER [$VERSION]\nARG VERSION\nUSER $VERSION";
    expect(follow(text)).toMatchObject({ images: ["busybox:latest-slim"], users: ["[]", "latest"] });
    expect(follow(text, { VERSION: "1" })).toMatchObject({ images: ["busybox:1-slim"], users: ["[]", "1"] });
    expect(follow("ARG V=a\nFROM busybox\nARG V=b\nUSER $V").users).toEqual(["b"]);
  });

  test("one without a value is not in a RUN's environment", () => {
    expect(follow("FROM busybox\nARG a\nARG b=\nARG c=1").run.args).toEqual(["b=", "c=1"]);
  });

  test("several in one instruction see each other; those of an ENV do not", () => {
    expect(follow("FROM busybox\nARG a=1 b=$a").run.args).toEqual(["a=1", "b=1"]);
    expect(follow("FROM busybox\nENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc").run.environment).toEqual(
      ["abc=bye", "def=hello", "ghi=bye"],
    );
  });
});

test("platform ARGs are in the global scope, and in a stage after an ARG", () => {
  const text =
    "FROM --platform=$BUILDPLATFORM a\nUSER [$TARGETARCH]\nARG TARGETPLATFORM\nARG TARGETVARIANT\nUSER $TARGETPLATFORM $TARGETVARIANT";
  expect(follow(text).users).toEqual(["[]", "linux/arm/v7 v7"]);
  expect(Object.fromEntries(platformArgs({ ...amd64, architecture: "arm64", variant: "v8" }, amd64))).toEqual(
    {
      BUILDPLATFORM: "linux/arm64",
      BUILDOS: "linux",
      BUILDARCH: "arm64",
      BUILDVARIANT: "",
      TARGETPLATFORM: "linux/amd64",
      TARGETOS: "linux",
      TARGETARCH: "amd64",
      TARGETVARIANT: "",
      TARGETSTAGE: "default",
    },
  );
});

test("proxies reach a RUN unseen, unless an ARG declares them", () => {
  const given = { HTTP_PROXY: "http://user:pass@proxy" };
  expect(follow("FROM ubuntu", given).run).toEqual({
    environment: [],
    args: [],
    hidden: ["HTTP_PROXY=http://user:pass@proxy"],
  });
  expect(follow("FROM ubuntu\nARG HTTP_PROXY", given).run).toEqual({
    environment: [],
    args: ["HTTP_PROXY=http://user:pass@proxy"],
    hidden: [],
  });
});

test("build arguments that nothing asks for", () => {
  const given = new Map(Object.entries({ a: "1", b: "2", no_proxy: "3", BUILDKIT_SYNTAX: "4" }));
  expect(unconsumed(["a"], given)).toEqual(["b"]);
});
