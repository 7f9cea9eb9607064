import { featuresPages } from "./pages.ts";
import { prove } from "./suite/prove.ts";

prove(featuresPages);
