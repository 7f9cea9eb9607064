import { expect, test } from "bun:test";
import { resolveMount } from "../../../src/build/dockerfile/mount.ts";
import { parseDockerfile, parseInstruction } from "../../../src/build/dockerfile/parse.ts";
import { runScript } from "../../../src/build/dockerfile/script.ts";

const only = (line: string) => {
  const [instruction] = parseDockerfile(`FROM scratch\n${line}`, "Dockerfile").stages[0]?.instructions ?? [];
  if (instruction === undefined) throw new Error("nothing was parsed");
  return instruction;
};

function run(line: string) {
  const instruction = only(line);
  if (instruction.kind !== "run") throw new Error("no RUN");
  return instruction;
}

const mount = (options: string, lookup: (name: string) => string | undefined = () => undefined) => {
  const [flag] = run(`RUN --mount=${options} true`).mounts;
  if (flag === undefined) throw new Error("no mount");
  return resolveMount(flag, lookup);
};

test("each kind of mount with its defaults", () => {
  expect(mount("target=/src")).toEqual({
    type: "bind",
    target: "/src",
    source: "/",
    from: undefined,
    readonly: true,
  });
  expect(mount("type=cache,target=/root/.cache/,sharing=locked,mode=0700,uid=5,gid=6,ro")).toEqual({
    type: "cache",
    id: "/root/.cache",
    target: "/root/.cache/",
    source: "/",
    from: undefined,
    readonly: true,
    sharing: "locked",
    mode: 0o700,
    uid: 5,
    gid: 6,
  });
  expect(mount("type=tmpfs,target=/t,size=1.5g")).toEqual({ type: "tmpfs", target: "/t", size: 1610612736 });
  expect(mount("type=secret,id=aws")).toEqual({
    type: "secret",
    id: "aws",
    target: "/run/secrets/aws",
    env: undefined,
    required: false,
    mode: 0o400,
    uid: 0,
    gid: 0,
  });
  expect(mount("type=secret,id=KEY,env=KEY,required")).toMatchObject({
    target: undefined,
    env: "KEY",
    required: true,
  });
  expect(mount("type=secret,target=/root/.netrc")).toMatchObject({ id: ".netrc", target: "/root/.netrc" });
  expect(mount("type=ssh")).toEqual({
    type: "ssh",
    id: "default",
    target: undefined,
    required: false,
    mode: 0o600,
    uid: 0,
    gid: 0,
  });
});

test("a mount's values are expanded when its variables are known, and checked then", () => {
  const lookup = (name: string) => ({ T: "cache", D: "/data" })[name];
  expect(mount("type=$T,target=${D}/x", lookup)).toMatchObject({
    type: "cache",
    id: "/data/x",
    target: "/data/x",
  });
  expect(() => mount("type=$T,target=/x,size=3", lookup)).toThrow(
    "unexpected key 'size' for mount type 'cache'",
  );
});

test("what a RUN with heredocs executes", () => {
  expect(runScript(run("RUN <<EOF\necho a\nEOF"))).toEqual({ kind: "shell", text: "echo a\n" });
  expect(runScript(run("RUN <<-EOF bash\n\techo a\n\tEOF"))).toEqual({
    kind: "shell",
    text: "<<-EOF bash\necho a\nEOF",
  });
  expect(runScript(run("RUN <<'E F'\n#!/usr/bin/python\nprint(1)\nE F"))).toEqual({
    kind: "file",
    name: "E F",
    content: "#!/usr/bin/python\nprint(1)\n",
  });
  expect(runScript(run("RUN <<A cat > a && <<B cat > b\n1\nA\n2\nB"))).toEqual({
    kind: "shell",
    text: "<<A cat > a && <<B cat > b\n1\nA\n2\nB",
  });
  expect(runScript(run('RUN ["a", "<<b"]'))).toEqual({ kind: "exec", arguments: ["a", "<<b"] });
});

test("an image's trigger is what ONBUILD wrote, heredocs included", () => {
  const written = only("ONBUILD COPY <<A <<B /dst/\none\nA\ntwo\nB");
  if (written.kind !== "onbuild") throw new Error("no ONBUILD");
  expect(written.expression).toBe("COPY <<A <<B /dst/\none\nA\ntwo\nB");
  const trigger = parseInstruction(written.expression, "the base image's ONBUILD");
  expect(trigger.kind).toBe("copy");
  expect(trigger.original).toBe("COPY <<A <<B /dst/");
});

test("a trigger is one instruction, and not every one", () => {
  const parse = (text: string) => parseInstruction(text, "ONBUILD");
  expect(() => parse("RUN a\nRUN b")).toThrow("onbuild trigger should be a single expression");
  expect(() => parse("FROM a")).toThrow("FROM isn't allowed as an ONBUILD trigger");
  expect(() => parse("ONBUILD RUN a")).toThrow("isn't allowed");
  expect(() => parse("")).toThrow("the Dockerfile cannot be empty");
});
