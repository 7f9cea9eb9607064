import { linuxPages } from "./pages.ts";
import { prove } from "./suite/prove.ts";

prove(linuxPages);
