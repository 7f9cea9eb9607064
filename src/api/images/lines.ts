import { gathering } from "../../platform/gathering.ts";
import { fail } from "../answer.ts";
import type { Exchange } from "../exchange.ts";
import { messageOf } from "../status.ts";
import type { ProgressLine } from "./progress.ts";

/**
 * The stream of JSON lines. Progress is news, not data: what a slow client has not taken by then is dropped. The
 * head goes out with the first line, so that a failure before it has a status of its own.
 */
export function lines(x: Exchange) {
  const begin = () => {
    if (!x.response.headersSent) x.response.writeHead(200, { "content-type": "application/json" });
  };
  const gathered = gathering((text) => x.response.write(text));
  return {
    say(line: object): void {
      begin();
      gathered.add(`${JSON.stringify(line)}\r\n`);
    },
    news(line: ProgressLine): void {
      if (!x.response.writableNeedDrain) this.say(line);
    },
    end(): void {
      begin();
      gathered.flush();
      x.response.end();
    },
    fail(error: unknown): void {
      if (x.signal.aborted) return;
      if (!x.response.headersSent) {
        fail(x.response, error);
        return;
      }
      const message = messageOf(error);
      this.say({ errorDetail: { message }, error: message });
      this.end();
    },
  };
}
