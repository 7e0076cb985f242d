import type { PlainSinkInput } from './worker-protocol.js';

/** More than there can be untold. */
const ROOM_FOR_GAPS = 256;

/**
 * The worker's part of what a sink is made from. The limit of events is kept on the other side; what tells of lost
 * events comes on top of it, and must not be lost itself.
 */
export function withRoomForGaps(input: PlainSinkInput): PlainSinkInput {
  const { delivery } = input;
  return { ...input, delivery: { ...delivery, maxBufferedEvents: delivery.maxBufferedEvents + ROOM_FOR_GAPS } };
}
