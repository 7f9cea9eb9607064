import { buildRoutes } from "./build/build.ts";
import { archiveRoutes } from "./containers/archive.ts";
import { execRoutes } from "./containers/exec.ts";
import { lifeRoutes } from "./containers/life.ts";
import { lookRoutes } from "./containers/look.ts";
import { statsRoutes } from "./containers/stats.ts";
import { streamRoutes } from "./containers/streams.ts";
import { editRoutes } from "./edit.ts";
import { eventRoutes } from "./events.ts";
import type { Route } from "./exchange.ts";
import { explainRoutes } from "./explain.ts";
import { imageRoutes } from "./images/images.ts";
import { networkRoutes } from "./networks.ts";
import { portRoutes } from "./ports.ts";
import { swarmRoutes } from "./swarm.ts";
import { checkRoutes } from "./system/check.ts";
import { usageRoutes } from "./system/df.ts";
import { systemRoutes } from "./system/system.ts";
import { volumeRoutes } from "./volumes.ts";

/** Every resource of the API. */
export const routes: readonly Route[] = [
  ...lifeRoutes,
  ...lookRoutes,
  ...streamRoutes,
  ...statsRoutes,
  ...archiveRoutes,
  ...execRoutes,
  ...imageRoutes,
  ...buildRoutes,
  ...volumeRoutes,
  ...networkRoutes,
  ...eventRoutes,
  ...systemRoutes,
  ...checkRoutes,
  ...usageRoutes,
  ...explainRoutes,
  ...portRoutes,
  ...editRoutes,
  ...swarmRoutes,
];
