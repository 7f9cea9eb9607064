import { beforeAll, describe, expect, test } from "bun:test";
import { setPriority } from "node:os";
import { ALIASES, COLUMNS } from "../../src/engine/look/ps/columns.ts";
import { ownHost } from "../support/host.ts";
import { dockerEngine, engineMissing } from "./docker.ts";

/** procps's own, as what dockerd would have shown; the engine itself has no need of it. */
const ps = Bun.which("ps");

describe.skipIf(engineMissing || ps === null)("docker top beside ps", () => {
  const it = dockerEngine(ownHost);
  const { docker, ok } = it;
  let pids: readonly string[] = [];

  /** Cells of each line; what is behind the last title may hold blanks. */
  const cells = (text: string, columns: number) =>
    text
      .trim()
      .split("\n")
      .map((line) => {
        const parts = line.trim().split(/\s+/);
        return [...parts.slice(0, columns - 1), parts.slice(columns - 1).join(" ")];
      });
  const byPs = (...words: readonly string[]) =>
    Bun.spawnSync(["ps", ...words, "--ppid", "2147483647", "-p", pids.join(",")], {
      env: { ...process.env, COLUMNS: "5000" },
    });
  const isSame = async (words: readonly string[], own: readonly string[] = words) => {
    const known = byPs(...own);
    expect(known.stderr.toString()).toBe("");
    const shown = await ok("top", "many", ...words);
    const columns = shown.split("\n")[0]?.trim().split(/\s+/).length ?? 0;
    expect(cells(shown, columns).map(plain)).toEqual(cells(known.stdout.toString(), columns).map(plain));
  };
  /** ps knows no terminal that is not in the host's /dev, and cuts long names of functions and namespaces. */
  const plain = (line: readonly string[]) =>
    line.map((cell) => (cell === "pts/0" ? "?" : cell.replace(/^((?:do_wai|hrtime|poll_s))\w*$/, "$1")));

  beforeAll(async () => {
    const script = "sleep 1000 & exec sh -c 'while :; do sleep 1001; done' 'a b'";
    await ok("run", "-dt", "--name", "many", "-u", "1:1", "busybox", "sh", "-c", script);
    pids = (await ok("top", "many", "-o", "pid"))
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
    expect(pids).toHaveLength(3);
    setPriority(Number(pids[1]), 5);
  }, 60_000);

  test("what it shows without arguments is -ef, with names of users", async () => {
    await isSame([], ["-f"]);
    expect(await ok("top", "many")).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD\n *daemon /);
  });

  test.each([
    [["-ef"], ["-f"]],
    [["-eF"], ["-F"]],
    [["-el"], ["-l"]],
    [["-elf"], ["-l", "-f"]],
    [["-ej"], ["-j"]],
    [["-e"], []],
    [["aux"], ["u"]],
    [["axj"], ["j"]],
    [["axl"], ["l"]],
    [["ax"], ["-o", "pid,tname,stat,bsdtime,args"]],
    [
      ["-eo", "pid,comm"],
      ["-o", "pid,comm"],
    ],
    [
      ["-o", "pid", "-o", "user=WHO"],
      ["-o", "pid", "-o", "user=WHO"],
    ],
    [
      ["axo", "pid,args"],
      ["-o", "pid,args"],
    ],
  ])("%j", isSame);

  // Columns that are other ones in the next moment.
  const passing = new Set(["psr", "%cpu", "etimes", "etime", "c", "pcpu", "start", "lstart", "owner"]);
  const names = [...Object.keys(COLUMNS), ...Object.keys(ALIASES)].filter((name) => !passing.has(name));

  test("each column has ps's title and value", async () => {
    for (const name of names) await isSame(["-o", `pid,${name}`], ["-o", `pid,${name}`]);
  }, 60_000);

  test("titles and values of those that pass are of the same kind", async () => {
    for (const name of ["psr", "%cpu", "etimes", "etime", "c", "start", "lstart"]) {
      const [shown, known] = [
        await ok("top", "many", "-o", `pid,${name}`),
        byPs("-o", `pid,${name}`).stdout.toString(),
      ];
      const kinds = (text: string) =>
        cells(text, 2).map((line) => line.map((cell) => cell.replace(/\d+/g, "0")));
      expect(kinds(shown)).toEqual(kinds(known));
    }
  });

  test("what it cannot show is refused by name", async () => {
    const refused = async (...words: readonly string[]) => (await docker("top", "many", ...words)).stderr;
    expect(await refused("-o", "pid,nonsense")).toContain('unknown user-defined format specifier "nonsense"');
    expect(await refused("-ef", "-o", "pid")).toContain("conflicting format options");
    expect(await refused("-Z")).toContain('the output format "Z" is not known');
    expect(await refused("-o")).toContain("no column is named");
    expect(await refused("--sort=pid")).toContain("is not known");
  });
});
