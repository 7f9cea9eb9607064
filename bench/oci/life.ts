import type { OciRuntime } from "../contenders/oci.ts";
import { exit, finish } from "../programs.ts";
import { medians, rotated } from "../sample.ts";
import type { Row } from "../table.ts";
import { commandOf, type Rooms } from "./rooms.ts";

const STEPS = ["create", "start", "exec", "kill", "delete"] as const;
type Step = (typeof STEPS)[number];
type Times = Map<Step, Map<string, number[]>>;

/** One row a step of a container's life, as an engine above an OCI runtime calls them. */
export async function lifeRows(rooms: Rooms, rounds: number): Promise<Row[]> {
  const times: Times = new Map(
    STEPS.map((step) => [step, new Map(rooms.runtimes.map(({ name }) => [name, []]))]),
  );
  for (let round = 0; round < rounds + 1; round++)
    for (const runtime of rotated(rooms.runtimes, round)) {
      const durations = await live(rooms, runtime, `life-${runtime.name}-${round}`);
      // The first round is warm-up.
      if (round > 0) for (const [step, time] of durations) times.get(step)?.get(runtime.name)?.push(time);
    }
  return STEPS.map((step) => ({
    work: `OCI ${step}${step === "exec" ? " true" : ""}`,
    unit: "ms",
    values: medians(times.get(step) ?? new Map()),
  }));
}

async function live(rooms: Rooms, runtime: OciRuntime, id: string): Promise<Map<Step, number>> {
  const durations = new Map<Step, number>();
  const call = (...words: readonly string[]) =>
    exit(commandOf(rooms, runtime, ...words), runtime.environment);
  const timed = async (step: Step, ...words: readonly string[]) => {
    const start = performance.now();
    await call(step, ...words);
    durations.set(step, performance.now() - start);
  };
  try {
    await timed("create", "--bundle", rooms.bundles.sleep, id);
    await timed("start", id);
    await timed("exec", id, "/bin/true");
    await timed("kill", id, "KILL");
    while (await lives(rooms, runtime, id)) await Bun.sleep(1);
    await timed("delete", id);
  } catch (error) {
    await call("delete", "--force", id).catch(() => {});
    throw error;
  }
  return durations;
}

async function lives(rooms: Rooms, runtime: OciRuntime, id: string): Promise<boolean> {
  const state = await finish(commandOf(rooms, runtime, "state", id), runtime.environment);
  return (JSON.parse(state) as { status: string }).status !== "stopped";
}
