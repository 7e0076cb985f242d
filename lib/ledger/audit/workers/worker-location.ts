/** Where the scripts of threads lie. The CommonJS build has a file of its own in place of this one. */
export const workerLocation = new URL('./examine-main.js', import.meta.url);
export const verifyLocation = new URL('./verify-main.js', import.meta.url);
