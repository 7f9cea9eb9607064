import { configPages } from "./pages.ts";
import { prove } from "./suite/prove.ts";

prove(configPages);
