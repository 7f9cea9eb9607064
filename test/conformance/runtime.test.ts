import { runtimePages } from "./pages.ts";
import { prove } from "./suite/prove.ts";

prove(runtimePages);
