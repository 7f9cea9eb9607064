import { afterEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { screen } from "../clients/screen.ts";
import { ownHost } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

/** The name, by which it says that it has done it; a line about waiting may have stood there. */
const DONE = /(?:\r\n|\x1b\[K)web\r\n/;

describe.skipIf(engineMissing)("inro edit, of everything else", () => {
  const cli = cliEngine(ownHost);
  const { out } = cli;
  const at = async (name: string, template: string) => (await out("inspect", "-f", template, name)).trim();
  const run = (name: string, ...words: string[]) =>
    out("run", "-d", "--stop-timeout", "0", "--name", name, ...words, "busybox", "sleep", "600");
  const inside = async (name: string, script: string) =>
    (await cli.inro("exec", name, "sh", "-c", script)).stdout;
  const pidOf = (name: string) => at(name, "{{.State.Pid}}");
  const networksOf = async (name: string) =>
    Object.keys(JSON.parse(await at(name, "{{json .NetworkSettings.Networks}}"))).sort();
  const about = (name: string) =>
    at(name, "{{json .Config}} {{json .HostConfig}} {{.Name}} {{json .NetworkSettings.Networks}}");

  afterEach(async () => {
    const ids = (await out("ps", "-aq")).split("\n").filter(Boolean);
    if (ids.length > 0) await out("rm", "-f", "-v", ...ids);
    await out("network", "prune", "-f");
  });

  test("capabilities, devices, ulimits, sysctls and the like, by a restart, one by one", async () => {
    await run("web", "--cap-add", "SYS_TIME", "--cap-drop", "NET_RAW", "--ulimit", "nofile=64:64");
    await inside("web", "echo kept >/own");
    const words = [
      ...["--cap-add", "net_raw", "--cap-drop", "KILL", "--cap-add-rm", "CAP_SYS_TIME"],
      ...["--device", "/dev/full:/dev/mine:r", "--device-cgroup-rule", "c 1:7 rwm"],
      ...["--ulimit", "nofile=128:256", "--ulimit", "core=0", "--sysctl", "net.ipv4.ip_forward=1"],
      ...["--group-add", "1234", "--security-opt", "no-new-privileges", "--log-opt", "max-size=1m"],
      ...["--hostname", "newname", "--user", "0:7", "--workdir", "/tmp", "--shm-size", "1m"],
      ...["--oom-score-adj", "300", "--security-opt", "seccomp=unconfined"],
    ];
    const shown = await out("edit", "web", ...words);
    expect(shown).toStartWith("With a restart; its files and volumes stay\n");
    for (const line of [
      "- added capability SYS_TIME",
      "+ added capability NET_RAW",
      "- dropped capability NET_RAW",
      "+ dropped capability KILL",
      "+ device /dev/mine = /dev/full r",
      "+ device rule c 1:7 rwm",
      "~ ulimit nofile: 64:64 → 128:256",
      "+ ulimit core = 0:0",
      "+ sysctl net.ipv4.ip_forward = 1",
      "+ group 1234",
      "~ no new privileges: false → true",
      "~ seccomp: default → unconfined",
      "~ log: json-file → json-file max-size=1m",
      "+ host name = newname",
    ])
      expect(shown).toContain(`  ${line}\n`);
    const script =
      "cat /own; ulimit -Sn; ulimit -Hn; hostname; pwd; id -g; id -G; cat /proc/sys/net/ipv4/ip_forward; " +
      "grep -E 'Seccomp:|NoNewPrivs' /proc/self/status; cat /proc/1/oom_score_adj; test -c /dev/mine && echo device; " +
      "df -k /dev/shm | tail -1 | tr -s ' ' | cut -d ' ' -f 2";
    expect(await inside("web", script)).toBe(
      "kept\n128\n256\nnewname\n/tmp\n7\n7 1234\n1\nNoNewPrivs:\t1\nSeccomp:\t0\n300\ndevice\n1024\n",
    );
    expect(await at("web", "{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}}")).toBe(
      "[CAP_NET_RAW] [CAP_KILL]",
    );
    const held = BigInt(`0x${(await inside("web", "grep CapBnd /proc/1/status")).split("\t")[1]?.trim()}`);
    expect([held & (1n << 13n), held & (1n << 5n), held & (1n << 25n)]).toEqual([1n << 13n, 0n, 0n]);
    // All of it away again.
    await out(
      "edit",
      "web",
      ...["--cap-add-rm", "NET_RAW", "--cap-drop-rm", "KILL", "--device-rm", "/dev/mine"],
    );
    const back = await out(
      "edit",
      "web",
      ...["--device-cgroup-rule-rm", "c 1:7 rwm", "--ulimit-rm", "nofile", "--ulimit-rm", "core"],
      ...["--sysctl-rm", "net.ipv4.ip_forward", "--group-add-rm", "1234", "--log-opt-rm", "max-size"],
      ...["--security-opt-rm", "no-new-privileges", "--security-opt-rm", "seccomp"],
      ...["--reset", "hostname", "--reset", "user", "--reset", "workdir", "--reset", "shm-size"],
      ...["--reset", "oom-score-adj", "--reset", "stop-timeout"],
    );
    expect(back).toContain("- host name = newname\n");
    await run("plain");
    await out("edit", "plain", "--reset", "stop-timeout");
    const told = async (name: string) => {
      const record = JSON.parse(await at(name, "[{{json .Config}}, {{json .HostConfig}}]"));
      record[0].Hostname = "";
      return record;
    };
    expect(await told("web")).toEqual(await told("plain"));
    expect(await inside("web", "cat /own")).toBe("kept\n");
  }, 60_000);

  test("networks, DNS servers and hosts while it runs", async () => {
    for (const name of ["front", "back"]) await out("network", "create", name);
    await run("db", "--network", "back");
    await run(
      "web",
      "--network",
      "front",
      "-p",
      "8000:80",
      "--add-host",
      "a:10.0.0.1",
      "--add-host",
      "b:10.0.0.2",
    );
    const pid = await pidOf("web");
    const words = ["--network", "name=back,alias=site", "--network-rm", "front", "--dns", "192.0.2.53"];
    const more = ["--dns-search", "example.org", "--add-host", "a:10.0.0.9", "--add-host-rm", "b"];
    const shown = await out("edit", "web", ...words, ...more, "-p", "8001:81");
    expect(shown).toStartWith("At once\n");
    for (const line of [
      "+ network back = alias site",
      "- network front",
      "+ DNS server 192.0.2.53",
      "+ DNS search domain example.org",
      "~ host a: 10.0.0.1 → 10.0.0.9",
      "- host b = 10.0.0.2",
      "+ port 8001:81/tcp",
    ])
      expect(shown).toContain(`  ${line}\n`);
    expect(shown).not.toContain("With a restart");
    expect(await pidOf("web")).toBe(pid);
    const works = async () => {
      expect(await networksOf("web")).toEqual(["back"]);
      expect(await inside("db", "nslookup site 127.0.0.11 2>&1 | grep -c 'Name:.*site'")).toBe("1\n");
      const hosts = await inside("web", "cat /etc/hosts");
      expect(hosts).toContain("10.0.0.9\ta\n");
      expect(hosts).not.toContain("10.0.0.2");
      expect(hosts).not.toContain("10.0.0.1\t");
      expect(await inside("web", "cat /etc/resolv.conf")).toContain("search example.org");
      expect((await out("port", "web")).split("\n").sort()).toEqual([
        "",
        "80/tcp -> 0.0.0.0:8000",
        "80/tcp -> [::]:8000",
        "81/tcp -> 0.0.0.0:8001",
        "81/tcp -> [::]:8001",
      ]);
      expect(await at("web", "{{.HostConfig.NetworkMode}} {{.HostConfig.Dns}}")).toBe("back [192.0.2.53]");
    };
    await works();
    await cli.engine.kill();
    await cli.engine.serve();
    await works();
    await out("restart", "-t", "0", "web");
    await works();
  }, 60_000);

  test("a network of another kind, by a restart, and back", async () => {
    await run("web");
    expect(await out("edit", "web", "--network", "none")).toContain("- network bridge\n  + network none\n");
    expect(await inside("web", "ls /sys/class/net")).toBe("lo\n");
    await out("edit", "web", "--network", "bridge", "-p", "8000:80");
    expect(await networksOf("web")).toEqual(["bridge"]);
    expect(await out("port", "web")).toContain("80/tcp -> 0.0.0.0:8000\n");
    await run("other");
    await out("edit", "web", "--publish-rm", "80", "--network", "container:other");
    const space = async (name: string) => (await inside(name, "readlink /proc/self/ns/net")).trim();
    expect(await space("web")).toBe(await space("other"));
  }, 60_000);

  test("undoes live changes of networks where something else fails: address and ports too", async () => {
    for (const name of ["front", "back"]) await out("network", "create", name);
    await run("other", "-p", "9000:90");
    await run("web", "--network", "front", "-p", "8000:80", "--add-host", "a:10.0.0.1");
    const [told, pid, ports] = [await about("web"), await pidOf("web"), await out("port", "web")];
    const address = await inside("web", "ip -4 addr show eth0 | grep inet");
    const words = ["--network", "back", "--network-rm", "front", "--add-host", "a:10.0.0.2", "-p", "9000:90"];
    expect((await cli.inro("edit", "web", ...words)).stderr).toContain('"other" has published it');
    const again = JSON.parse(JSON.stringify(await about("web")));
    expect(again.replaceAll(/"EndpointID":"[^"]*"/g, "")).toBe(told.replaceAll(/"EndpointID":"[^"]*"/g, ""));
    expect([await pidOf("web"), await out("port", "web")]).toEqual([pid, ports]);
    expect(await inside("web", "ip -4 addr show eth0 | grep inet")).toBe(address);
    expect(await inside("web", "cat /etc/hosts")).toContain("10.0.0.1\ta\n");
    expect(await inside("web", "ls /sys/class/net")).toBe("eth0\nlo\n");
  }, 60_000);

  test("undoes a move out of a network where it is linked to what was removed since", async () => {
    for (const name of ["front", "back"]) await out("network", "create", name);
    await run("other", "-p", "9000:90");
    await run("gone", "--network", "front");
    await run("web");
    await out("network", "connect", "--link", "gone:x", "front", "web");
    await out("rm", "-f", "gone");
    const words = ["--network-rm", "front", "-p", "9000:90"];
    expect((await cli.inro("edit", "web", ...words)).stderr).toContain('"other" has published it');
    expect(await networksOf("web")).toEqual(["bridge", "front"]);
    expect(await inside("web", "ls /sys/class/net")).toBe("eth0\neth1\nlo\n");
  }, 60_000);

  test("refuses what cannot be changed by its name, and what makes no sense", async () => {
    await run("web");
    const told = await about("web");
    const says = async (...words: string[]) => {
      const { code, stderr } = await cli.inro("edit", "web", ...words);
      expect(code).not.toBe(0);
      return stderr;
    };
    expect(await says("--image", "other")).toContain("what the container wrote lies over this image");
    expect(await says("--network-rm", "bridge")).toContain("it would be in no network any more");
    expect(await says("--network-rm", "none")).toContain('it is not in the network "none"');
    expect(await says("--network", "nosuch")).toContain("network nosuch not found");
    expect(await says("--network", "host", "--network", "bridge")).toContain("cannot be had together");
    expect(await says("--cap-add", "NOPE")).toContain('there is no capability "NOPE"');
    expect(await says("--cap-add-rm", "KILL")).toContain('it has no added capability "KILL"');
    expect(await says("--sysctl", "vm.swappiness=1")).toContain("does not belong to a namespace");
    expect(await says("--ulimit-rm", "nofile")).toContain('it has no ulimit "nofile"');
    expect(await says("--log-opt-rm", "max-size")).toContain('its log has no option "max-size"');
    expect(await says("--log-opt", "nosuch=1")).toContain("unknown log opt 'nosuch'");
    expect(await says("--reset", "nosuch")).toContain("it is none of command, entrypoint");
    expect(await says("--security-opt-rm", "apparmor")).toContain("is none of seccomp, no-new-privileges");
    expect(await about("web")).toBe(told);
  }, 30_000);

  test("in the user's editor: lines of lists and networks that come and go", async () => {
    using folder = temporaryFolder("editor");
    const editor = join(folder.path, "editor");
    await out("network", "create", "front");
    await out("network", "create", "back");
    await run(
      "web",
      "--network",
      "front",
      "--network-alias",
      "site",
      "--cap-add",
      "SYS_TIME",
      "--hostname",
      "first",
    );
    const edit = async (script: string, wanted: RegExp) => {
      writeFileSync(editor, `#!/bin/sh\nsed -i "${script}" "$1"\n`, { mode: 0o755 });
      using terminal = screen([...cli.engine.command, "edit", "-f", "web"], { EDITOR: `sh ${editor}` });
      await terminal.shows(wanted);
      expect(await terminal.exited).toBe(0);
    };
    await edit("s/^--network .*/--network back/", DONE);
    expect(await networksOf("web")).toEqual(["back"]);
    await edit("/^--network/d; /^--hostname/d; s/SYS_TIME/KILL/", DONE);
    expect(await networksOf("web")).toEqual(["bridge"]);
    const id = (await at("web", "{{.Id}}")).slice(0, 12);
    expect(await at("web", "{{.Config.Hostname}} {{.HostConfig.CapAdd}}")).toBe(`${id} [CAP_KILL]`);
  }, 60_000);
});
