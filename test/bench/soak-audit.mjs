// Holds the ledger of a soak against what its clients and its endpoint have seen.
import { databaseSource, exitCode, openLedger, verifyLedger } from 'nestjs-immutable-log/ledger';

/** After so long a process has loaded everything it needs. */
const WARM_UP_MS = 20_000;
const LONG_LIFE_MS = 60_000;
const MOST_GROWN_MB = 48;

/** What is in the ledger, by request and by stream. */
export async function readSoaked(path) {
  const ledger = await openLedger({ path, ballastBytes: 0, logger: { log() {}, warn() {}, error() {} } });
  const found = { ids: new Set(), repeated: [], requests: new Map(), streamOfLife: new Map(), gaps: [], mixed: [] };
  for await (const { content, leaf } of ledger.entries()) {
    const { type, stream } = JSON.parse(Buffer.from(leaf).toString());
    if (type !== 'event') continue;
    const event = JSON.parse(Buffer.from(content.payload).toString());
    const meta = JSON.parse(Buffer.from(content.meta).toString());
    if (found.ids.has(event.id)) found.repeated.push(event.id);
    found.ids.add(event.id);
    if (meta.event_name === 'audit.gap') found.gaps.push(event.data);
    // Not what else happened in it: that its answer was withheld.
    const requestId = event.request?.request_id ?? '';
    const life = lifeOf(requestId);
    if (life === undefined || stream === undefined) continue;
    found.requests.set(requestId, (found.requests.get(requestId) ?? 0) + 1);
    if ((found.streamOfLife.get(life) ?? stream) !== stream) found.mixed.push(life);
    found.streamOfLife.set(life, stream);
  }
  await ledger.close();
  return found;
}

export async function verifySoaked(path) {
  const report = await verifyLedger(databaseSource(path), { content: true });
  const findings = report.findings.filter(({ severity }) => severity !== 'info');
  return { code: exitCode(report), findings: findings.map(({ code, message }) => `${code} ${message}`) };
}

/** Answered requests that have no event: those that must have one, those that a gap accounts for, and the others. */
export function missingOf(answered, { requests, streamOfLife, gaps }) {
  const missing = { durable: [], accounted: 0, unaccounted: [] };
  const byLife = new Map();
  for (const [id, status] of answered) {
    if (requests.has(id)) continue;
    if (id.startsWith('d') && status === 201) missing.durable.push(id);
    byLife.set(lifeOf(id), [...(byLife.get(lifeOf(id)) ?? []), id]);
  }
  const seen = new Set(streamOfLife.values());
  for (const [life, ids] of byLife) {
    const stream = streamOfLife.get(life);
    // A life that has nothing in the ledger has its gap under a stream that nobody else has.
    const own = gaps.filter((gap) => (stream === undefined ? !seen.has(gap.stream) : gap.stream === stream));
    const room = own.reduce((sum, { count = Infinity }) => sum + count, 0);
    if (ids.length <= room) missing.accounted += ids.length;
    else missing.unaccounted.push(`life ${life}: ${ids.length} missing, ${room} in gaps (${ids.slice(0, 3)} …)`);
  }
  return missing;
}

/** Median of the first and of the last third of each long life, in MB. */
export function memoryOf(lives) {
  return lives.flatMap(({ number, memory }) => {
    const warm = memory.filter(({ atMs }) => atMs > WARM_UP_MS);
    const lifeMs = memory.at(-1)?.atMs ?? 0;
    if (lifeMs < LONG_LIFE_MS || warm.length < 9) return [];
    const third = Math.floor(warm.length / 3);
    const [first, last] = [median(warm.slice(0, third)), median(warm.slice(-third))];
    return [{ number, seconds: Math.round(lifeMs / 1_000), first, last, isFlat: last - first < MOST_GROWN_MB }];
  });
}

function median(samples) {
  const sorted = samples.map(({ rss }) => rss / 1e6).sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)]);
}

function lifeOf(requestId) {
  const found = /^[bd](\d+)-\d+$/.exec(requestId)?.[1];
  return found === undefined ? undefined : Number(found);
}
