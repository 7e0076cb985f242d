/** Where the worker's script lies. The CommonJS build has a file of its own in place of this one. */
export const workerLocation = new URL('./examine-main.js', import.meta.url);
