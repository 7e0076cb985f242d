// A worker thread runs JavaScript, and these tests run the TypeScript of lib/. Tests of the worker compile it first.
process.env.IMTBL_DELIVERY_WORKER ??= 'false';
