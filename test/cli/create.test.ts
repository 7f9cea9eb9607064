import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { attached, createBody } from "../../src/cli/create/body.ts";
import { createOptions } from "../../src/cli/create/options.ts";
import { parse } from "../../src/cli/options/parse.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** The body that `create` would send for this line. */
function body(...words: string[]): Record<string, unknown> & { HostConfig: Record<string, unknown> } {
  const { options, args, given } = parse(createOptions, words, { interspersed: false });
  const [image = "", ...command] = args;
  const streams = attached(options, false);
  return createBody({ image, command, options, given, streams }) as ReturnType<typeof body>;
}

const host = (...words: string[]) => body(...words, "image").HostConfig;

test("what was not asked for is not in the request", () => {
  expect(body("image")).toEqual({
    Image: "image",
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      ReadonlyRootfs: false,
      PublishAllPorts: false,
      Privileged: false,
      AutoRemove: false,
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    },
  });
});

test("the process", () => {
  const line = ["-it", "-w", "/work", "-u", "1:2", "--entrypoint", "", "-h", "box", "-l", "a=b", "-l", "c"];
  expect(body(...line, "--stop-signal", "INT", "image", "ls", "-l")).toMatchObject({
    Cmd: ["ls", "-l"],
    Entrypoint: [""],
    WorkingDir: "/work",
    User: "1:2",
    Hostname: "box",
    Labels: { a: "b", c: "" },
    Tty: true,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    StopSignal: "INT",
  });
});

describe("environment", () => {
  afterEach(() => {
    delete process.env["INRO_TEST_VALUE"];
  });

  test("-e without a value takes this process's, or is handed on as it is", () => {
    process.env["INRO_TEST_VALUE"] = "here";
    expect(body("-e", "INRO_TEST_VALUE", "-e", "INRO_TEST_NONE", "-e", "A=b=c", "image")["Env"]).toEqual([
      "INRO_TEST_VALUE=here",
      "INRO_TEST_NONE",
      "A=b=c",
    ]);
  });

  test("a file's lines come first; comments, empty lines and unknown names are dropped", () => {
    using folder = temporaryFolder("cli");
    const file = join(folder.path, "env");
    writeFileSync(file, "# a comment\n\nA=1\nINRO_TEST_NONE\nB=two words\r\n");
    expect(body("--env-file", file, "-e", "A=2", "image")["Env"]).toEqual(["A=1", "B=two words", "A=2"]);
    writeFileSync(file, "no name=1\n");
    expect(() => body("--env-file", file, "image")).toThrow("does not begin with a name");
    expect(() => body("--env-file", "/nope", "image")).toThrow('cannot read "/nope" of --env-file');
  });
});

describe("volumes and mounts", () => {
  test("-v", () => {
    const made = body("-v", "/a:/b:ro", "-v", "./x:/y", "-v", "data:/z", "-v", "/anonymous", "image");
    expect(made.HostConfig["Binds"]).toEqual(["/a:/b:ro", `${process.cwd()}/x:/y`, "data:/z"]);
    expect(made["Volumes"]).toEqual({ "/anonymous": {} });
    for (const wrong of ["", "a:", ":b", "a:b:c:d"])
      expect(() => body("-v", wrong, "image")).toThrow("write SOURCE:TARGET");
  });

  test("--mount", () => {
    const mounts = host(
      ...["--mount", 'type=bind,"src=/a,b",dst=/c,readonly,bind-propagation=rshared'],
      ...["--mount", "source=data,target=/d,volume-nocopy,volume-label=x=y"],
      ...["--mount", "type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770"],
    )["Mounts"];
    expect(mounts).toEqual([
      { Type: "bind", Source: "/a,b", Target: "/c", ReadOnly: true, BindOptions: { Propagation: "rshared" } },
      { Type: "volume", Source: "data", Target: "/d", VolumeOptions: { NoCopy: true, Labels: { x: "y" } } },
      { Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 2 ** 20, Mode: 0o1770 } },
    ]);
    const refused = {
      "type=bind,target=/x": "type=bind needs a source",
      "src=a": "it has no target",
      "typ=x": '"typ"',
    };
    for (const [wrong, why] of Object.entries(refused)) expect(() => host("--mount", wrong)).toThrow(why);
  });

  test("--tmpfs", () => {
    expect(host("--tmpfs", "/run", "--tmpfs", "/t:rw,size=1m")["Tmpfs"]).toEqual({
      "/run": "",
      "/t": "rw,size=1m",
    });
  });
});

describe("ports", () => {
  const bindings = (...ports: string[]) => host(...ports.flatMap((port) => ["-p", port]))["PortBindings"];

  test("every form of -p", () => {
    expect(bindings("8080:80", "127.0.0.1:53:53/udp", "[::1]:1:2", "127.0.0.1::99", ":70", "443")).toEqual({
      "80/tcp": [{ HostIp: "", HostPort: "8080" }],
      "53/udp": [{ HostIp: "127.0.0.1", HostPort: "53" }],
      "2/tcp": [{ HostIp: "::1", HostPort: "1" }],
      "99/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }],
      "70/tcp": [{ HostIp: "", HostPort: "" }],
      "443/tcp": [{ HostIp: "", HostPort: "" }],
    });
  });

  test("ranges go side by side; one port may take any of a range", () => {
    expect(bindings("7000-7001:80-81")).toEqual({
      "80/tcp": [{ HostIp: "", HostPort: "7000" }],
      "81/tcp": [{ HostIp: "", HostPort: "7001" }],
    });
    expect(bindings("7000-7009:80")).toEqual({ "80/tcp": [{ HostIp: "", HostPort: "7000-7009" }] });
  });

  test("what is published is exposed", () => {
    expect(body("-p", "1:80", "--expose", "90-91/udp", "image")["ExposedPorts"]).toEqual({
      "80/tcp": {},
      "90/udp": {},
      "91/udp": {},
    });
  });

  test("what cannot be is refused", () => {
    const wrong = {
      "80:x": "is not a port",
      "1-2:1-3": "differ in length",
      "2-1:1": "backwards",
      "1:70000": "65535",
      "1:2/icmp": "not tcp, udp or sctp",
    };
    for (const [port, why] of Object.entries(wrong)) expect(() => bindings(port)).toThrow(why);
  });
});

test("limits", () => {
  expect(
    host("-m", "64m", "--memory-swap", "-1", "--cpus", "1.5", "--pids-limit", "10", "--ulimit", "nofile=1:2"),
  ).toMatchObject({
    Memory: 64 * 2 ** 20,
    MemorySwap: -1,
    NanoCpus: 1.5e9,
    PidsLimit: 10,
    Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
  });
  expect(() => host("--ulimit", "nofile")).toThrow("write NAME=SOFT");
});

test("devices and restart policies", () => {
  const devices = host("--device", "/dev/fuse", "--device", "/dev/a:/dev/b:r", "--device", "/dev/c:rw")[
    "Devices"
  ];
  expect(devices).toEqual([
    { PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "rwm" },
    { PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "r" },
    { PathOnHost: "/dev/c", PathInContainer: "/dev/c", CgroupPermissions: "rw" },
  ]);
  expect(host("--restart", "on-failure:3")["RestartPolicy"]).toEqual({
    Name: "on-failure",
    MaximumRetryCount: 3,
  });
  expect(() => host("--restart", "always:x")).toThrow("--restart");
});

test("security: a profile is sent as its text, system paths as empty lists", () => {
  using folder = temporaryFolder("cli");
  const file = join(folder.path, "profile.json");
  writeFileSync(file, '{ "defaultAction": "SCMP_ACT_ALLOW" }');
  const fields = host(
    ...["--security-opt", `seccomp=${file}`, "--security-opt", "systempaths=unconfined"],
    ...["--cap-add", "NET_ADMIN", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
  );
  expect(fields).toMatchObject({
    SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}', "no-new-privileges"],
    MaskedPaths: [],
    ReadonlyPaths: [],
    CapAdd: ["NET_ADMIN"],
    CapDrop: ["ALL"],
  });
  const exact = '{"value":18446744073709551601}';
  writeFileSync(file, exact);
  expect(host("--security-opt", `seccomp=${file}`)).toMatchObject({ SecurityOpt: [`seccomp=${exact}`] });
  expect(() => host("--security-opt", "seccomp=/nope.json")).toThrow(
    'cannot use "/nope.json" as the seccomp profile',
  );
});

test("-a chooses streams", () => {
  expect(body("-a", "stdout", "-a", "STDERR", "-i", "image")).toMatchObject({
    AttachStdin: false,
    StdinOnce: false,
  });
  expect(() => body("-a", "stdxxx", "image")).toThrow("it is not stdin, stdout or stderr");
});
