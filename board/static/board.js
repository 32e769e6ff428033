// The board's own script: small things that a page without it does too.
"use strict";
