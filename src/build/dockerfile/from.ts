import { common } from "./common.ts";
import { flagsOf } from "./flags.ts";
import type { From } from "./instruction.ts";
import { refuse, type Statement, wordOf } from "./statement.ts";
import type { Word } from "./word.ts";
import { wordsOf } from "./words.ts";

const stageName = /^[a-z][a-z0-9._-]*$/;

export function parseFrom(statement: Statement): From {
  const { platform } = flagsOf(statement, { platform: "text" });
  const [image, as, name, ...more] = wordsOf(statement);
  const isNamed = as?.raw.toLowerCase() === "as" && name !== undefined && more.length === 0;
  if (image === undefined || (as !== undefined && !isNamed))
    refuse(
      statement,
      "FROM requires either one or three arguments",
      image === undefined ? undefined : wordOf(statement, statement.rest).location,
      "FROM image [AS name]",
    );
  return {
    image,
    ...(platform === undefined ? {} : { platform }),
    ...(isNamed ? { name: checkedName(statement, name), alias: { as, name } } : {}),
    ...common(statement),
    comments: statement.line.comments,
  };
}

function checkedName(statement: Statement, { raw, location }: Word): string {
  const name = raw.toLowerCase();
  if (!stageName.test(name))
    refuse(
      statement,
      `invalid name for build stage: ${JSON.stringify(raw)}, name can't start with a number or contain symbols`,
      location,
    );
  return name;
}
