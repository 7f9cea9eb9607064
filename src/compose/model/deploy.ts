/** `deploy` and `develop` of a service (deploy.md, develop.md). */

import { environment, list, oneOrMore, texts } from "./collection.ts";
import { command } from "./command.ts";
import { always, type Kind, kept } from "./kind.ts";
import { deviceRequest } from "./limit.ts";
import { path } from "./path.ts";
import type { Deploy, Develop, Placement, Resources, UpdateConfig, Watch } from "./project.ts";
import { record } from "./record.ts";
import { anything, duration, flag, fraction, integer, oneOf, size, text } from "./scalar.ts";

const { kept: _always, ...fleeting } = duration;

const updateConfig = record<UpdateConfig>({
  parallelism: kept(integer(0)),
  delay: { ...fleeting, print: (value, form) => (value === 0 ? "" : duration.print(value, form)) },
  failure_action: oneOf("continue", "pause", "rollback"),
  monitor: { ...fleeting, print: (value, form) => (value === 0 ? "" : duration.print(value, form)) },
  max_failure_ratio: fraction,
  order: oneOf("start-first", "stop-first"),
});

const resources = record<Resources>({
  cpus: fraction,
  memory: size,
  pids: integer(-1),
  devices: list(deviceRequest),
  generic_resources: anything,
});

export const deploy: Kind<Deploy> = record<Deploy>({
  mode: oneOf("replicated", "global", "replicated-job", "global-job"),
  replicas: kept(integer(0)),
  labels: texts,
  update_config: updateConfig,
  rollback_config: updateConfig,
  resources: always(record<NonNullable<Deploy["resources"]>>({ limits: resources, reservations: resources })),
  restart_policy: record<NonNullable<Deploy["restart_policy"]>>({
    condition: oneOf("none", "on-failure", "any"),
    delay: duration,
    max_attempts: kept(integer(0)),
    window: duration,
  }),
  placement: always(
    record<Placement>({
      constraints: list(text),
      preferences: list(record<{ spread?: string }>({ spread: text })),
      max_replicas_per_node: integer(0),
    }),
  ),
  endpoint_mode: text,
});

const watch = record<Watch>({
  path,
  action: oneOf("rebuild", "sync", "restart", "sync+restart", "sync+exec"),
  target: text,
  exec: {
    ...always(
      record<NonNullable<Watch["exec"]>>({
        command,
        user: text,
        privileged: flag,
        working_dir: text,
        environment,
      }),
    ),
    absent: new Map([["command", null]]),
  },
  ignore: oneOrMore(text),
  include: oneOrMore(text),
  initial_sync: flag,
});

export const develop: Kind<Develop> = record<Develop>({ watch: list(watch) });
