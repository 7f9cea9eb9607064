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
  return {
    say(line: object): void {
      begin();
      x.response.write(`${JSON.stringify(line)}\r\n`);
    },
    news(line: ProgressLine): void {
      if (!x.response.writableNeedDrain) this.say(line);
    },
    end(): void {
      begin();
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
      x.response.end();
    },
  };
}
