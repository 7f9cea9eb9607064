import { expect, test } from "bun:test";
import { chmodSync, globSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { digestOf } from "../../src/oci/digest.ts";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { dockerArchive, tar } from "../image/fixtures.ts";
import { newKey, signed, writer } from "../image/trust-fixtures.ts";
import { writtenRegistry } from "../image/written-registry.ts";
import { rootMissing, testEngine } from "../support/engine.ts";
import { machine } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** What another user finds open: r and w for anything, x for a file; a folder that can only be passed is none of these. */
const look = `while IFS= read -r path; do
  [ -r "$path" ] && echo "r $path"
  [ -w "$path" ] && echo "w $path"
  [ -f "$path" ] && [ -x "$path" ] && echo "x $path"
done; exit 0`;

// What somebody who knows every name can do is looked at: names of containers stand in /proc/PID/cgroup.
test.skipIf(rootMissing || busyboxMissing)(
  "R26 other users of the host neither list, read nor execute what the engine keeps (CVE-2021-41091)",
  async () => {
    using host = machine();
    using folder = temporaryFolder("others");
    const policy = join(folder.path, "trust.json");
    writeFileSync(policy, "{}");
    await using engine = await testEngine(host, "--trust", policy);
    // The folder of the test is nobody else's: what is below it is to be found closed by itself.
    chmodSync(dirname(engine.dataRoot), 0o755);
    const inro = async (...words: string[]) => {
      const { code, stderr } = await engine.inro(...words);
      if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
    };
    expect((await engine.inroWith({ input: busyboxArchive() }, "load")).code).toBe(0);
    const layer = tar(
      { name: "bin/", mode: 0o777 },
      { name: "bin/root", mode: 0o6755, content: "#!/bin/sh\nid" },
    );
    const archive = dockerArchive("setuid:latest", [layer], [digestOf(layer)]);
    expect((await engine.inroWith({ input: archive }, "load")).code).toBe(0);
    await using own = await writtenRegistry();
    const app = await writer(`${own.address}/app`);
    const key = newKey();
    const digest = await app.image("1", "signed");
    await app.refer(digest, signed(`${own.address}/app`, digest, key));
    writeFileSync(policy, JSON.stringify({ rules: { [own.address]: { signedBy: [key.pem] } } }));
    await inro("pull", "--platform", "linux/amd64", `${own.address}/app:1`);
    await inro("volume", "create", "shared");
    const open =
      "cp /bin/busybox /bin/root && chmod 6755 /bin/root && chmod 777 / /bin && echo secret > /secret";
    await inro("run", "-d", "--name", "runs", "busybox", "sh", "-c", `${open} && exec sleep 1000`);
    await inro("run", "--name", "ended", "-e", "TOKEN=secret", "busybox", "sh", "-c", open);
    const share = "cp /bin/busybox /shared/root && chmod 6755 /shared/root && chmod 777 /shared";
    await inro("run", "--name", "shares", "-v", "shared:/shared", "busybox", "sh", "-c", share);
    await inro("create", "--name", "never", "busybox");

    const all = [engine.dataRoot, engine.execRoot].flatMap((root) => [root, ...globSync(`${root}/**`)]);
    const kinds = [
      "/trust/",
      "/blobs/sha256/",
      "/snapshots/",
      "/upper/bin/root",
      "/_data/root",
      "/index.json",
      "monitor.sock",
    ];
    for (const kind of kinds) expect([kind, all.some((path) => path.includes(kind))]).toEqual([kind, true]);
    // Mount points are empty for everybody, and the daemon's pid is no secret.
    const paths = all.filter((path) => !/\/mount-points|\/inro\.pid$/.test(path));
    const seen = await host.run(
      "setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", look],
      { input: `${paths.join("\n")}\n` },
    );
    expect(seen).toMatchObject({ code: 0, stdout: "" });
  },
  30_000,
);
