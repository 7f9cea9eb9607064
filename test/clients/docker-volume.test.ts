import { describe, expect, test } from "bun:test";
import { machine } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

describe.skipIf(engineMissing)("the unmodified docker CLI and volumes", () => {
  const it = dockerEngine(machine);
  const { docker, ok, inspect } = it;

  test("create, ls, inspect, filters, rm and prune", async () => {
    const options = ["--label", "a=b", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=1m"];
    expect(await ok("volume", "create", ...options, "ram")).toBe("ram");
    expect(await inspect("volume", "ram")).toMatchObject({
      ...{ Name: "ram", Driver: "local", Scope: "local", Labels: { a: "b" } },
      Options: { type: "tmpfs", device: "tmpfs", o: "size=1m" },
    });
    const anonymous = await ok("volume", "create");
    expect(anonymous).toMatch(/^[0-9a-f]{64}$/);
    expect((await inspect("volume", anonymous)).Labels).toEqual({ "com.docker.volume.anonymous": "" });
    expect(await ok("volume", "ls", "-q", "-f", "label=a=b")).toBe("ram");
    await ok("create", "--name", "user", "-v", "used:/v", "busybox");
    expect(await ok("volume", "ls", "-q", "-f", "dangling=false")).toBe("used");
    expect((await docker("volume", "rm", "used")).stderr).toContain("volume is in use");
    expect((await docker("volume", "create", "-o", "colour=red", "odd")).stderr).toContain("invalid option");
    expect((await docker("volume", "update", "ram")).code).toBe(1);
    expect(await ok("volume", "prune", "-f")).toContain(anonymous);
    expect(await ok("volume", "prune", "-af")).toContain("ram");
    await ok("rm", "user");
    expect((await docker("volume", "rm", "nothing")).stderr).toContain("no such volume");
    expect((await docker("volume", "rm", "-f", "nothing", "used")).code).toBe(0);
  }, 30_000);

  test("what --tmpfs asks for is told in HostConfig alone, a tmpfs of --mount among the mounts too", async () => {
    const words = ["--tmpfs", "/a:size=1m", "--mount", "type=tmpfs,dst=/b,tmpfs-size=2m,readonly"];
    await ok("create", "--name", "scratch", ...words, "busybox");
    const { Mounts, HostConfig } = await it.inspect("container", "scratch");
    expect(Mounts).toEqual([
      { Type: "tmpfs", Source: "", Destination: "/b", Mode: "", RW: false, Propagation: "" },
    ]);
    expect(HostConfig.Tmpfs).toEqual({ "/a": "size=1m" });
    expect(HostConfig.Mounts).toEqual([
      { Type: "tmpfs", Target: "/b", ReadOnly: true, TmpfsOptions: { SizeBytes: 2 << 20 } },
    ]);
    expect(await ok("ps", "-a", "--filter", "name=scratch", "--format", "{{.Mounts}}")).toBe("");
    await ok("rm", "scratch");
  });

  test("mounts of every type, as its own grammar writes them", async () => {
    const run = (mount: string, script: string) =>
      ok("run", "--rm", "--mount", mount, "busybox", "sh", "-c", script);
    expect(
      await run("type=volume,src=data,dst=/v,volume-label=x=y", "mkdir /v/sub; echo deep > /v/sub/f"),
    ).toBe("");
    expect(await run("type=volume,src=data,dst=/v,volume-subpath=sub,readonly", "cat /v/f")).toBe("deep");
    expect(await run("type=tmpfs,dst=/t,tmpfs-size=2m,tmpfs-mode=1770", "stat -c %a /t")).toBe("1770");
    expect(await run("type=image,src=busybox,dst=/i", "ls /i/bin/sh")).toBe("/i/bin/sh");
    expect(await run("type=image,src=busybox,dst=/i,image-subpath=bin", "ls /i/sh")).toBe("/i/sh");
    const bind = `type=bind,src=${it.engine.dataRoot},dst=/m`;
    expect(
      await run(`${bind},readonly,bind-propagation=rprivate,bind-recursive=readonly`, "ls /m/volumes"),
    ).toBe("data");
    expect(await run(`${bind},bind-recursive=disabled,bind-propagation=private`, "ls /m/volumes")).toBe(
      "data",
    );
    expect(
      (await docker("run", "--rm", "--mount", "type=bind,src=/no/such,dst=/m", "busybox")).stderr,
    ).toContain("bind source path does not exist");
    await ok("volume", "rm", "data");
  }, 30_000);
});
