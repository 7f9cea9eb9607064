import { connectOrStart } from "../daemon.ts";
import { session } from "../session/session.ts";
import { verb } from "../verb.ts";

/** What docker's command line runs at the other end of ssh, where DOCKER_HOST is ssh://…: the engine's socket, as it is. */
export const dialStdio = verb({
  usage: "",
  options: {},
  args: [0, 0],
  async run({ place }) {
    await session(await connectOrStart(place), { stdin: true, tty: true, detachKeys: null });
    return 0;
  },
});
