import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { finish } from "../programs.ts";
import { rotated } from "../sample.ts";
import type { Row } from "../table.ts";
import { commandOf, type Rooms } from "./rooms.ts";

/**
 * On the disk two measurements of the very same thing differ by a tenth at best and threefold at worst, by what others write
 * meanwhile: that row is there to be looked at.
 */
const MEASURED = [
  { work: "living inside: a system call", unit: "ns", scale: 1, judged: true },
  { work: "living inside: a thousand multiplications", unit: "ns", scale: 1, judged: true },
  {
    work: "living inside: make, write, read, remove a file in memory",
    unit: "µs",
    scale: 1000,
    judged: true,
  },
  { work: "living inside: the same on the disk", unit: "µs", scale: 1000, judged: false },
] as const;

/** So much the others' measurements differ. */
const NOISE = 1.05;

/** The same program outside and inside, under Docker's filter of system calls: what isolation costs while it lasts. */
export async function insideRows(rooms: Rooms, rounds: number): Promise<Row[]> {
  const program = join(rooms.bundles.rootfs, "bin/inside");
  compile(program);
  const places = [
    {
      name: "outside",
      run: () => finish([program, "/dev/shm", join(rooms.bundles.rootfs, "work")], {}),
    },
    ...rooms.runtimes
      .filter(({ name }) => name !== "inro-cold")
      .map((runtime) => ({
        name: runtime.name,
        run: (round: number) => {
          const id = `inside-${runtime.name}-${round}`;
          const words = commandOf(rooms, runtime, "run", "--bundle", rooms.bundles.inside, id);
          return finish(words, runtime.environment);
        },
      })),
  ];
  const said = new Map<string, number[][]>(places.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const { name, run } of rotated(places, round))
      said.get(name)?.push((await run(round)).trim().split(" ").map(Number));
  return MEASURED.map(({ work, unit, scale, judged }, index) => ({
    work,
    unit,
    values: new Map(
      [...said].map(([name, runs]) => [name, least(runs.map((run) => run[index] ?? Number.NaN)) / scale]),
    ),
    ...(judged ? { budget: { factor: NOISE, against: "runc" } } : {}),
  }));
}

/** Of all rounds the fastest: what else the machine does can only add. */
const least = (values: readonly number[]): number => Math.min(...values);

function compile(program: string): void {
  const words = ["-O2", "-static", "-o", program, join(import.meta.dir, "inside.c")];
  const { status, stderr } = spawnSync(process.env["CC"] ?? "cc", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cannot compile inside.c: ${stderr}`);
}
