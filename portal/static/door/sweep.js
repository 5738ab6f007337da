// On the page that leads to the doors: remove what this phone may no longer keep.

import { sweep } from "./kept.js";

const { account } = JSON.parse(document.getElementById("facts").textContent);
await sweep(account);
