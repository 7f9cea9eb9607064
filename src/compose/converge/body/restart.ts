import type { Service } from "../../model/project.ts";

/** deploy.md, "condition": what it is called for containers. */
const CONDITIONS: Readonly<Record<string, string>> = {
  any: "always",
  "on-failure": "on-failure",
  none: "no",
};

/** `restart: on-failure:3`; deploy's `restart_policy` wins over it. */
export function restartPolicy({ restart, deploy }: Service): Record<string, unknown> | undefined {
  const policy = deploy?.restart_policy;
  if (policy !== undefined) {
    const { condition = "any", max_attempts: attempts } = policy;
    const name = CONDITIONS[condition] ?? condition;
    return named(name, name === "on-failure" ? attempts : undefined);
  }
  if (restart === undefined) return undefined;
  const [name = "no", attempts] = restart.split(":");
  return named(name, attempts === undefined ? undefined : Number(attempts));
}

const named = (name: string, attempts: number | undefined) => ({
  Name: name,
  ...(attempts === undefined ? {} : { MaximumRetryCount: attempts }),
});
