import { readInLayers } from "../../engine/files/layers.ts";
import { identify } from "../../engine/spec/user.ts";
import { InroError } from "../../oci/error.ts";
import { parseUser } from "../../oci/user.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Far more than any real one; what an image can make the engine read is bounded (R17). */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * `--chown`: names are looked up in the root below; a user's number alone is the group's, too, and a user's name alone means
 * its own group. USER_INVALID, NO_SUCH_USER, NO_SUCH_GROUP
 */
export function ownerIn(below: readonly string[], text: string): Owner {
  try {
    const { user, group } = parseUser(text);
    const whole = user !== undefined && "id" in user && group === undefined ? `${user.id}:${user.id}` : text;
    const read = (path: string) => readInLayers(below, path, MOST_BYTES) ?? "";
    const { uid, gid } = identify({
      user: whole,
      groupAdd: [],
      passwd: read("/etc/passwd"),
      group: read("/etc/group"),
    });
    return { uid, gid };
  } catch (cause) {
    if (!(cause instanceof InroError)) throw cause;
    throw new InroError(cause.code, {
      what: `cannot give what is copied to ${JSON.stringify(text)}`,
      why: cause.why,
      ...(cause.hint === undefined ? {} : { hint: cause.hint }),
      at: "--chown",
      cause,
    });
  }
}
