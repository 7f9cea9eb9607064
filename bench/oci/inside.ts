import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { finish } from "../programs.ts";
import { median, rotated } from "../sample.ts";
import type { Row } from "../table.ts";
import { commandOf, type Rooms } from "./rooms.ts";

const MEASURED = [
  { work: "living inside: a system call", unit: "ns", scale: 1 },
  { work: "living inside: make, write, read, remove a file", unit: "µs", scale: 1000 },
  { work: "living inside: a thousand multiplications", unit: "ns", scale: 1 },
] as const;

/** Two measurements of the very same thing differ by so much. */
const NOISE = 1.05;

/** The same program outside and inside, under Docker's filter of system calls: what isolation costs while it lasts. */
export async function insideRows(rooms: Rooms, rounds: number): Promise<Row[]> {
  const program = join(rooms.bundles.rootfs, "bin/inside");
  compile(program);
  const places = [
    { name: "outside", run: () => finish([program, join(rooms.bundles.rootfs, "work")], {}) },
    ...rooms.runtimes.map((runtime) => ({
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
  return MEASURED.map(({ work, unit, scale }, index) => ({
    work,
    unit,
    values: new Map(
      [...said].map(([name, runs]) => [name, median(runs.map((run) => run[index] ?? Number.NaN)) / scale]),
    ),
    budget: { factor: NOISE, against: "runc" },
  }));
}

function compile(program: string): void {
  const words = ["-O2", "-static", "-o", program, join(import.meta.dir, "inside.c")];
  const { status, stderr } = spawnSync(process.env["CC"] ?? "cc", words, { encoding: "utf8" });
  if (status !== 0) throw new Error(`cannot compile inside.c: ${stderr}`);
}
