import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/temporary.ts";
import { cliEngine, engineMissing } from "./engine.ts";

describe.skipIf(engineMissing)("mounts of a container", () => {
  const cli = cliEngine();
  const { out, inro } = cli;
  const folder = temporaryFolder("mounts");
  const here = (name: string) => join(folder.path, name);
  const data = (name: string) => join(cli.engine.dataRoot, "volumes", name, "_data");
  const run = (mount: string, script: string) =>
    out("run", "--rm", "--mount", mount, "busybox", "sh", "-c", script);
  const failed = (...words: string[]) => inro("run", "--rm", ...words);
  const options = (target: string) =>
    `cat /proc/self/mountinfo | while read l; do case "$l" in *" ${target} "*) echo "$l";; esac; done`;

  beforeAll(async () => {
    mkdirSync(here("tree/below"), { recursive: true });
    writeFileSync(here("tree/file"), "on the host\n");
  });
  afterAll(() => folder[Symbol.dispose]());

  describe("bind", () => {
    test("read-only, and what lies below it too unless bind-recursive=writable", async () => {
      const script = "(echo x > /m/file) 2>/dev/null && echo written || echo refused";
      expect(await run(`type=bind,src=${here("tree")},dst=/m,readonly`, script)).toBe("refused\n");
      expect(await run(`type=bind,src=${here("tree")},dst=/m`, "cat /m/file")).toBe("on the host\n");
    });

    test("recursive, not, and writable below: as the host has something mounted there", async () => {
      spawnSync("mount", ["-t", "tmpfs", "none", here("tree/below")]);
      try {
        writeFileSync(here("tree/below/deep"), "mounted below\n");
        const look = "cat /m/below/deep 2>/dev/null || echo nothing";
        const write = "(echo w > /m/below/new) 2>/dev/null && echo written || echo refused";
        const bind = `type=bind,src=${here("tree")},dst=/m`;
        expect(await run(bind, look)).toBe("mounted below\n");
        expect(await run(`${bind},bind-recursive=disabled`, look)).toBe("nothing\n");
        expect(await run(`${bind},readonly`, write)).toBe("refused\n");
        expect(await run(`${bind},readonly,bind-recursive=writable`, write)).toBe("written\n");
        expect(await run(`${bind},readonly,bind-recursive=readonly,bind-propagation=rprivate`, write)).toBe(
          "refused\n",
        );
      } finally {
        spawnSync("umount", [here("tree/below")]);
      }
    });

    test("a propagation that there is not is refused", async () => {
      const upwards = `type=bind,src=${here("tree")},dst=/m,bind-propagation=upwards`;
      expect((await failed("--mount", upwards, "busybox")).stderr).toContain("upwards");
    });

    test("a missing source is refused, and made when asked for", async () => {
      const missing = await failed("--mount", `type=bind,src=${here("none")},dst=/m`, "busybox", "true");
      expect(missing).toMatchObject({ code: 125 });
      expect(missing.stderr).toContain("bind source path does not exist");
      await run(`type=bind,src=${here("made")},dst=/m,bind-create-src`, "touch /m/f");
      expect(readFileSync(here("made/f"), "utf8")).toBe("");
    });
  });

  describe("tmpfs", () => {
    test("size, mode, and by default no programs, devices or set-id", async () => {
      const line = await run(
        "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0750",
        `${options("/t")}; stat -c %a /t`,
      );
      expect(line).toContain("nosuid,nodev,noexec");
      expect(line).toContain("size=1024k");
      expect(line).toEndWith("\n750\n");
      const copy =
        "cat /bin/busybox > /t/busybox; chmod 755 /t/busybox; /t/busybox echo ran 2>/dev/null || echo refused";
      const tmpfs = (words: string) =>
        out(
          "run",
          "--rm",
          "--tmpfs",
          `/t${words}`,
          "busybox",
          "sh",
          "-c",
          copy.replace("chmod", "/bin/busybox chmod"),
        );
      expect(await tmpfs("")).toBe("refused\n");
      expect(await tmpfs(":exec,size=8m")).toBe("ran\n");
    });
  });

  describe("volume", () => {
    test("subpath: a folder, a file, nothing, and no way out by a link that a container has planted", async () => {
      await out("volume", "create", "parts");
      mkdirSync(join(data("parts"), "a/b"), { recursive: true });
      writeFileSync(join(data("parts"), "a/b/f"), "deep\n");
      symlinkSync("/etc", join(data("parts"), "out"));
      symlinkSync("../../../../../../etc", join(data("parts"), "up"));
      const part = (subpath: string) => `type=volume,src=parts,dst=/m,volume-subpath=${subpath}`;
      expect(await run(part("a/b"), "cat /m/f")).toBe("deep\n");
      expect(await run(part("a/b/f"), "cat /m")).toBe("deep\n");
      for (const [subpath, why] of [
        ["none", "does not exist"],
        ["out", "does not exist"],
        ["up", "does not exist"],
        ["../..", "relative path within"],
        ["/a", "relative path within"],
      ] as const)
        expect((await failed("--mount", part(subpath), "busybox", "ls", "/m")).stderr).toContain(why);
      await out("run", "--name", "rests", "--mount", part("a/b"), "busybox", "true");
      expect(await out("cp", "rests:/m/f", "-")).toContain("deep\n");
      await out("rm", "rests");
      await out("volume", "rm", "parts");
    }, 30_000);

    test("copy-up fills an empty one, nocopy leaves it", async () => {
      expect(await run("type=volume,src=full,dst=/bin", "ls /bin/sh")).toBe("/bin/sh\n");
      const empty = await failed(
        "--mount",
        "type=volume,src=empty,dst=/bin,volume-nocopy",
        "busybox",
        "true",
      );
      expect(empty.code).toBe(127);
      await out("volume", "rm", "full", "empty");
    });

    test("one that was made before and is empty is filled, with the owner and mode of the image's folder, and never again", async () => {
      const dockerfile =
        "FROM busybox\nRUN mkdir -m 2750 /own; chown 7:8 /own; mkdir /some; echo image > /some/f\n";
      await out("volume", "create", "own");
      await out("volume", "create", "some");
      using folder = temporaryFolder("owned");
      writeFileSync(join(folder.path, "Dockerfile"), dockerfile);
      expect(await cli.inro("build", "-qt", "owned", folder.path)).toMatchObject({ code: 0 });
      const words = ["--rm", "-v", "own:/own", "-v", "some:/some", "owned", "sh", "-c"];
      const look = "stat -c '%u:%g %a' /own; cat /some/f; echo container > /some/f";
      expect(await out("run", ...words, look)).toBe("7:8 2750\nimage\n");
      expect(await out("run", ...words, "cat /some/f; rm /some/f")).toBe("container\n");
      expect(await out("run", ...words, "cat /some/f")).toBe("image\n");
      // Of several that come at once each finds it whole.
      await out("volume", "create", "busy");
      const all = Array.from({ length: 4 }, () =>
        out("run", "--rm", "-v", "busy:/bin", "busybox", "ls", "/bin"),
      );
      expect(new Set(await Promise.all(all)).size).toBe(1);
      await out("volume", "rm", "own", "some", "busy");
      await out("rmi", "owned");
    }, 60_000);

    test("options by --mount make it, and inspect tells them", async () => {
      const opts =
        'volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,"volume-opt=o=size=2m,uid=33"';
      const line = await run(
        `type=volume,src=fast,dst=/m,volume-label=a=b,${opts}`,
        `${options("/m")}; stat -c %u /m`,
      );
      expect(line).toContain("size=2048k");
      expect(line).toEndWith("\n33\n");
      expect(await out("volume", "inspect", "-f", "{{.Options.o}} {{.Labels.a}}", "fast")).toBe(
        "size=2m,uid=33 b\n",
      );
      await out("volume", "rm", "fast");
    });
  });

  describe("image", () => {
    test("an image's files, all or a part, read-only; it is kept while it is mounted", async () => {
      await out(
        "run",
        "--name",
        "maker",
        "busybox",
        "sh",
        "-c",
        "mkdir /added; echo from a layer > /added/f; rm /bin/wc",
      );
      await out("commit", "maker", "layered");
      await out("rm", "maker");
      const image = "type=image,src=layered,dst=/i";
      expect(await run(image, "cat /i/added/f; ls /i/bin/sh; ls /i/bin/wc 2>&1; ls /i/dev 2>&1; true")).toBe(
        "from a layer\n/i/bin/sh\nls: /i/bin/wc: No such file or directory\nls: /i/dev: No such file or directory\n",
      );
      expect(await run(`${image},image-subpath=added`, "cat /i/f")).toBe("from a layer\n");
      expect(await run(`${image},image-subpath=added/f`, "cat /i")).toBe("from a layer\n");
      expect(await run("type=image,src=busybox,dst=/i,image-subpath=bin", "ls /i/wc")).toBe("/i/wc\n");
      expect((await failed("--mount", image, "busybox", "touch", "/i/x")).stderr).toContain("Read-only");
      expect((await failed("--mount", "type=image,src=none,dst=/i", "busybox", "true")).stderr).toContain(
        "inro pull none",
      );
      await out("create", "--name", "holds", "--mount", image, "busybox");
      expect((await inro("rmi", "layered")).code).toBe(1);
      expect(await out("inspect", "-f", "{{range .Mounts}}{{.Type}} {{.RW}}{{end}}", "holds")).toBe(
        "image false\n",
      );
      await out("rm", "holds");
      await inro("rmi", "layered");
    }, 30_000);
  });
});
