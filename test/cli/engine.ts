import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { type Screen, screen } from "../clients/screen.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Finished, machine } from "../support/host.ts";

/** Why the tests that need an engine and an image are skipped, where they are. */
export const engineMissing = rootMissing || busyboxMissing;

export interface CliEngine extends AsyncDisposable {
  readonly engine: TestEngine;
  inro(...words: string[]): Promise<Finished>;
  /** The command line in a real terminal of 30 × 100. */
  onScreen(...words: string[]): Screen;
}

/** An engine with the image `busybox`, loaded by our own command line. */
export async function cliEngine(): Promise<CliEngine> {
  const host = machine();
  const engine = await testEngine(host);
  const loaded = await engine.inroWith({ input: busyboxArchive() }, "load");
  if (loaded.code !== 0) throw new Error(`inro load: ${loaded.stderr}`);
  return {
    engine,
    inro: (...words) => engine.inro(...words),
    onScreen: (...words) => screen([...engine.command, ...words]),
    [Symbol.asyncDispose]: async () => {
      await engine[Symbol.asyncDispose]();
      host[Symbol.dispose]();
    },
  };
}
