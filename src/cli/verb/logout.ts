import { forgetCredentials, serverOf } from "../credentials/credentials.ts";
import { out } from "../terminal/output.ts";
import { verb } from "../verb.ts";

export const logout = verb({
  usage: "[SERVER]",
  options: {},
  args: [0, 1],
  async run(_, { args: [server = ""] }) {
    const name = serverOf(server);
    const known = await forgetCredentials(server);
    out(known ? `Removing login credentials for ${name}\n` : `Not logged in to ${name}\n`);
    return 0;
  },
});
