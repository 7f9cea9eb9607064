import { finish } from "../programs.ts";
import { type Attempt, interleave, medians } from "../sample.ts";
import type { Row } from "../table.ts";
import { commandOf, type Rooms } from "./rooms.ts";

/** What a caller waits for when it runs a container from a bundle to its end. */
export async function runRow(rooms: Rooms, rounds: number): Promise<Row> {
  const attempts = rooms.runtimes.map(
    (runtime): Attempt => ({
      name: runtime.name,
      run: (round) => {
        const id = `bench-${runtime.name}-${round}`;
        return finish(
          commandOf(rooms, runtime, "run", "--bundle", rooms.bundles.true, id),
          runtime.environment,
        );
      },
    }),
  );
  return {
    work: "OCI run true",
    unit: "ms",
    values: medians(await interleave(attempts, rounds, 2)),
    budget: { factor: 0.4, against: "runc", and: { factor: 1, against: "crun" } },
  };
}
