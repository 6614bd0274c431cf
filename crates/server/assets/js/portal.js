// What the portal's pages add where script runs; every page also works without.

import "./busy.js";
import "./copy.js";
import "./menu.js";
import "./password.js";
import "./theme.js";
import "./times.js";
