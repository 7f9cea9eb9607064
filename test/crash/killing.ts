import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Daemon, daemon } from "./daemon.ts";

export interface Crash {
  readonly d: Daemon;
  /** It sleeps. */
  readonly container: string;
  /** What a program says in the daemon's network. */
  run(program: string, ...words: string[]): Promise<string>;
}

/** A daemon and a container for all tests of the `describe` that calls it. */
export function crash(change: Readonly<Record<string, unknown>> = {}): Crash {
  let made: { readonly d: Daemon; container: string } | undefined;
  const own = () => made ?? expect.unreachable("the daemon is there when the tests run");
  beforeAll(async () => {
    made = { d: await daemon(), container: "" };
    made.container = await made.d.run({ Cmd: ["sleep", "7200"], ...change });
  }, 60_000);
  afterAll(async () => {
    await made?.d[Symbol.asyncDispose]();
  }, 60_000);
  return {
    get d() {
      return own().d;
    },
    get container() {
      return own().container;
    },
    run: async (program, ...words) => (await own().d.host.run(program, words)).stdout,
  };
}

export interface Killing {
  /** How often in the gate; `INRO_KILLS=200 npm test -- test/crash/NAME` is the long run. */
  readonly kills: number;
  /** Done from its beginning each time, and cut short. */
  comeAndGo(turn: number): Promise<void>;
  /** What is told is what there is; answers it in words. */
  agreed(): Promise<string>;
  /** Takes back what is left of the work: what is there can be used, and nothing of what was lost is in its way. */
  tidy(): Promise<void>;
  /** What has to be agreed then. */
  readonly rest: string;
}

/** The daemon is killed at moments spread over all of the work; the next one has to make whole what is left. */
export function killedAtRandom(c: Crash, { kills: few, comeAndGo, agreed, tidy, rest }: Killing): void {
  const kills = Number(process.env["INRO_KILLS"] ?? few);
  test(
    `what is told is what there is, after ${kills} kills at random moments`,
    async () => {
      const whole = performance.now();
      await comeAndGo(0);
      const window = performance.now() - whole;
      const seen: Record<string, number> = {};
      for (let n = 0; n < kills; n++) {
        const attempt = comeAndGo(n).catch(() => {});
        await Bun.sleep((1.1 * window * ((n * 7919) % kills)) / kills);
        await c.d.end("SIGKILL");
        await attempt;
        await c.d.serve();
        const found = await agreed();
        seen[found] = (seen[found] ?? 0) + 1;
        await tidy();
        expect(await agreed()).toBe(rest);
      }
      console.log(`kills: ${kills}, found afterwards: ${JSON.stringify(seen)}`);
      expect(Object.keys(seen).length).toBeGreaterThan(1);
    },
    600_000 + kills * 5_000,
  );
}

/** Waits until what is found is what is expected: what ends leaves a moment later. */
export async function soon(found: () => Promise<unknown>, expected: unknown): Promise<void> {
  for (let tries = 0; ; tries++) {
    const now = await found();
    if (Bun.deepEquals(now, expected)) return;
    if (tries > 100) {
      expect(now).toEqual(expected);
      return;
    }
    await Bun.sleep(30);
  }
}
