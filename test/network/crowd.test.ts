import { describe, expect, test } from "bun:test";
import { busyboxArchive, busyboxMissing } from "../engine/busybox.ts";
import { rootMissing, testEngine } from "../support/engine.ts";
import { ownHost } from "../support/host.ts";

/** A short one in the gate; `INRO_CROWD=200 npm test -- test/network/crowd` is the long one. */
const CROWD = Number(process.env["INRO_CROWD"] ?? 20);

describe.skipIf(rootMissing || busyboxMissing)("many containers on one network", () => {
  test(`${CROWD} reach each other, before and after the daemon was killed, and leave nothing`, async () => {
    using host = await ownHost();
    await using engine = await testEngine(host);
    expect((await engine.inroWith({ input: busyboxArchive() }, "load")).code).toBe(0);
    const ok = async (...words: string[]) => {
      const { code, stdout, stderr } = await engine.inro(...words);
      if (code !== 0) throw new Error(`inro ${words.join(" ")}: ${stderr}`);
      return stdout.trim();
    };
    await ok("network", "create", "crowd");
    const names = Array.from({ length: CROWD }, (_, n) => `crowd-${n}`);
    // Four at a time: addresses and interfaces are given away side by side.
    for (let n = 0; n < names.length; n += 4)
      await Promise.all(
        names
          .slice(n, n + 4)
          .map((name) => ok("run", "-d", "--name", name, "--network", "crowd", "busybox", "sleep", "900")),
      );
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const addresses = (await ok("inspect", "-f", format, ...names)).split("\n");
    expect(new Set(addresses).size).toBe(CROWD);
    // All namespaces of a machine share one table of neighbours (gc_thresh3, mostly 1024), which makes room after seconds.
    const lost = async (from: string) => {
      const ask = "for a in $@; do ping -c 1 -W 2 $a >/dev/null || echo $a; done";
      let left = addresses.join("\n");
      for (let tries = 0; left !== "" && tries < 5; tries++) {
        if (tries > 0) await Bun.sleep(6000);
        left = await ok("exec", from, "sh", "-c", ask, "sh", ...left.split("\n"));
      }
      return left;
    };
    for (const from of [names[0], names[Math.floor(CROWD / 2)], names.at(-1)])
      expect(await lost(from ?? "")).toBe("");
    await engine.kill();
    await engine.serve();
    expect((await ok("inspect", "-f", format, ...names)).split("\n")).toEqual(addresses);
    await ok("run", "-d", "--name", "late", "--network", "crowd", "busybox", "sleep", "900");
    expect(addresses).not.toContain(await ok("inspect", "-f", format, "late"));
    expect(await lost("late")).toBe("");
    await ok("rm", "-f", "late", ...names);
    await ok("network", "rm", "crowd");
    for (let tries = 0; ; tries++) {
      const { stdout } = await host.run("ip", ["-o", "link"]);
      const left = stdout.match(/^\d+: (inro[0-9a-f]{8}@|br-)/gm) ?? [];
      if (left.length === 0) break;
      if (tries > 100) expect(left).toEqual([]);
      await Bun.sleep(50);
    }
  }, 900_000);
});
