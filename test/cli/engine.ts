import { afterAll, beforeAll, expect } from "bun:test";
import { busyboxArchive, busyboxMissing } from "../clients/busybox.ts";
import { type Screen, screen } from "../clients/screen.ts";
import { rootMissing, type TestEngine, testEngine } from "../support/engine.ts";
import { type Finished, type Host, machine } from "../support/host.ts";

/** Why the tests that need an engine and an image are skipped, where they are. */
export const engineMissing = rootMissing || busyboxMissing;

export interface CliEngine {
  readonly engine: TestEngine;
  inro(...words: string[]): Promise<Finished>;
  /** Standard output of a command that has to succeed and has nothing to complain about. */
  out(...words: string[]): Promise<string>;
  /** The command line in a real terminal of 30 × 100. */
  onScreen(...words: string[]): Screen;
}

/** An engine with the image `busybox`, loaded by our own command line, for all tests of the `describe` that calls it; in the machine's own network unless told otherwise. */
export function cliEngine(hostOf: () => Host | Promise<Host> = machine): CliEngine {
  let started: TestEngine | undefined;
  const own = () => started ?? expect.unreachable("the engine is there when the tests run");
  const cli: CliEngine = {
    get engine() {
      return own();
    },
    inro: (...words) => own().inro(...words),
    async out(...words) {
      const { code, stdout, stderr } = await cli.inro(...words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout;
    },
    onScreen: (...words) => screen([...own().command, ...words]),
  };
  const scope = new AsyncDisposableStack();
  beforeAll(async () => {
    started = scope.use(await testEngine(scope.use(await hostOf())));
    const loaded = await started.inroWith({ input: busyboxArchive() }, "load");
    if (loaded.code !== 0) throw new Error(`inro load: ${loaded.stderr}`);
  }, 60_000);
  afterAll(() => scope.disposeAsync(), 60_000);
  return cli;
}
