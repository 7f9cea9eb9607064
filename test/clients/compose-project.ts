import { type Files, write } from "../build/building.ts";
import type { Host } from "../support/host.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tool } from "../support/tools.ts";
import { compose2 } from "./compose-2.ts";
import type { DockerEngine } from "./docker.ts";
import { screen } from "./screen.ts";

/** One that runs until it is ended. */
interface Following extends Disposable {
  /** Waits until its standard output has this; fails after ten seconds with what is there. */
  shows(pattern: RegExp): Promise<void>;
  /** Its exit code, after a signal where one is given. */
  ended(signal?: NodeJS.Signals): Promise<number | null>;
  readonly text: string;
}

/** The project "p", in a folder of its own that goes with the scope; its containers do not. */
export function composeProject(
  it: Pick<DockerEngine<Host>, "host" | "engine" | "socket">,
  compose: string,
  files: Files = {},
) {
  const folder = temporaryFolder("compose");
  write(folder.path, { "compose.yaml": compose, ...files });
  const run = compose2(it.host, { socket: it.socket, dataRoot: it.engine.dataRoot });
  const composeWith = (env: Readonly<Record<string, string>>, ...words: string[]) =>
    run({ cwd: folder.path, env }, "-p", "p", ...words);
  const all = (...words: string[]) => composeWith({}, ...words);
  const program = tool("docker-compose-2") ?? "";
  const env = { DOCKER_HOST: `unix://${it.socket}` };
  return {
    path: folder.path,
    /** Writes files over those that are there. */
    write: (more: Files) => write(folder.path, more),
    compose: all,
    composeWith,
    /** Standard output of a command that has to succeed. */
    async ok(...words: string[]): Promise<string> {
      const { code, stdout, stderr } = await all(...words);
      if (code !== 0) throw new Error(`compose ${words.join(" ")}: ${stdout}${stderr}`);
      return stdout;
    },
    onScreen: (...words: string[]) =>
      screen([program, "--project-directory", folder.path, "-p", "p", ...words], env),
    following(...words: string[]): Following {
      const child = it.host.spawn(program, ["-p", "p", ...words], { cwd: folder.path, env });
      let text = "";
      child.stdout?.on("data", (part) => {
        text += part;
      });
      const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
      return {
        get text() {
          return text;
        },
        async shows(pattern) {
          for (let tries = 0; !pattern.test(text); tries++) {
            if (tries > 400) throw new Error(`${pattern} is not in: ${text}`);
            await Bun.sleep(25);
          }
        },
        ended(signal) {
          if (signal !== undefined) child.kill(signal);
          return ended;
        },
        [Symbol.dispose]: () => void child.kill("SIGKILL"),
      };
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}
